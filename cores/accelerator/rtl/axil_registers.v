`resetall
`default_nettype none

/*
 * The accelerator's registers (cores/registers/accelerator.rdl) behind an AXI4-Lite slave. Unused addresses read as zero.
 *
 * What is read is a register's value two cycles after its address was taken; of a counter the upper half is kept then, in the
 * cycle after, in which it belongs to the lower one, until the next read of a lower half.
 */
module axil_registers #(
    // Words of constant registers, see accelerator.rdl
    parameter [31:0] ARRAY      = 32'd0,
    parameter [31:0] ACT_DEPTH  = 32'd0,
    parameter [31:0] ACC_DEPTH  = 32'd0,
    parameter [31:0] DEPTHS     = 32'd0,
    parameter [31:0] FORMAT     = 32'd0,
    parameter [31:0] BUILD_HASH = 32'd0,
    parameter [31:0] POSTPROC   = 32'd0,
    parameter [31:0] STYLE      = 32'd0,
    parameter [15:0] LOG_DEPTH  = 16'd0,
    // Number of 64-bit counters
    parameter COUNTERS = 9,
    // Number of words in an entry of the log
    parameter LOG_WORDS = 6
) (
    input  wire                    clk,
    input  wire                    rst,

    input  wire [11:0]             s_axil_awaddr,
    input  wire [2:0]              s_axil_awprot,
    input  wire                    s_axil_awvalid,
    output wire                    s_axil_awready,
    input  wire [31:0]             s_axil_wdata,
    input  wire [3:0]              s_axil_wstrb,
    input  wire                    s_axil_wvalid,
    output wire                    s_axil_wready,
    output wire [1:0]              s_axil_bresp,
    output wire                    s_axil_bvalid,
    input  wire                    s_axil_bready,
    input  wire [11:0]             s_axil_araddr,
    input  wire [2:0]              s_axil_arprot,
    input  wire                    s_axil_arvalid,
    output wire                    s_axil_arready,
    output wire [31:0]             s_axil_rdata,
    output wire [1:0]              s_axil_rresp,
    output wire                    s_axil_rvalid,
    input  wire                    s_axil_rready,

    output wire                    soft_reset,
    output wire                    irq,
    input  wire                    event_done,
    input  wire                    event_error,
    input  wire [31:0]             status,
    input  wire [31:0]             error,
    input  wire [31:0]             command,
    input  wire [31:0]             program_id,
    // Halves of the counters: the upper one in a cycle belongs to the lower one in the cycle before
    input  wire [COUNTERS*32-1:0]  counters_low,
    input  wire [COUNTERS*32-1:0]  counters_high,
    input  wire [15:0]             log_count,
    output wire [15:0]             log_index,
    input  wire [LOG_WORDS*32-1:0] log_entry
);

