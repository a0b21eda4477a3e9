`resetall
`default_nettype none

/*
 * Properties of axil_registers: the rules of its port; interrupt causes, enable, soft reset and the log's index follow the
 * writes, byte strobes looked at; an event in the cycle of its clear stays; a counter's high word is the one of the moment
 * when its low word was read, whatever is read in between.
 */
module axil_access (
    input wire         clk,
    input wire         rst,
    input wire [11:0]  awaddr,
    input wire         awvalid,
    input wire [31:0]  wdata,
    input wire [3:0]   wstrb,
    input wire         wvalid,
    input wire         bready,
    input wire [11:0]  araddr,
    input wire         arvalid,
    input wire         rready,
    input wire         event_done,
    input wire         event_error,
    input wire [31:0]  status,
    input wire [31:0]  program_id,
    input wire [127:0] counters
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
    .status(status), .error(32'd0), .command(32'd0), .program_id(program_id), .counters(counters),
    .log_count(16'd0), .log_index(log_index), .log_entry(64'd0)
);

axil_rules #(.ADDR_W(12)) rules (
    .clk(clk), .rst(rst),
    .awaddr(awaddr), .awvalid(awvalid), .awready(awready), .wpayload({wstrb, wdata}), .wvalid(wvalid), .wready(wready),
    .bresp(bresp), .bvalid(bvalid), .bready(bready), .araddr(araddr), .arvalid(arvalid), .arready(arready),
    .rdata(rdata), .rresp(rresp), .rvalid(rvalid), .rready(rready)
);

// The registers, told step by step. Address and data are taken together.
reg         started_reg = 1'b0;
reg         enable_reg;
reg [1:0]   causes_reg;
reg [15:0]  index_reg;
reg [31:0]  high_reg;
reg         high_known_reg;
wire        write = awvalid && awready;
wire        read  = arvalid && arready;
wire [11:0] wr    = {awaddr[11:2], 2'b00};
wire [11:0] rd    = {araddr[11:2], 2'b00};
wire        low   = rd == REG_CYCLES || rd == REG_CYCLES + 12'd8;
wire        high  = rd == REG_CYCLES + 12'd4 || rd == REG_CYCLES + 12'd12;

always @(posedge clk) begin
    started_reg <= 1'b1;
    causes_reg  <= causes_reg | {event_error, event_done};
    if (write && wstrb[0] && wr == REG_CONTROL) enable_reg <= wdata[1];
    if (write && wstrb[0] && wr == REG_IRQ_STATUS)
        causes_reg <= (causes_reg & ~wdata[1:0]) | {event_error, event_done};
    if (write && wstrb[1:0] == 2'b11 && wr == REG_LOG_INDEX) index_reg <= wdata[15:0];
    if (read && low) begin
        high_reg       <= rd[3] ? counters[127:96] : counters[63:32];
        high_known_reg <= 1'b1;
    end
    if (rst) begin
        enable_reg     <= 1'b0;
        causes_reg     <= 2'b00;
        index_reg      <= 16'd0;
        high_known_reg <= 1'b0;
    end
end

always @* begin
    assume (rst == !started_reg);
    if (started_reg) begin
        assert (write == (wvalid && wready));
        assert (log_index == index_reg);
    end
end

always @(posedge clk) begin
    if (started_reg && $past(started_reg)) begin
        assert (irq == $past(enable_reg && causes_reg != 0));
        assert (soft_reset == $past(write && wstrb[0] && wr == REG_CONTROL && wdata[0]));
        if ($past(read)) begin
            if ($past(rd) == REG_ID) assert (rdata == REG_ID_RESET);
            if ($past(rd) == REG_CONTROL) assert (rdata == {30'd0, $past(enable_reg), 1'b0});
            if ($past(rd) == REG_IRQ_STATUS) assert (rdata == {30'd0, $past(causes_reg)});
            if ($past(rd) == REG_STATUS) assert (rdata == $past(status));
            if ($past(rd) == REG_PROGRAM) assert (rdata == $past(program_id));
            if ($past(rd) == REG_CYCLES) assert (rdata == $past(counters[31:0]));
            if ($past(rd) == REG_CYCLES + 12'd8) assert (rdata == $past(counters[95:64]));
            if ($past(high && high_known_reg)) assert (rdata == $past(high_reg));
            if ($past(rd) >= REG_CYCLES + 12'd16) assert (rdata == 32'd0);
        end
        cover ($past(read && high && high_known_reg));
    end
end

endmodule

`resetall
