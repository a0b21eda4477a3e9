`resetall
`default_nettype none

/*
 * Properties of axil_registers: the rules of its port; interrupt causes, enable, soft reset and the log's index follow the
 * writes, byte strobes looked at; an event in the cycle of its clear stays; a counter's high word is the one of the moment
 * after its low word was read, whatever is read in between.
 */
module axil_access (
    input wire        clk,
    input wire        rst,
    input wire [11:0] awaddr,
    input wire        awvalid,
    input wire [31:0] wdata,
    input wire [3:0]  wstrb,
    input wire        wvalid,
    input wire        bready,
    input wire [11:0] araddr,
    input wire        arvalid,
    input wire        rready,
    input wire        event_done,
    input wire        event_error,
    input wire [31:0] status,
    input wire [31:0] program_id,
    input wire [63:0] counters_low,
    input wire [63:0] counters_high
);

`include "accelerator_registers.vh"

wire        awready, wready, bvalid, arready, rvalid, soft_reset, irq;
wire [1:0]  bresp, rresp;
wire [31:0] rdata;
wire [15:0] log_index;

axil_registers dut (
    .clk(clk), .rst(rst),
    .s_axil_awaddr(awaddr), .s_axil_awprot(3'd0), .s_axil_awvalid(awvalid), .s_axil_awready(awready),
    .s_axil_wdata(wdata), .s_axil_wstrb(wstrb), .s_axil_wvalid(wvalid), .s_axil_wready(wready),
    .s_axil_bresp(bresp), .s_axil_bvalid(bvalid), .s_axil_bready(bready),
    .s_axil_araddr(araddr), .s_axil_arprot(3'd0), .s_axil_arvalid(arvalid), .s_axil_arready(arready),
    .s_axil_rdata(rdata), .s_axil_rresp(rresp), .s_axil_rvalid(rvalid), .s_axil_rready(rready),
    .soft_reset(soft_reset), .irq(irq), .event_done(event_done), .event_error(event_error),
    .status(status), .error(32'd0), .command(32'd0), .program_id(program_id), .counters_low(counters_low), .counters_high(counters_high),
    .log_count(16'd0), .log_index(log_index), .log_entry(64'd0)
);

axil_rules #(.ADDR_W(12)) rules (
    .clk(clk), .rst(rst),
    .awaddr(awaddr), .awvalid(awvalid), .awready(awready), .wpayload({wstrb, wdata}), .wvalid(wvalid), .wready(wready),
    .bresp(bresp), .bvalid(bvalid), .bready(bready), .araddr(araddr), .arvalid(arvalid), .arready(arready),
    .rdata(rdata), .rresp(rresp), .rvalid(rvalid), .rready(rready)
);

// The registers, told step by step: a write acts a cycle after it was taken, a read looks two cycles after its address was taken
reg         started_reg = 1'b0;
reg         enable_reg;
reg [1:0]   causes_reg;
reg [15:0]  index_reg;
reg [31:0]  high_reg;
reg         high_known_reg;
reg         write_reg, asked_reg, read_reg, look_reg;      // look: in the cycle after read
reg [11:0]  wr_reg, rd_reg;
reg [31:0]  wdata_reg;
reg [3:0]   wstrb_reg;
reg [31:0]  expected_reg;
reg         checked_reg;
wire        low  = rd_reg == REG_CYCLES || rd_reg == REG_CYCLES + 12'd8;
wire        high = rd_reg == REG_CYCLES + 12'd4 || rd_reg == REG_CYCLES + 12'd12;

always @(posedge clk) begin
    started_reg <= 1'b1;
    write_reg   <= awvalid && awready;
    asked_reg   <= arvalid && arready;
    read_reg    <= asked_reg;
    look_reg    <= read_reg;
    if (awvalid && awready) begin
        wr_reg    <= {awaddr[11:2], 2'b00};
        wdata_reg <= wdata;
        wstrb_reg <= wstrb;
    end
    if (arvalid && arready) rd_reg <= {araddr[11:2], 2'b00};
    causes_reg  <= causes_reg | {event_error, event_done};
    if (write_reg && wstrb_reg[0] && wr_reg == REG_CONTROL) enable_reg <= wdata_reg[1];
    if (write_reg && wstrb_reg[0] && wr_reg == REG_IRQ_STATUS)
        causes_reg <= (causes_reg & ~wdata_reg[1:0]) | {event_error, event_done};
    if (write_reg && wstrb_reg[1:0] == 2'b11 && wr_reg == REG_LOG_INDEX) index_reg <= wdata_reg[15:0];
    if (look_reg && low) begin
        high_reg       <= rd_reg[3] ? counters_high[63:32] : counters_high[31:0];
        high_known_reg <= 1'b1;
    end
    if (read_reg) begin
        checked_reg <= 1'b1;
        case (rd_reg)
            REG_ID:             expected_reg <= REG_ID_RESET;
            REG_CONTROL:        expected_reg <= {30'd0, enable_reg, 1'b0};
            REG_IRQ_STATUS:     expected_reg <= {30'd0, causes_reg};
            REG_STATUS:         expected_reg <= status;
            REG_PROGRAM:        expected_reg <= program_id;
            REG_LOG_INDEX:      expected_reg <= {16'd0, index_reg};
            REG_CYCLES:         expected_reg <= counters_low[31:0];
            REG_CYCLES + 12'd8: expected_reg <= counters_low[63:32];
            default: begin
                expected_reg <= high ? high_reg : 32'd0;
                checked_reg  <= high ? high_known_reg : rd_reg >= REG_CYCLES + 12'd16;
            end
        endcase
    end
    if (rst) begin
        {write_reg, asked_reg, read_reg, look_reg} <= 4'b0000;
        enable_reg     <= 1'b0;
        causes_reg     <= 2'b00;
        index_reg      <= 16'd0;
        high_known_reg <= 1'b0;
    end
end

always @* begin
    assume (rst == !started_reg);
    if (started_reg) begin
        assert (log_index == index_reg);
        if (rvalid && checked_reg) assert (rdata == expected_reg);
        cover (rvalid && checked_reg && high);
    end
end

always @(posedge clk) begin
    if (started_reg && $past(started_reg)) begin
        assert (irq == $past(enable_reg && causes_reg != 0));
        assert (soft_reset == $past(write_reg && wstrb_reg[0] && wr_reg == REG_CONTROL && wdata_reg[0]));
    end
end

endmodule

`resetall