`include "accelerator_registers.vh"

localparam INDEX_W    = $clog2(COUNTERS);
localparam LOG_WORD_W = $clog2(LOG_WORDS);

wire        wr_en, rd_en;
wire [9:0]  wr_word, rd_word;
wire [31:0] wr_data;
wire [3:0]  wr_strb;
wire [31:0] rd_data;

axil_slave #(.ADDR_W(12), .RD_CYCLES(2)) slave (
    .clk(clk), .rst(rst),
    .s_axil_awaddr(s_axil_awaddr), .s_axil_awvalid(s_axil_awvalid), .s_axil_awready(s_axil_awready),
    .s_axil_wdata(s_axil_wdata), .s_axil_wstrb(s_axil_wstrb), .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready),
    .s_axil_bresp(s_axil_bresp), .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready),
    .s_axil_araddr(s_axil_araddr), .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready),
    .s_axil_rdata(s_axil_rdata), .s_axil_rresp(s_axil_rresp), .s_axil_rvalid(s_axil_rvalid), .s_axil_rready(s_axil_rready),
    .wr_en(wr_en), .wr_word(wr_word), .wr_data(wr_data), .wr_strb(wr_strb),
    .rd_en(rd_en), .rd_word(rd_word), .rd_data(rd_data)
);

// ---- write
reg         soft_reset_reg;
reg         irq_enable_reg;
reg  [1:0]  irq_status_reg;     // error, done
reg         irq_reg;
reg  [15:0] log_index_reg;
wire [11:0] wr_addr = {wr_word, 2'b00};
wire        wr_byte = wr_en && wr_strb[0];

assign soft_reset = soft_reset_reg;
assign irq        = irq_reg;
assign log_index  = log_index_reg;

always @(posedge clk) begin
    soft_reset_reg <= wr_byte && wr_addr == REG_CONTROL && wr_data[0];
    irq_status_reg <= (irq_status_reg & ~(wr_byte && wr_addr == REG_IRQ_STATUS ? wr_data[1:0] : 2'b00)) | {event_error, event_done};
    irq_reg        <= irq_enable_reg && irq_status_reg != 2'b00;
    if (wr_byte && wr_addr == REG_CONTROL) irq_enable_reg <= wr_data[1];
    if (wr_byte && wr_strb[1] && wr_addr == REG_LOG_INDEX) log_index_reg <= wr_data[15:0];
    if (rst) begin
        soft_reset_reg <= 1'b0;
        irq_status_reg <= 2'b00;
        irq_reg        <= 1'b0;
        irq_enable_reg <= 1'b0;
        log_index_reg  <= 16'd0;
    end
end

// ---- read: which word, a register for each kind of word, then one of them
reg  [INDEX_W-1:0]      counter_reg;
reg  [LOG_WORD_W-1:0]   log_word_reg;
reg  [LOG_WORDS*32-1:0] entry_reg;      // the way from the log's memory is long
reg  [31:0] word_reg;           // zero for the other kinds
reg  [31:0] low_reg;
reg  [31:0] high_reg;           // upper half of the counter whose lower half was read last
reg  [31:0] log_reg;
reg         is_low_reg;
reg         is_high_reg;
reg         is_log_reg;
reg  [1:0]  low_read_reg;       // a lower half is read in this cycle, was in the one before
wire [11:0] rd_addr        = {rd_word, 2'b00};
wire [11:0] counter_offset = rd_addr - REG_CYCLES;
wire        is_counter     = counter_offset < COUNTERS * 8;
wire        is_low         = is_counter && !counter_offset[2];
wire [11:0] log_offset     = rd_addr - REG_LOG_CYCLES;
wire        is_log         = log_offset < LOG_WORDS * 4;

assign rd_data = word_reg | (low_reg & {32{is_low_reg}}) | (high_reg & {32{is_high_reg}}) | (log_reg & {32{is_log_reg}});

always @(posedge clk) begin
    case (rd_addr)
        REG_ID:         word_reg <= REG_ID_RESET;
        REG_VERSION:    word_reg <= REG_VERSION_RESET;
        REG_ARRAY:      word_reg <= ARRAY;
        REG_ACT_DEPTH:  word_reg <= ACT_DEPTH;
        REG_ACC_DEPTH:  word_reg <= ACC_DEPTH;
        REG_DEPTHS:     word_reg <= DEPTHS;
        REG_FORMAT:     word_reg <= FORMAT;
        REG_BUILD_HASH: word_reg <= BUILD_HASH;
        REG_CONTROL:    word_reg <= {30'd0, irq_enable_reg, 1'b0};
        REG_STATUS:     word_reg <= status;
        REG_ERROR:      word_reg <= error;
        REG_COMMAND:    word_reg <= command;
        REG_PROGRAM:    word_reg <= program_id;
        REG_IRQ_STATUS: word_reg <= {30'd0, irq_status_reg};
        REG_POSTPROC:   word_reg <= POSTPROC;
        REG_STYLE:      word_reg <= STYLE;
        REG_LOG:        word_reg <= {LOG_DEPTH, log_count};
        REG_LOG_INDEX:  word_reg <= {16'd0, log_index_reg};
        default:        word_reg <= 32'd0;
    endcase
    counter_reg  <= counter_offset[3 +: INDEX_W];
    log_word_reg <= log_offset[2 +: LOG_WORD_W];
    entry_reg    <= log_entry;
    low_reg      <= counters_low[counter_reg*32 +: 32];
    log_reg      <= entry_reg[log_word_reg*32 +: 32];
    is_low_reg   <= is_low;
    is_high_reg  <= is_counter && !is_low;
    is_log_reg   <= is_log;
    low_read_reg <= {low_read_reg[0], rd_en && is_low};
    if (low_read_reg[1]) high_reg <= counters_high[counter_reg*32 +: 32];
end

wire unused_ok = &{1'b0, s_axil_awprot, s_axil_arprot, wr_strb[3:2], wr_data[31:16]};

endmodule

`resetall
