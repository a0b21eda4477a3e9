`resetall
`default_nettype none

/*
 * AXI4-Lite slave with the registers of the accelerator (cores/registers/accelerator.rdl). Unused addresses read as zero.
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
    parameter [15:0] LOG_DEPTH  = 16'd0,
    // Number of 64-bit counters
    parameter COUNTERS = 9,
    // Number of words in an entry of the log
    parameter LOG_WORDS = 6
) (
    input  wire                   clk,
    input  wire                   rst,

    input  wire [11:0]            s_axil_awaddr,
    input  wire [2:0]             s_axil_awprot,
    input  wire                   s_axil_awvalid,
    output wire                   s_axil_awready,
    input  wire [31:0]            s_axil_wdata,
    input  wire [3:0]             s_axil_wstrb,
    input  wire                   s_axil_wvalid,
    output wire                   s_axil_wready,
    output wire [1:0]             s_axil_bresp,
    output wire                   s_axil_bvalid,
    input  wire                   s_axil_bready,
    input  wire [11:0]            s_axil_araddr,
    input  wire [2:0]             s_axil_arprot,
    input  wire                   s_axil_arvalid,
    output wire                   s_axil_arready,
    output wire [31:0]            s_axil_rdata,
    output wire [1:0]             s_axil_rresp,
    output wire                   s_axil_rvalid,
    input  wire                   s_axil_rready,

    output wire                   soft_reset,
    output wire                   irq,
    input  wire                   event_done,
    input  wire                   event_error,
    input  wire [31:0]            status,
    input  wire [31:0]            error,
    input  wire [31:0]            command,
    input  wire [31:0]            program_id,
    input  wire [COUNTERS*64-1:0] counters,
    input  wire [15:0]            log_count,
    output wire [15:0]            log_index,
    input  wire [LOG_WORDS*32-1:0] log_entry
);

`include "accelerator_registers.vh"

localparam INDEX_W = $clog2(COUNTERS);
localparam LOG_WORD_W = $clog2(LOG_WORDS);

reg        soft_reset_reg;
reg        irq_enable_reg;
reg [1:0]  irq_status_reg;      // error, done
reg        irq_reg;
reg [15:0] log_index_reg;

assign log_index  = log_index_reg;
assign soft_reset = soft_reset_reg;
assign irq        = irq_reg;

// ---- write channel: address and data are taken together
reg  wready_reg;
reg  bvalid_reg;
wire write = wready_reg;

assign s_axil_awready = wready_reg;
assign s_axil_wready  = wready_reg;
assign s_axil_bresp   = 2'b00;
assign s_axil_bvalid  = bvalid_reg;

wire [11:0] write_addr = {s_axil_awaddr[11:2], 2'b00};

always @(posedge clk) begin
    wready_reg     <= s_axil_awvalid && s_axil_wvalid && !wready_reg && !(bvalid_reg && !s_axil_bready);
    bvalid_reg     <= write || (bvalid_reg && !s_axil_bready);
    soft_reset_reg <= 1'b0;
    irq_status_reg <= irq_status_reg | {event_error, event_done};
    irq_reg        <= irq_enable_reg && irq_status_reg != 2'b00;
    if (write && s_axil_wstrb[0]) begin
        case (write_addr)
            REG_CONTROL: begin
                soft_reset_reg <= s_axil_wdata[0];
                irq_enable_reg <= s_axil_wdata[1];
            end
            REG_IRQ_STATUS: irq_status_reg <= (irq_status_reg & ~s_axil_wdata[1:0]) | {event_error, event_done};
            default: ;
        endcase
    end
    if (write && write_addr == REG_LOG_INDEX && s_axil_wstrb[1:0] == 2'b11) log_index_reg <= s_axil_wdata[15:0];
    if (rst) begin
        log_index_reg  <= 16'd0;
        wready_reg     <= 1'b0;
        bvalid_reg     <= 1'b0;
        soft_reset_reg <= 1'b0;
        irq_enable_reg <= 1'b0;
        irq_status_reg <= 2'b00;
        irq_reg        <= 1'b0;
    end
end

// ---- read channel
reg         arready_reg;
reg         rvalid_reg;
reg  [31:0] rdata_reg;
reg  [31:0] high_reg;           // high word of the counter whose low word was read last
wire        read      = arready_reg;
wire [11:0] read_addr = {s_axil_araddr[11:2], 2'b00};
wire [11:0] counter_offset = read_addr - REG_CYCLES;
wire        is_counter = counter_offset < COUNTERS * 8;
wire [63:0] counter    = counters[counter_offset[3 +: INDEX_W]*64 +: 64];
wire [11:0] log_offset = read_addr - REG_LOG_CYCLES;
wire        is_log     = log_offset < LOG_WORDS * 4;
wire [31:0] log_word   = log_entry[log_offset[2 +: LOG_WORD_W]*32 +: 32];

assign s_axil_arready = arready_reg;
assign s_axil_rdata   = rdata_reg;
assign s_axil_rresp   = 2'b00;
assign s_axil_rvalid  = rvalid_reg;

always @(posedge clk) begin
    arready_reg <= s_axil_arvalid && !arready_reg && !(rvalid_reg && !s_axil_rready);
    rvalid_reg  <= read || (rvalid_reg && !s_axil_rready);
    if (rst) begin
        arready_reg <= 1'b0;
        rvalid_reg  <= 1'b0;
    end
end

always @(posedge clk) begin
    if (read) begin
        case (read_addr)
            REG_ID:         rdata_reg <= REG_ID_RESET;
            REG_VERSION:    rdata_reg <= REG_VERSION_RESET;
            REG_ARRAY:      rdata_reg <= ARRAY;
            REG_ACT_DEPTH:  rdata_reg <= ACT_DEPTH;
            REG_ACC_DEPTH:  rdata_reg <= ACC_DEPTH;
            REG_DEPTHS:     rdata_reg <= DEPTHS;
            REG_FORMAT:     rdata_reg <= FORMAT;
            REG_BUILD_HASH: rdata_reg <= BUILD_HASH;
            REG_CONTROL:    rdata_reg <= {30'd0, irq_enable_reg, 1'b0};
            REG_STATUS:     rdata_reg <= status;
            REG_ERROR:      rdata_reg <= error;
            REG_COMMAND:    rdata_reg <= command;
            REG_PROGRAM:    rdata_reg <= program_id;
            REG_IRQ_STATUS: rdata_reg <= {30'd0, irq_status_reg};
            REG_POSTPROC:   rdata_reg <= POSTPROC;
            REG_LOG:        rdata_reg <= {LOG_DEPTH, log_count};
            REG_LOG_INDEX:  rdata_reg <= {16'd0, log_index_reg};
            default:        rdata_reg <= is_log ? log_word : !is_counter ? 32'd0 : counter_offset[2] ? high_reg : counter[31:0];
        endcase
        if (is_counter && !counter_offset[2]) high_reg <= counter[63:32];
    end
end

wire unused_ok = &{1'b0, s_axil_awprot, s_axil_arprot, s_axil_awaddr[1:0], s_axil_araddr[1:0], s_axil_wstrb[3:2],
                   s_axil_wdata[31:16]};

endmodule

`resetall
