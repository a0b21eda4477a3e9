`resetall
`default_nettype none

/*
 * Properties of axil_slave: the rules of its port; each write is given to the registers once, with its word, data and strobes, in
 * the cycle in which its answer begins; a read asks once, two cycles or more after its address came,
 * and brings what the registers showed RD_CYCLES after.
 */
module axil_access (
    input wire        clk,
    input wire        rst,
    input wire [4:0]  awaddr,
    input wire        awvalid,
    input wire [31:0] wdata,
    input wire [3:0]  wstrb,
    input wire        wvalid,
    input wire        bready,
    input wire [4:0]  araddr,
    input wire        arvalid,
    input wire        rready,
    input wire [31:0] rd_data
);

wire        awready, wready, bvalid, arready, rvalid, wr_en, rd_en;
wire [1:0]  bresp, rresp;
wire [2:0]  wr_word, rd_word;
wire [3:0]  wr_strb;
wire [31:0] rdata, wr_data;

axil_slave dut (
    .clk(clk), .rst(rst),
    .s_axil_awaddr(awaddr), .s_axil_awvalid(awvalid), .s_axil_awready(awready),
    .s_axil_wdata(wdata), .s_axil_wstrb(wstrb), .s_axil_wvalid(wvalid), .s_axil_wready(wready),
    .s_axil_bresp(bresp), .s_axil_bvalid(bvalid), .s_axil_bready(bready),
    .s_axil_araddr(araddr), .s_axil_arvalid(arvalid), .s_axil_arready(arready),
    .s_axil_rdata(rdata), .s_axil_rresp(rresp), .s_axil_rvalid(rvalid), .s_axil_rready(rready),
    .wr_en(wr_en), .wr_word(wr_word), .wr_data(wr_data), .wr_strb(wr_strb),
    .rd_en(rd_en), .rd_word(rd_word), .rd_data(rd_data)
);

axil_rules #(.ADDR_W(5)) rules (
    .clk(clk), .rst(rst),
    .awaddr(awaddr), .awvalid(awvalid), .awready(awready), .wpayload({wstrb, wdata}), .wvalid(wvalid), .wready(wready),
    .bresp(bresp), .bvalid(bvalid), .bready(bready), .araddr(araddr), .arvalid(arvalid), .arready(arready),
    .rdata(rdata), .rresp(rresp), .rvalid(rvalid), .rready(rready)
);

reg  started_reg = 1'b0;
reg  b_before_reg;              // the answer has been there for a cycle
reg  read_before_reg;           // rd_word means something
wire written = awvalid && awready;

always @(posedge clk) begin
    started_reg     <= 1'b1;
    b_before_reg    <= !rst && bvalid && !bready;
    read_before_reg <= !rst && (read_before_reg || rd_en);
end

always @* begin
    assume (rst == !started_reg);
    if (started_reg) begin
        assert (written == (wvalid && wready));
        assert (wr_en == (bvalid && !b_before_reg));
        cover (wr_en && rd_en);
    end
end

always @(posedge clk) begin
    if (started_reg && $past(started_reg)) begin
        assert (wr_en == $past(written));
        if (wr_en) assert (wr_word == $past(awaddr[4:2]) && wr_data == $past(wdata) && wr_strb == $past(wstrb));
        if (arready) assert ($past(arvalid && !arready));
        assert (rd_en == $past(arvalid && arready));
        if (rd_en) assert (rd_word == $past(araddr[4:2]));
        else if (read_before_reg) assert (rd_word == $past(rd_word));
        if (rvalid && !$past(rvalid)) assert (rdata == $past(rd_data) && $past(rd_en, `RD_CYCLES + 1));
    end
end

endmodule

`resetall
