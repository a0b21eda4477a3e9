`resetall
`default_nettype none

/*
 * Properties of axi_dma_axil: the rules of its port; each write reaches the register that it names once, with its data, in the
 * cycle in which its answer comes; a read brings what the register held.
 */
module dma_axil_access (
    input wire        clk,
    input wire        rst,
    input wire [7:0]  awaddr,
    input wire        awvalid,
    input wire [31:0] wdata,
    input wire        wvalid,
    input wire        bready,
    input wire [7:0]  araddr,
    input wire        arvalid,
    input wire        rready,
    input wire [31:0] rd_data_mm2s,
    input wire [31:0] rd_data_s2mm
);

`include "pg021.vh"

wire        awready, wready, bvalid, arready, rvalid;
wire [1:0]  bresp, rresp, wr_en;
wire [3:0]  wr_word, rd_word;
wire [31:0] rdata, wr_data;

axi_dma_axil dut (
    .clk(clk), .rst(rst),
    .s_axi_awaddr(awaddr), .s_axi_awvalid(awvalid), .s_axi_awready(awready),
    .s_axi_wdata(wdata), .s_axi_wvalid(wvalid), .s_axi_wready(wready),
    .s_axi_bresp(bresp), .s_axi_bvalid(bvalid), .s_axi_bready(bready),
    .s_axi_araddr(araddr), .s_axi_arvalid(arvalid), .s_axi_arready(arready),
    .s_axi_rdata(rdata), .s_axi_rresp(rresp), .s_axi_rvalid(rvalid), .s_axi_rready(rready),
    .wr_en(wr_en), .wr_word(wr_word), .wr_data(wr_data),
    .rd_word(rd_word), .rd_data_mm2s(rd_data_mm2s), .rd_data_s2mm(rd_data_s2mm)
);

axil_rules #(.ADDR_W(8)) rules (
    .clk(clk), .rst(rst),
    .awaddr(awaddr), .awvalid(awvalid), .awready(awready), .wpayload({4'd0, wdata}), .wvalid(wvalid), .wready(wready),
    .bresp(bresp), .bvalid(bvalid), .bready(bready), .araddr(araddr), .arvalid(arvalid), .arready(arready),
    .rdata(rdata), .rresp(rresp), .rvalid(rvalid), .rready(rready)
);

reg        started_reg = 1'b0;
reg [7:0]  wr_addr_reg, rd_addr_reg;
reg [31:0] wr_data_reg;
reg        waiting_reg;         // the answer has been there for a cycle
wire       wr_mm2s = wr_addr_reg < CHANNEL_WORDS;
wire       wr_s2mm = !wr_mm2s && wr_addr_reg < CHANNEL_WORDS + CHANNEL_WORDS;
wire       rd_mm2s = rd_addr_reg < CHANNEL_WORDS;
wire       rd_s2mm = !rd_mm2s && rd_addr_reg < CHANNEL_WORDS + CHANNEL_WORDS;
wire [7:0] wr_place = wr_mm2s ? wr_addr_reg : wr_addr_reg - CHANNEL_WORDS;
wire [7:0] rd_place = rd_mm2s ? rd_addr_reg : rd_addr_reg - CHANNEL_WORDS;

always @(posedge clk) begin
    started_reg <= 1'b1;
    waiting_reg <= bvalid && !bready;
    if (awvalid && awready) wr_addr_reg <= awaddr;
    if (wvalid && wready) wr_data_reg <= wdata;
    if (arvalid && arready) rd_addr_reg <= araddr;
    if (rst) waiting_reg <= 1'b0;
end

always @* begin
    assume (rst == !started_reg);
    if (started_reg) begin
        if (bvalid && !waiting_reg) begin
            assert (wr_en == {wr_s2mm, wr_mm2s});
            if (wr_en != 0) assert (wr_word == wr_place[3:0] && wr_data == wr_data_reg);
        end else begin
            assert (wr_en == 2'b00);
        end
        cover (wr_en == 2'b10);
    end
end

always @(posedge clk) begin
    if (started_reg && $past(started_reg) && rvalid && !$past(rvalid)) begin
        if (rd_mm2s) assert (rdata == $past(rd_data_mm2s));
        else if (rd_s2mm) assert (rdata == $past(rd_data_s2mm));
        else assert (rdata == 32'd0);
        if (rd_mm2s || rd_s2mm) assert ($past(rd_word, 2) == rd_place[3:0]);
    end
end

endmodule

`resetall
