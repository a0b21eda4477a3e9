`resetall
`default_nettype none

/*
 * Properties of axi_intc: the rules of its port; what is written to IER is read from it, and nothing beyond the registers is.
 */
module intc_access (
    input wire        clk,
    input wire        rst,
    input wire [8:0]  awaddr,
    input wire        awvalid,
    input wire [31:0] wdata,
    input wire        wvalid,
    input wire        bready,
    input wire [8:0]  araddr,
    input wire        arvalid,
    input wire        rready,
    input wire [1:0]  intr
);

wire        awready, wready, bvalid, arready, rvalid, irq;
wire [1:0]  bresp, rresp;
wire [31:0] rdata;

axi_intc dut (
    .s_axi_aclk(clk), .s_axi_aresetn(!rst),
    .s_axi_awaddr(awaddr), .s_axi_awvalid(awvalid), .s_axi_awready(awready),
    .s_axi_wdata(wdata), .s_axi_wvalid(wvalid), .s_axi_wready(wready),
    .s_axi_bresp(bresp), .s_axi_bvalid(bvalid), .s_axi_bready(bready),
    .s_axi_araddr(araddr), .s_axi_arvalid(arvalid), .s_axi_arready(arready),
    .s_axi_rdata(rdata), .s_axi_rresp(rresp), .s_axi_rvalid(rvalid), .s_axi_rready(rready),
    .intr(intr), .irq(irq)
);

// Its reset is registered: one cycle more
reg [1:0] started_reg = 2'd0;
wire      in_reset = started_reg != 2'd2;

axil_rules #(.ADDR_W(9)) rules (
    .clk(clk), .rst(in_reset),
    .awaddr(awaddr), .awvalid(awvalid), .awready(awready), .wpayload({4'd0, wdata}), .wvalid(wvalid), .wready(wready),
    .bresp(bresp), .bvalid(bvalid), .bready(bready), .araddr(araddr), .arvalid(arvalid), .arready(arready),
    .rdata(rdata), .rresp(rresp), .rvalid(rvalid), .rready(rready)
);

localparam [6:0] IER = 7'd2, SIE = 7'd4, CIE = 7'd5;

reg [1:0] enable_reg;
reg [1:0] read_reg;             // IER, and the word, when the read was taken
reg [6:0] word_reg;
wire      write = awvalid && awready;

always @(posedge clk) begin
    if (in_reset) started_reg <= started_reg + 1'b1;
    if (write && awaddr[8:2] == IER) enable_reg <= wdata[1:0];
    if (write && awaddr[8:2] == SIE) enable_reg <= enable_reg | wdata[1:0];
    if (write && awaddr[8:2] == CIE) enable_reg <= enable_reg & ~wdata[1:0];
    if (arvalid && arready) begin
        read_reg <= enable_reg;
        word_reg <= araddr[8:2];
    end
    if (in_reset) enable_reg <= 2'b00;
end

always @* begin
    assume (rst == (started_reg == 2'd0));
    assume (!(in_reset && (awvalid || wvalid || arvalid)));
    if (!in_reset) assert (write == (wvalid && wready));
    if (!in_reset && rvalid) begin
        if (word_reg == IER) assert (rdata == {30'd0, read_reg});
        if (word_reg[6:3] != 0) assert (rdata == 32'd0);
    end
end

endmodule

`resetall
