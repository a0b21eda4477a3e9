// In the place of PYNQ's resizer: pixels of 24 bits, complemented and turned by what 10h says.
module resize_accel (
    input  wire        ap_clk,
    input  wire        ap_rst_n,
    output wire        interrupt,
    input  wire [5:0]  s_axi_AXILiteS_AWADDR,
    input  wire        s_axi_AXILiteS_AWVALID,
    output wire        s_axi_AXILiteS_AWREADY,
    input  wire [31:0] s_axi_AXILiteS_WDATA,
    input  wire [3:0]  s_axi_AXILiteS_WSTRB,
    input  wire        s_axi_AXILiteS_WVALID,
    output wire        s_axi_AXILiteS_WREADY,
    output wire [1:0]  s_axi_AXILiteS_BRESP,
    output wire        s_axi_AXILiteS_BVALID,
    input  wire        s_axi_AXILiteS_BREADY,
    input  wire [5:0]  s_axi_AXILiteS_ARADDR,
    input  wire        s_axi_AXILiteS_ARVALID,
    output wire        s_axi_AXILiteS_ARREADY,
    output wire [31:0] s_axi_AXILiteS_RDATA,
    output wire [1:0]  s_axi_AXILiteS_RRESP,
    output wire        s_axi_AXILiteS_RVALID,
    input  wire        s_axi_AXILiteS_RREADY,
    input  wire [23:0] src_TDATA,
    input  wire        src_TLAST,
    input  wire        src_TVALID,
    output wire        src_TREADY,
    output wire [23:0] dst_TDATA,
    output wire        dst_TLAST,
    output wire        dst_TVALID,
    input  wire        dst_TREADY
);
wire [511:0] written;

assign interrupt  = 1'b0;
assign dst_TDATA  = ~src_TDATA + written[151:128];
assign dst_TLAST  = src_TLAST;
assign dst_TVALID = src_TVALID;
assign src_TREADY = dst_TREADY;

lite_words words (
    .clk(ap_clk), .resetn(ap_rst_n),
    .awaddr(s_axi_AXILiteS_AWADDR), .awvalid(s_axi_AXILiteS_AWVALID), .awready(s_axi_AXILiteS_AWREADY),
    .wdata(s_axi_AXILiteS_WDATA), .wvalid(s_axi_AXILiteS_WVALID), .wready(s_axi_AXILiteS_WREADY),
    .bresp(s_axi_AXILiteS_BRESP), .bvalid(s_axi_AXILiteS_BVALID), .bready(s_axi_AXILiteS_BREADY),
    .araddr(s_axi_AXILiteS_ARADDR), .arvalid(s_axi_AXILiteS_ARVALID), .arready(s_axi_AXILiteS_ARREADY),
    .rdata(s_axi_AXILiteS_RDATA), .rresp(s_axi_AXILiteS_RRESP), .rvalid(s_axi_AXILiteS_RVALID),
    .rready(s_axi_AXILiteS_RREADY),
    .written(written), .write(), .write_word(), .read(), .read_word(), .readable(written)
);
endmodule
