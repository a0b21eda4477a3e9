// Counts by STEP while it is enabled. Registers: 00h the count, written: its new value; 04h the level of its pins.
module counter #(parameter STEP = 1, parameter C_S00_AXI_DATA_WIDTH = 32) (
    input  wire        s00_axi_aclk,
    input  wire        s00_axi_aresetn,
    input  wire        enable,
    input  wire [3:0]  level,
    output wire [7:0]  low,
    output wire        odd,
    input  wire [3:0]  s00_axi_awaddr,
    input  wire [2:0]  s00_axi_awprot,
    input  wire        s00_axi_awvalid,
    output wire        s00_axi_awready,
    input  wire [31:0] s00_axi_wdata,
    input  wire [3:0]  s00_axi_wstrb,
    input  wire        s00_axi_wvalid,
    output wire        s00_axi_wready,
    output wire [1:0]  s00_axi_bresp,
    output wire        s00_axi_bvalid,
    input  wire        s00_axi_bready,
    input  wire [3:0]  s00_axi_araddr,
    input  wire [2:0]  s00_axi_arprot,
    input  wire        s00_axi_arvalid,
    output wire        s00_axi_arready,
    output wire [31:0] s00_axi_rdata,
    output wire [1:0]  s00_axi_rresp,
    output wire        s00_axi_rvalid,
    input  wire        s00_axi_rready
);
reg  [31:0] count;
wire        write;
wire [1:0]  write_word;

assign low = count[7:0];
assign odd = count[0];

lite_words #(.WORDS(4), .ADDR_W(4)) words (
    .clk(s00_axi_aclk), .resetn(s00_axi_aresetn),
    .awaddr(s00_axi_awaddr), .awvalid(s00_axi_awvalid), .awready(s00_axi_awready),
    .wdata(s00_axi_wdata), .wvalid(s00_axi_wvalid), .wready(s00_axi_wready),
    .bresp(s00_axi_bresp), .bvalid(s00_axi_bvalid), .bready(s00_axi_bready),
    .araddr(s00_axi_araddr), .arvalid(s00_axi_arvalid), .arready(s00_axi_arready),
    .rdata(s00_axi_rdata), .rresp(s00_axi_rresp), .rvalid(s00_axi_rvalid), .rready(s00_axi_rready),
    .written(), .write(write), .write_word(write_word), .read(), .read_word(),
    .readable({64'd0, 28'd0, level, count})
);

always @(posedge s00_axi_aclk) begin
    if (write && write_word == 0) count <= s00_axi_wdata;
    else if (enable) count <= count + STEP;
    if (!s00_axi_aresetn) count <= 0;
end
endmodule
