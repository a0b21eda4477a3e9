`resetall
`default_nettype none

/*
 * The programmable logic of the simulated board: DMA, the accelerator behind it and interrupt controller, wired
 * as a block design wires them.
 *
 *   m_axi_mm2s -> axi_dma -> s_axis  accelerator  m_axis -> axi_dma -> m_axi_s2mm
 *
 * The three AXI4-Lite slaves stay apart: the address map is the interconnect's, outside. Writes are of whole words.
 * program_beat and result_beat tell an observer how many beats of 64 bits moved on the streams between DMA and accelerator,
 * program_last and result_last that they are a packet's last, engine_moved that something moved inside the accelerator.
 */
module soc #(
    // Rows and columns of the array: a power of two, 8 to 64
    parameter N = 8,
    // Columns of the array whose PEs are DSPs, two in one: even, 0 to N
    parameter DSP_COLUMNS = 0,
    // Bits of an accumulator: 28 to 32
    parameter ACC_W = 28,
    // Activation memory in words of N activations: 128 KiB, for N = 64 256 KiB
    parameter ACT_DEPTH = N > 32 ? 8192 : 262144 / N,
    // Accumulators in a column
    parameter ACC_DEPTH = 1024,
    // Weight store in groups of 64 bits (128 for N = 32)
    parameter WGT_DEPTH = 4096,
    // Threshold FIFO in beats
    parameter THR_DEPTH = 512,
    // Result positions held
    parameter OUT_DEPTH = N < 16 ? 1024 : 512,
    // CONV commands that the log holds
    parameter LOG_DEPTH = 512,
    // Read latency of the memories: 1 or 2
    parameter SRAM_LATENCY = 2,
    // Bits of the streams between DMA and accelerator, and of the DMA's data in memory: 64, or 128 for N of 16 and more
    parameter STREAM_W = 64,
    // Identifies the build
    parameter [31:0] BUILD_HASH = 32'd0,
    // Bits of a DDR address
    parameter ADDR_W = 40,
    // Bits of the DMA's LENGTH registers
    parameter LENGTH_W = 26,
    // Mode of the DMA: 0 direct registers, 1 scatter-gather
    parameter SCATTER_GATHER = 0,
    // 1: every AXI port is looked at (cores/protocol), a finding stops the simulation
    parameter PROTOCOL = 0
) (
    input  wire              aclk,
    input  wire              aresetn,

    // Registers of the DMA
    input  wire [9:0]        s_axil_dma_awaddr,
    input  wire              s_axil_dma_awvalid,
    output wire              s_axil_dma_awready,
    input  wire [31:0]       s_axil_dma_wdata,
    input  wire              s_axil_dma_wvalid,
    output wire              s_axil_dma_wready,
    output wire [1:0]        s_axil_dma_bresp,
    output wire              s_axil_dma_bvalid,
    input  wire              s_axil_dma_bready,
    input  wire [9:0]        s_axil_dma_araddr,
    input  wire              s_axil_dma_arvalid,
    output wire              s_axil_dma_arready,
    output wire [31:0]       s_axil_dma_rdata,
    output wire [1:0]        s_axil_dma_rresp,
    output wire              s_axil_dma_rvalid,
    input  wire              s_axil_dma_rready,

    // Registers of the accelerator, 4 KiB: bits 15:12 of an address mean nothing
    // verilator lint_off UNUSEDSIGNAL
    input  wire [15:0]       s_axil_acc_awaddr,
    // verilator lint_on UNUSEDSIGNAL
    input  wire              s_axil_acc_awvalid,
    output wire              s_axil_acc_awready,
    input  wire [31:0]       s_axil_acc_wdata,
    input  wire              s_axil_acc_wvalid,
    output wire              s_axil_acc_wready,
    output wire [1:0]        s_axil_acc_bresp,
    output wire              s_axil_acc_bvalid,
    input  wire              s_axil_acc_bready,
    // verilator lint_off UNUSEDSIGNAL
    input  wire [15:0]       s_axil_acc_araddr,
    // verilator lint_on UNUSEDSIGNAL
    input  wire              s_axil_acc_arvalid,
    output wire              s_axil_acc_arready,
    output wire [31:0]       s_axil_acc_rdata,
    output wire [1:0]        s_axil_acc_rresp,
    output wire              s_axil_acc_rvalid,
    input  wire              s_axil_acc_rready,

    // Registers of the interrupt controller
    input  wire [8:0]        s_axil_intc_awaddr,
    input  wire              s_axil_intc_awvalid,
    output wire              s_axil_intc_awready,
    input  wire [31:0]       s_axil_intc_wdata,
    input  wire              s_axil_intc_wvalid,
    output wire              s_axil_intc_wready,
    output wire [1:0]        s_axil_intc_bresp,
    output wire              s_axil_intc_bvalid,
    input  wire              s_axil_intc_bready,
    input  wire [8:0]        s_axil_intc_araddr,
    input  wire              s_axil_intc_arvalid,
    output wire              s_axil_intc_arready,
    output wire [31:0]       s_axil_intc_rdata,
    output wire [1:0]        s_axil_intc_rresp,
    output wire              s_axil_intc_rvalid,
    input  wire              s_axil_intc_rready,

    // DDR, read
    output wire [ADDR_W-1:0] m_axi_mm2s_araddr,
    output wire [7:0]        m_axi_mm2s_arlen,
    output wire [2:0]        m_axi_mm2s_arsize,
    output wire [1:0]        m_axi_mm2s_arburst,
    output wire [2:0]        m_axi_mm2s_arprot,
    output wire [3:0]        m_axi_mm2s_arcache,
    output wire              m_axi_mm2s_arvalid,
    input  wire              m_axi_mm2s_arready,
    input  wire [STREAM_W-1:0] m_axi_mm2s_rdata,
    input  wire [1:0]        m_axi_mm2s_rresp,
    input  wire              m_axi_mm2s_rlast,
    input  wire              m_axi_mm2s_rvalid,
    output wire              m_axi_mm2s_rready,

    // DDR, write
    output wire [ADDR_W-1:0] m_axi_s2mm_awaddr,
    output wire [7:0]        m_axi_s2mm_awlen,
    output wire [2:0]        m_axi_s2mm_awsize,
    output wire [1:0]        m_axi_s2mm_awburst,
    output wire [2:0]        m_axi_s2mm_awprot,
    output wire [3:0]        m_axi_s2mm_awcache,
    output wire              m_axi_s2mm_awvalid,
    input  wire              m_axi_s2mm_awready,
    output wire [STREAM_W-1:0] m_axi_s2mm_wdata,
    output wire [STREAM_W/8-1:0] m_axi_s2mm_wstrb,
    output wire              m_axi_s2mm_wlast,
    output wire              m_axi_s2mm_wvalid,
    input  wire              m_axi_s2mm_wready,
    input  wire [1:0]        m_axi_s2mm_bresp,
    input  wire              m_axi_s2mm_bvalid,
    output wire              m_axi_s2mm_bready,

    // DDR, descriptors; unused in direct-register mode
    output wire [ADDR_W-1:0] m_axi_sg_araddr,
    output wire [7:0]        m_axi_sg_arlen,
    output wire [2:0]        m_axi_sg_arsize,
    output wire [1:0]        m_axi_sg_arburst,
    output wire [2:0]        m_axi_sg_arprot,
    output wire [3:0]        m_axi_sg_arcache,
    output wire              m_axi_sg_arvalid,
    input  wire              m_axi_sg_arready,
    input  wire [63:0]       m_axi_sg_rdata,
    input  wire [1:0]        m_axi_sg_rresp,
    input  wire              m_axi_sg_rlast,
    input  wire              m_axi_sg_rvalid,
    output wire              m_axi_sg_rready,
    output wire [ADDR_W-1:0] m_axi_sg_awaddr,
    output wire [7:0]        m_axi_sg_awlen,
    output wire [2:0]        m_axi_sg_awsize,
    output wire [1:0]        m_axi_sg_awburst,
    output wire [2:0]        m_axi_sg_awprot,
    output wire [3:0]        m_axi_sg_awcache,
    output wire              m_axi_sg_awvalid,
    input  wire              m_axi_sg_awready,
    output wire [63:0]       m_axi_sg_wdata,
    output wire [7:0]        m_axi_sg_wstrb,
    output wire              m_axi_sg_wlast,
    output wire              m_axi_sg_wvalid,
    input  wire              m_axi_sg_wready,
    input  wire [1:0]        m_axi_sg_bresp,
    input  wire              m_axi_sg_bvalid,
    output wire              m_axi_sg_bready,

    // Interrupts
    output wire              mm2s_introut,
    output wire              s2mm_introut,
    output wire              accelerator_irq,
    output wire              irq,

    // Observation
    output wire [1:0]        program_beat,
    output wire              program_last,
    output wire [1:0]        result_beat,
    output wire              result_last,
    output wire              engine_moved
);

