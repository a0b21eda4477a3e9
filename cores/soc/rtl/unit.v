`resetall
`default_nettype none

/*
 * The unit behind the DMA: the accelerator. host/tilewright/sim/guest writes another one, with the same ports, around a
 * third party's IP.
 */
module unit #(
    // The accelerator's parameters
    parameter N = 8,
    parameter ACC_W = 28,
    parameter ACT_DEPTH = 262144 / N,
    parameter ACC_DEPTH = 1024,
    parameter WGT_DEPTH = 4096,
    parameter THR_DEPTH = 512,
    parameter OUT_DEPTH = 64,
    parameter LOG_DEPTH = 512,
    parameter SRAM_LATENCY = 2,
    parameter [31:0] BUILD_HASH = 32'd0
) (
    input  wire        aclk,
    input  wire        aresetn,
    // The accelerator has 4 KiB of registers: bits 15:12 of an address mean nothing
    // verilator lint_off UNUSEDSIGNAL
    input  wire [15:0] s_axil_awaddr,
    // verilator lint_on UNUSEDSIGNAL
    input  wire        s_axil_awvalid,
    output wire        s_axil_awready,
    input  wire [31:0] s_axil_wdata,
    input  wire        s_axil_wvalid,
    output wire        s_axil_wready,
    output wire [1:0]  s_axil_bresp,
    output wire        s_axil_bvalid,
    input  wire        s_axil_bready,
    // verilator lint_off UNUSEDSIGNAL
    input  wire [15:0] s_axil_araddr,
    // verilator lint_on UNUSEDSIGNAL
    input  wire        s_axil_arvalid,
    output wire        s_axil_arready,
    output wire [31:0] s_axil_rdata,
    output wire [1:0]  s_axil_rresp,
    output wire        s_axil_rvalid,
    input  wire        s_axil_rready,

    input  wire [63:0] s_axis_tdata,
    // The accelerator takes whole beats only
    // verilator lint_off UNUSEDSIGNAL
    input  wire [7:0]  s_axis_tkeep,
    // verilator lint_on UNUSEDSIGNAL
    input  wire        s_axis_tlast,
    input  wire        s_axis_tvalid,
    output wire        s_axis_tready,

    output wire [63:0] m_axis_tdata,
    output wire [7:0]  m_axis_tkeep,
    output wire        m_axis_tlast,
    output wire        m_axis_tvalid,
    input  wire        m_axis_tready,

    output wire        irq,
    output wire        moved
);

accelerator #(
    .N(N), .ACC_W(ACC_W), .ACT_DEPTH(ACT_DEPTH), .ACC_DEPTH(ACC_DEPTH), .WGT_DEPTH(WGT_DEPTH),
    .THR_DEPTH(THR_DEPTH), .OUT_DEPTH(OUT_DEPTH), .LOG_DEPTH(LOG_DEPTH), .SRAM_LATENCY(SRAM_LATENCY), .BUILD_HASH(BUILD_HASH)
) accelerator_0 (
    .aclk(aclk), .aresetn(aresetn),
    .s_axil_awaddr(s_axil_awaddr[11:0]), .s_axil_awprot(3'b000),
    .s_axil_awvalid(s_axil_awvalid), .s_axil_awready(s_axil_awready),
    .s_axil_wdata(s_axil_wdata), .s_axil_wstrb(4'b1111),
    .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready),
    .s_axil_bresp(s_axil_bresp), .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready),
    .s_axil_araddr(s_axil_araddr[11:0]), .s_axil_arprot(3'b000),
    .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready),
    .s_axil_rdata(s_axil_rdata), .s_axil_rresp(s_axil_rresp),
    .s_axil_rvalid(s_axil_rvalid), .s_axil_rready(s_axil_rready),
    .s_axis_tdata(s_axis_tdata),
    .s_axis_tvalid(s_axis_tvalid), .s_axis_tready(s_axis_tready), .s_axis_tlast(s_axis_tlast),
    .m_axis_tdata(m_axis_tdata), .m_axis_tkeep(m_axis_tkeep),
    .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready), .m_axis_tlast(m_axis_tlast),
    .irq(irq), .moved(moved)
);

endmodule

`resetall