localparam STREAM_BYTES = STREAM_W / 8;
// Beats of 64 bits in a word of the streams
localparam [1:0] WORD_BEATS = STREAM_W == 128 ? 2'd2 : 2'd1;

wire [STREAM_W-1:0]     program_tdata, result_tdata;
// The accelerator takes whole beats only, and its input is reset with all else
// verilator lint_off UNUSEDSIGNAL
wire [STREAM_BYTES-1:0] program_tkeep;
wire                    program_resetn;
// verilator lint_on UNUSEDSIGNAL
wire [STREAM_BYTES-1:0] result_tkeep;
wire                    program_tvalid, program_tready, program_tlast;
wire                    result_tvalid, result_tready, result_tlast;
// Of S2MM, the other end of the accelerator's results
wire                    result_resetn;

assign program_beat = program_tvalid && program_tready ? WORD_BEATS : 2'd0;
assign program_last = program_tlast;
assign result_beat  = result_tvalid && result_tready ? WORD_BEATS : 2'd0;
assign result_last  = result_tlast;

axi_dma #(.ADDR_W(ADDR_W), .DATA_W(STREAM_W), .LENGTH_W(LENGTH_W), .INCLUDE_SG(SCATTER_GATHER)) axi_dma_0 (
    .aclk(aclk), .axi_resetn(aresetn),
    .s_axi_lite_awaddr(s_axil_dma_awaddr),
    .s_axi_lite_awvalid(s_axil_dma_awvalid), .s_axi_lite_awready(s_axil_dma_awready),
    .s_axi_lite_wdata(s_axil_dma_wdata),
    .s_axi_lite_wvalid(s_axil_dma_wvalid), .s_axi_lite_wready(s_axil_dma_wready),
    .s_axi_lite_bresp(s_axil_dma_bresp),
    .s_axi_lite_bvalid(s_axil_dma_bvalid), .s_axi_lite_bready(s_axil_dma_bready),
    .s_axi_lite_araddr(s_axil_dma_araddr),
    .s_axi_lite_arvalid(s_axil_dma_arvalid), .s_axi_lite_arready(s_axil_dma_arready),
    .s_axi_lite_rdata(s_axil_dma_rdata), .s_axi_lite_rresp(s_axil_dma_rresp),
    .s_axi_lite_rvalid(s_axil_dma_rvalid), .s_axi_lite_rready(s_axil_dma_rready),
    .m_axi_mm2s_araddr(m_axi_mm2s_araddr), .m_axi_mm2s_arlen(m_axi_mm2s_arlen),
    .m_axi_mm2s_arsize(m_axi_mm2s_arsize), .m_axi_mm2s_arburst(m_axi_mm2s_arburst),
    .m_axi_mm2s_arprot(m_axi_mm2s_arprot), .m_axi_mm2s_arcache(m_axi_mm2s_arcache),
    .m_axi_mm2s_arvalid(m_axi_mm2s_arvalid), .m_axi_mm2s_arready(m_axi_mm2s_arready),
    .m_axi_mm2s_rdata(m_axi_mm2s_rdata), .m_axi_mm2s_rresp(m_axi_mm2s_rresp), .m_axi_mm2s_rlast(m_axi_mm2s_rlast),
    .m_axi_mm2s_rvalid(m_axi_mm2s_rvalid), .m_axi_mm2s_rready(m_axi_mm2s_rready),
    .m_axi_s2mm_awaddr(m_axi_s2mm_awaddr), .m_axi_s2mm_awlen(m_axi_s2mm_awlen),
    .m_axi_s2mm_awsize(m_axi_s2mm_awsize), .m_axi_s2mm_awburst(m_axi_s2mm_awburst),
    .m_axi_s2mm_awprot(m_axi_s2mm_awprot), .m_axi_s2mm_awcache(m_axi_s2mm_awcache),
    .m_axi_s2mm_awvalid(m_axi_s2mm_awvalid), .m_axi_s2mm_awready(m_axi_s2mm_awready),
    .m_axi_s2mm_wdata(m_axi_s2mm_wdata), .m_axi_s2mm_wstrb(m_axi_s2mm_wstrb), .m_axi_s2mm_wlast(m_axi_s2mm_wlast),
    .m_axi_s2mm_wvalid(m_axi_s2mm_wvalid), .m_axi_s2mm_wready(m_axi_s2mm_wready),
    .m_axi_s2mm_bresp(m_axi_s2mm_bresp), .m_axi_s2mm_bvalid(m_axi_s2mm_bvalid), .m_axi_s2mm_bready(m_axi_s2mm_bready),
    .m_axi_sg_araddr(m_axi_sg_araddr), .m_axi_sg_arlen(m_axi_sg_arlen),
    .m_axi_sg_arsize(m_axi_sg_arsize), .m_axi_sg_arburst(m_axi_sg_arburst),
    .m_axi_sg_arprot(m_axi_sg_arprot), .m_axi_sg_arcache(m_axi_sg_arcache),
    .m_axi_sg_arvalid(m_axi_sg_arvalid), .m_axi_sg_arready(m_axi_sg_arready),
    .m_axi_sg_rdata(m_axi_sg_rdata), .m_axi_sg_rresp(m_axi_sg_rresp), .m_axi_sg_rlast(m_axi_sg_rlast),
    .m_axi_sg_rvalid(m_axi_sg_rvalid), .m_axi_sg_rready(m_axi_sg_rready),
    .m_axi_sg_awaddr(m_axi_sg_awaddr), .m_axi_sg_awlen(m_axi_sg_awlen),
    .m_axi_sg_awsize(m_axi_sg_awsize), .m_axi_sg_awburst(m_axi_sg_awburst),
    .m_axi_sg_awprot(m_axi_sg_awprot), .m_axi_sg_awcache(m_axi_sg_awcache),
    .m_axi_sg_awvalid(m_axi_sg_awvalid), .m_axi_sg_awready(m_axi_sg_awready),
    .m_axi_sg_wdata(m_axi_sg_wdata), .m_axi_sg_wstrb(m_axi_sg_wstrb), .m_axi_sg_wlast(m_axi_sg_wlast),
    .m_axi_sg_wvalid(m_axi_sg_wvalid), .m_axi_sg_wready(m_axi_sg_wready),
    .m_axi_sg_bresp(m_axi_sg_bresp), .m_axi_sg_bvalid(m_axi_sg_bvalid), .m_axi_sg_bready(m_axi_sg_bready),
    .m_axis_mm2s_tdata(program_tdata), .m_axis_mm2s_tkeep(program_tkeep), .m_axis_mm2s_tlast(program_tlast),
    .m_axis_mm2s_tvalid(program_tvalid), .m_axis_mm2s_tready(program_tready),
    .s_axis_s2mm_tdata(result_tdata), .s_axis_s2mm_tkeep(result_tkeep), .s_axis_s2mm_tlast(result_tlast),
    .s_axis_s2mm_tvalid(result_tvalid), .s_axis_s2mm_tready(result_tready),
    .mm2s_prmry_reset_out_n(program_resetn), .s2mm_prmry_reset_out_n(result_resetn),
    .mm2s_introut(mm2s_introut), .s2mm_introut(s2mm_introut)
);

accelerator #(
    .N(N), .DSP_COLUMNS(DSP_COLUMNS), .ACC_W(ACC_W), .ACT_DEPTH(ACT_DEPTH), .ACC_DEPTH(ACC_DEPTH), .WGT_DEPTH(WGT_DEPTH),
    .THR_DEPTH(THR_DEPTH), .OUT_DEPTH(OUT_DEPTH), .LOG_DEPTH(LOG_DEPTH), .SRAM_LATENCY(SRAM_LATENCY), .STREAM_W(STREAM_W), .BUILD_HASH(BUILD_HASH)
) accelerator_0 (
    .aclk(aclk), .aresetn(aresetn),
    .s_axil_awaddr(s_axil_acc_awaddr[11:0]), .s_axil_awprot(3'b000),
    .s_axil_awvalid(s_axil_acc_awvalid), .s_axil_awready(s_axil_acc_awready),
    .s_axil_wdata(s_axil_acc_wdata), .s_axil_wstrb(4'b1111),
    .s_axil_wvalid(s_axil_acc_wvalid), .s_axil_wready(s_axil_acc_wready),
    .s_axil_bresp(s_axil_acc_bresp), .s_axil_bvalid(s_axil_acc_bvalid), .s_axil_bready(s_axil_acc_bready),
    .s_axil_araddr(s_axil_acc_araddr[11:0]), .s_axil_arprot(3'b000),
    .s_axil_arvalid(s_axil_acc_arvalid), .s_axil_arready(s_axil_acc_arready),
    .s_axil_rdata(s_axil_acc_rdata), .s_axil_rresp(s_axil_acc_rresp),
    .s_axil_rvalid(s_axil_acc_rvalid), .s_axil_rready(s_axil_acc_rready),
    .s_axis_tdata(program_tdata),
    .s_axis_tvalid(program_tvalid), .s_axis_tready(program_tready), .s_axis_tlast(program_tlast),
    .m_axis_aresetn(result_resetn), .m_axis_tdata(result_tdata), .m_axis_tkeep(result_tkeep),
    .m_axis_tvalid(result_tvalid), .m_axis_tready(result_tready), .m_axis_tlast(result_tlast),
    .irq(accelerator_irq)
);

assign engine_moved = accelerator_0.u_status.moved;

axi_intc #(.INPUTS(3)) axi_intc_0 (
    .s_axi_aclk(aclk), .s_axi_aresetn(aresetn),
    .s_axi_awaddr(s_axil_intc_awaddr),
    .s_axi_awvalid(s_axil_intc_awvalid), .s_axi_awready(s_axil_intc_awready),
    .s_axi_wdata(s_axil_intc_wdata),
    .s_axi_wvalid(s_axil_intc_wvalid), .s_axi_wready(s_axil_intc_wready),
    .s_axi_bresp(s_axil_intc_bresp), .s_axi_bvalid(s_axil_intc_bvalid), .s_axi_bready(s_axil_intc_bready),
    .s_axi_araddr(s_axil_intc_araddr),
    .s_axi_arvalid(s_axil_intc_arvalid), .s_axi_arready(s_axil_intc_arready),
    .s_axi_rdata(s_axil_intc_rdata), .s_axi_rresp(s_axil_intc_rresp),
    .s_axi_rvalid(s_axil_intc_rvalid), .s_axi_rready(s_axil_intc_rready),
    .intr({accelerator_irq, s2mm_introut, mm2s_introut}), .irq(irq)
);

// What the specification says of every AXI port, looked at (cores/protocol): simulation only
generate
    if (PROTOCOL != 0) begin : g_protocol
        axis_monitor #(.PORT("axi_dma_0 to accelerator_0"), .BYTES(STREAM_BYTES)) program_monitor (
            .clk(aclk), .resetn(program_resetn), .tdata(program_tdata), .tkeep(program_tkeep), .tlast(program_tlast),
            .tvalid(program_tvalid), .tready(program_tready));
        axis_monitor #(.PORT("accelerator_0 to axi_dma_0"), .BYTES(STREAM_BYTES)) result_monitor (
            .clk(aclk), .resetn(result_resetn), .tdata(result_tdata), .tkeep(result_tkeep), .tlast(result_tlast),
            .tvalid(result_tvalid), .tready(result_tready));

        axi_monitor #(.PORT("axi_dma_0/M_AXI_MM2S"), .ADDR_W(ADDR_W), .BYTES(STREAM_BYTES)) mm2s_monitor (
            .clk(aclk), .resetn(aresetn), .closed(!program_resetn),
            .awaddr({ADDR_W{1'b0}}), .awlen(8'd0), .awsize(3'd0), .awburst(2'd0),
            .awvalid(1'b0), .awready(1'b0), .wdata({STREAM_W{1'b0}}), .wstrb({STREAM_BYTES{1'b0}}), .wlast(1'b0),
            .wvalid(1'b0), .wready(1'b0), .bresp(2'd0), .bvalid(1'b0), .bready(1'b0),
            .araddr(m_axi_mm2s_araddr), .arlen(m_axi_mm2s_arlen), .arsize(m_axi_mm2s_arsize), .arburst(m_axi_mm2s_arburst),
            .arvalid(m_axi_mm2s_arvalid), .arready(m_axi_mm2s_arready), .rdata(m_axi_mm2s_rdata), .rresp(m_axi_mm2s_rresp),
            .rlast(m_axi_mm2s_rlast), .rvalid(m_axi_mm2s_rvalid), .rready(m_axi_mm2s_rready));

        axi_monitor #(.PORT("axi_dma_0/M_AXI_S2MM"), .ADDR_W(ADDR_W), .BYTES(STREAM_BYTES)) s2mm_monitor (
            .clk(aclk), .resetn(aresetn), .closed(!result_resetn),
            .awaddr(m_axi_s2mm_awaddr), .awlen(m_axi_s2mm_awlen), .awsize(m_axi_s2mm_awsize), .awburst(m_axi_s2mm_awburst),
            .awvalid(m_axi_s2mm_awvalid), .awready(m_axi_s2mm_awready), .wdata(m_axi_s2mm_wdata), .wstrb(m_axi_s2mm_wstrb), .wlast(m_axi_s2mm_wlast),
            .wvalid(m_axi_s2mm_wvalid), .wready(m_axi_s2mm_wready), .bresp(m_axi_s2mm_bresp), .bvalid(m_axi_s2mm_bvalid), .bready(m_axi_s2mm_bready),
            .araddr({ADDR_W{1'b0}}), .arlen(8'd0), .arsize(3'd0), .arburst(2'd0),
            .arvalid(1'b0), .arready(1'b0), .rdata({STREAM_W{1'b0}}), .rresp(2'd0),
            .rlast(1'b0), .rvalid(1'b0), .rready(1'b0));

        axi_monitor #(.PORT("axi_dma_0/M_AXI_SG"), .ADDR_W(ADDR_W)) sg_monitor (
            .clk(aclk), .resetn(aresetn), .closed(!program_resetn),
            .awaddr(m_axi_sg_awaddr), .awlen(m_axi_sg_awlen), .awsize(m_axi_sg_awsize), .awburst(m_axi_sg_awburst),
            .awvalid(m_axi_sg_awvalid), .awready(m_axi_sg_awready), .wdata(m_axi_sg_wdata), .wstrb(m_axi_sg_wstrb), .wlast(m_axi_sg_wlast),
            .wvalid(m_axi_sg_wvalid), .wready(m_axi_sg_wready), .bresp(m_axi_sg_bresp), .bvalid(m_axi_sg_bvalid), .bready(m_axi_sg_bready),
            .araddr(m_axi_sg_araddr), .arlen(m_axi_sg_arlen), .arsize(m_axi_sg_arsize), .arburst(m_axi_sg_arburst),
            .arvalid(m_axi_sg_arvalid), .arready(m_axi_sg_arready), .rdata(m_axi_sg_rdata), .rresp(m_axi_sg_rresp),
            .rlast(m_axi_sg_rlast), .rvalid(m_axi_sg_rvalid), .rready(m_axi_sg_rready));

        axi_monitor #(.PORT("axi_dma_0/S_AXI_LITE"), .LITE(1), .ADDR_W(10), .BYTES(4)) dma_registers_monitor (
            .clk(aclk), .resetn(aresetn), .closed(1'b0),
            .awaddr(s_axil_dma_awaddr), .awlen(8'd0), .awsize(3'd0), .awburst(2'd0), .awvalid(s_axil_dma_awvalid),
            .awready(s_axil_dma_awready), .wdata(s_axil_dma_wdata), .wstrb(4'hF), .wlast(1'b1), .wvalid(s_axil_dma_wvalid),
            .wready(s_axil_dma_wready), .bresp(s_axil_dma_bresp), .bvalid(s_axil_dma_bvalid), .bready(s_axil_dma_bready),
            .araddr(s_axil_dma_araddr), .arlen(8'd0), .arsize(3'd0), .arburst(2'd0), .arvalid(s_axil_dma_arvalid),
            .arready(s_axil_dma_arready), .rdata(s_axil_dma_rdata), .rresp(s_axil_dma_rresp), .rlast(1'b1),
            .rvalid(s_axil_dma_rvalid), .rready(s_axil_dma_rready));

        axi_monitor #(.PORT("accelerator_0/s_axil"), .LITE(1), .ADDR_W(16), .BYTES(4)) accelerator_registers_monitor (
            .clk(aclk), .resetn(aresetn), .closed(1'b0),
            .awaddr(s_axil_acc_awaddr), .awlen(8'd0), .awsize(3'd0), .awburst(2'd0), .awvalid(s_axil_acc_awvalid),
            .awready(s_axil_acc_awready), .wdata(s_axil_acc_wdata), .wstrb(4'hF), .wlast(1'b1), .wvalid(s_axil_acc_wvalid),
            .wready(s_axil_acc_wready), .bresp(s_axil_acc_bresp), .bvalid(s_axil_acc_bvalid), .bready(s_axil_acc_bready),
            .araddr(s_axil_acc_araddr), .arlen(8'd0), .arsize(3'd0), .arburst(2'd0), .arvalid(s_axil_acc_arvalid),
            .arready(s_axil_acc_arready), .rdata(s_axil_acc_rdata), .rresp(s_axil_acc_rresp), .rlast(1'b1),
            .rvalid(s_axil_acc_rvalid), .rready(s_axil_acc_rready));

        axi_monitor #(.PORT("axi_intc_0/s_axi"), .LITE(1), .ADDR_W(9), .BYTES(4)) intc_registers_monitor (
            .clk(aclk), .resetn(aresetn), .closed(1'b0),
            .awaddr(s_axil_intc_awaddr), .awlen(8'd0), .awsize(3'd0), .awburst(2'd0), .awvalid(s_axil_intc_awvalid),
            .awready(s_axil_intc_awready), .wdata(s_axil_intc_wdata), .wstrb(4'hF), .wlast(1'b1), .wvalid(s_axil_intc_wvalid),
            .wready(s_axil_intc_wready), .bresp(s_axil_intc_bresp), .bvalid(s_axil_intc_bvalid), .bready(s_axil_intc_bready),
            .araddr(s_axil_intc_araddr), .arlen(8'd0), .arsize(3'd0), .arburst(2'd0), .arvalid(s_axil_intc_arvalid),
            .arready(s_axil_intc_arready), .rdata(s_axil_intc_rdata), .rresp(s_axil_intc_rresp), .rlast(1'b1),
            .rvalid(s_axil_intc_rvalid), .rready(s_axil_intc_rready));
    end
endgenerate

endmodule

`resetall
