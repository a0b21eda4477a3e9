`resetall
`default_nettype none

/*
 * AXI DMA with the registers of PG021, in direct-register or in scatter-gather mode: one memory-to-stream and one stream-to-memory
 * channel, 64 or 128 bits wide, one beat a cycle each. No data realignment: addresses are multiples of a beat's bytes; lengths are in
 * bytes.
 *
 * DMACR.Reset of either channel resets both. The channels first finish their outstanding AXI transactions, so the memory never
 * sees a burst cut short; the outgoing stream may be. Then they are in reset for 16 cycles, and with them, by
 * mm2s_prmry_reset_out_n and s2mm_prmry_reset_out_n, what is at the other end of their streams.
 */
module axi_dma #(
    // Width of a memory address in bits: 32 to 64
    parameter ADDR_W = 40,
    // Width of the LENGTH registers in bits: 8 to 26
    parameter LENGTH_W = 26,
    // Width of memory and streams in bits, but of descriptors: 64 or 128
    parameter DATA_W = 64,
    // Longest burst in beats: 2, 4, 8 or 16 (AXI3-legal)
    parameter BURST = 16,
    // Bursts that each channel may have outstanding
    parameter OUTSTANDING = 8,
    // Beats that each channel's FIFO holds: a power of two, at least OUTSTANDING * BURST
    parameter FIFO_DEPTH = 512,
    // Read latency of the FIFOs' memories: 1 or 2
    parameter SRAM_LATENCY = 2,
    // 0: direct-register mode, m_axi_sg is unused; 1: scatter-gather mode, without the registers of direct mode
    parameter INCLUDE_SG = 0
) (
    input  wire              aclk,
    input  wire              axi_resetn,

    input  wire [9:0]        s_axi_lite_awaddr,
    input  wire              s_axi_lite_awvalid,
    output wire              s_axi_lite_awready,
    input  wire [31:0]       s_axi_lite_wdata,
    input  wire              s_axi_lite_wvalid,
    output wire              s_axi_lite_wready,
    output wire [1:0]        s_axi_lite_bresp,
    output wire              s_axi_lite_bvalid,
    input  wire              s_axi_lite_bready,
    input  wire [9:0]        s_axi_lite_araddr,
    input  wire              s_axi_lite_arvalid,
    output wire              s_axi_lite_arready,
    output wire [31:0]       s_axi_lite_rdata,
    output wire [1:0]        s_axi_lite_rresp,
    output wire              s_axi_lite_rvalid,
    input  wire              s_axi_lite_rready,

    output wire [ADDR_W-1:0] m_axi_mm2s_araddr,
    output wire [7:0]        m_axi_mm2s_arlen,
    output wire [2:0]        m_axi_mm2s_arsize,
    output wire [1:0]        m_axi_mm2s_arburst,
    output wire [2:0]        m_axi_mm2s_arprot,
    output wire [3:0]        m_axi_mm2s_arcache,
    output wire              m_axi_mm2s_arvalid,
    input  wire              m_axi_mm2s_arready,
    input  wire [DATA_W-1:0] m_axi_mm2s_rdata,
    input  wire [1:0]        m_axi_mm2s_rresp,
    input  wire              m_axi_mm2s_rlast,
    input  wire              m_axi_mm2s_rvalid,
    output wire              m_axi_mm2s_rready,

    output wire [ADDR_W-1:0] m_axi_s2mm_awaddr,
    output wire [7:0]        m_axi_s2mm_awlen,
    output wire [2:0]        m_axi_s2mm_awsize,
    output wire [1:0]        m_axi_s2mm_awburst,
    output wire [2:0]        m_axi_s2mm_awprot,
    output wire [3:0]        m_axi_s2mm_awcache,
    output wire              m_axi_s2mm_awvalid,
    input  wire              m_axi_s2mm_awready,
    output wire [DATA_W-1:0] m_axi_s2mm_wdata,
    output wire [DATA_W/8-1:0] m_axi_s2mm_wstrb,
    output wire              m_axi_s2mm_wlast,
    output wire              m_axi_s2mm_wvalid,
    input  wire              m_axi_s2mm_wready,
    input  wire [1:0]        m_axi_s2mm_bresp,
    input  wire              m_axi_s2mm_bvalid,
    output wire              m_axi_s2mm_bready,

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

    output wire [DATA_W-1:0] m_axis_mm2s_tdata,
    output wire [DATA_W/8-1:0] m_axis_mm2s_tkeep,
    output wire              m_axis_mm2s_tlast,
    output wire              m_axis_mm2s_tvalid,
    input  wire              m_axis_mm2s_tready,

    input  wire [DATA_W-1:0] s_axis_s2mm_tdata,
    input  wire [DATA_W/8-1:0] s_axis_s2mm_tkeep,
    input  wire              s_axis_s2mm_tlast,
    input  wire              s_axis_s2mm_tvalid,
    output wire              s_axis_s2mm_tready,

    output wire              mm2s_prmry_reset_out_n,
    output wire              s2mm_prmry_reset_out_n,

    output wire              mm2s_introut,
    output wire              s2mm_introut
);

`include "pg021.vh"

generate
    if (ADDR_W < 32 || ADDR_W > 64) begin : g_check_addr_w
        ERROR_axi_dma_ADDR_W_must_be_32_to_64 error();
    end
    if (LENGTH_W < 8 || LENGTH_W > 26) begin : g_check_length_w
        ERROR_axi_dma_LENGTH_W_must_be_8_to_26 error();
    end
    if (DATA_W != 64 && DATA_W != 128) begin : g_check_data_w
        ERROR_axi_dma_DATA_W_must_be_64_or_128 error();
    end
    if (BURST != 2 && BURST != 4 && BURST != 8 && BURST != 16) begin : g_check_burst
        ERROR_axi_dma_BURST_must_be_2_4_8_or_16 error();
    end
    if (OUTSTANDING < 1 || FIFO_DEPTH < OUTSTANDING * BURST || FIFO_DEPTH < 4 * BURST) begin : g_check_fifo_depth
        ERROR_axi_dma_FIFO_DEPTH_must_hold_OUTSTANDING_bursts_and_at_least_4 error();
    end
    if (INCLUDE_SG != 0 && INCLUDE_SG != 1) begin : g_check_include_sg
        ERROR_axi_dma_INCLUDE_SG_must_be_0_or_1 error();
    end
endgenerate

// Whole beats, incrementing, modifiable and bufferable as PG021's core
localparam [2:0] DATA_SIZE = DATA_W == 128 ? 3'd4 : 3'd3;

assign m_axi_mm2s_arsize  = DATA_SIZE;
assign m_axi_mm2s_arburst = 2'b01;
assign m_axi_mm2s_arprot  = 3'b000;
assign m_axi_mm2s_arcache = 4'b0011;
assign m_axi_s2mm_awsize  = DATA_SIZE;
assign m_axi_s2mm_awburst = 2'b01;
assign m_axi_s2mm_awprot  = 3'b000;
assign m_axi_s2mm_awcache = 4'b0011;
assign m_axi_sg_arsize    = 3'b011;
assign m_axi_sg_arburst   = 2'b01;
assign m_axi_sg_arprot    = 3'b000;
assign m_axi_sg_arcache   = 4'b0011;
assign m_axi_sg_awsize    = 3'b011;
assign m_axi_sg_awburst   = 2'b01;
assign m_axi_sg_awprot    = 3'b000;
assign m_axi_sg_awcache   = 4'b0011;

// Soft reset: both channels' registers at once, the engines and what is at the other end of the streams when nothing is outstanding
localparam [3:0] LAST_RESET_CYCLE = 4'd15;

wire [1:0] reset_request;
wire [2:0] quiet;
reg        rst_reg;
reg        registers_rst_reg;
reg        engines_rst_reg;
reg        engines_resetn_reg;
reg        resetting_reg;
reg  [3:0] reset_cycle_reg;

wire engines_rst = !axi_resetn
    || (resetting_reg && (quiet == 3'b111 || engines_rst_reg) && reset_cycle_reg != LAST_RESET_CYCLE);

initial begin
    rst_reg            = 1'b1;
    registers_rst_reg  = 1'b1;
    engines_rst_reg    = 1'b1;
    engines_resetn_reg = 1'b0;
end

always @(posedge aclk) begin
    rst_reg            <= !axi_resetn;
    registers_rst_reg  <= !axi_resetn || reset_request != 0;
    engines_rst_reg    <= engines_rst;
    engines_resetn_reg <= !engines_rst;
    reset_cycle_reg    <= engines_rst_reg && axi_resetn ? reset_cycle_reg + 4'd1 : 4'd0;
    resetting_reg      <= axi_resetn && (reset_request != 0 || (resetting_reg && reset_cycle_reg != LAST_RESET_CYCLE));
end

assign mm2s_prmry_reset_out_n = engines_resetn_reg;
assign s2mm_prmry_reset_out_n = engines_resetn_reg;

// Registers: MM2S from 00h, S2MM from 30h; everything else reads zero and ignores writes. As in PG021 there are no byte strobes.
wire        axil_wr_en;
wire [7:0]  axil_wr_word;
wire [3:0]  axil_wr_strb;
wire        axil_rd_en;
wire [7:0]  axil_rd_word;
wire [31:0] wr_data;
wire [31:0] rd_data_mm2s;
wire [31:0] rd_data_s2mm;

wire [7:0]  wr_offset = axil_wr_word - CHANNEL_WORDS;
wire [7:0]  rd_offset = axil_rd_word - CHANNEL_WORDS;
wire        wr_mm2s   = axil_wr_word < CHANNEL_WORDS;
wire        rd_mm2s   = axil_rd_word < CHANNEL_WORDS;
wire        wr_s2mm   = !wr_mm2s && wr_offset < CHANNEL_WORDS;
wire        rd_s2mm   = !rd_mm2s && rd_offset < CHANNEL_WORDS;
wire [1:0]  wr_en     = {2{axil_wr_en}} & {wr_s2mm, wr_mm2s};
wire [3:0]  wr_word   = wr_mm2s ? axil_wr_word[3:0] : wr_offset[3:0];
wire [3:0]  rd_word   = rd_mm2s ? axil_rd_word[3:0] : rd_offset[3:0];
wire        unused_axil = &{1'b0, axil_wr_strb, axil_rd_en};

axil_slave #(.ADDR_W(10)) axil (
    .clk(aclk),
    .rst(rst_reg),
    .s_axil_awaddr(s_axi_lite_awaddr),
    .s_axil_awvalid(s_axi_lite_awvalid),
    .s_axil_awready(s_axi_lite_awready),
    .s_axil_wdata(s_axi_lite_wdata),
    .s_axil_wstrb(4'hF),
    .s_axil_wvalid(s_axi_lite_wvalid),
    .s_axil_wready(s_axi_lite_wready),
    .s_axil_bresp(s_axi_lite_bresp),
    .s_axil_bvalid(s_axi_lite_bvalid),
    .s_axil_bready(s_axi_lite_bready),
    .s_axil_araddr(s_axi_lite_araddr),
    .s_axil_arvalid(s_axi_lite_arvalid),
    .s_axil_arready(s_axi_lite_arready),
    .s_axil_rdata(s_axi_lite_rdata),
    .s_axil_rresp(s_axi_lite_rresp),
    .s_axil_rvalid(s_axi_lite_rvalid),
    .s_axil_rready(s_axi_lite_rready),
    .wr_en(axil_wr_en),
    .wr_word(axil_wr_word),
    .wr_data(wr_data),
    .wr_strb(axil_wr_strb),
    .rd_en(axil_rd_en),
    .rd_word(axil_rd_word),
    .rd_data((rd_data_mm2s & {32{rd_mm2s}}) | (rd_data_s2mm & {32{rd_s2mm}}))
);

// Memory to stream
wire                mm2s_start;
wire [ADDR_W-1:0]   mm2s_addr;
wire [LENGTH_W-1:0] mm2s_length;
wire                mm2s_last;
wire                mm2s_done;
wire [2:0]          mm2s_errors;

axi_dma_mm2s #(
    .ADDR_W(ADDR_W),
    .DATA_W(DATA_W),
    .LENGTH_W(LENGTH_W),
    .BURST(BURST),
    .OUTSTANDING(OUTSTANDING),
    .FIFO_DEPTH(FIFO_DEPTH),
    .SRAM_LATENCY(SRAM_LATENCY)
) mm2s (
    .clk(aclk),
    .rst(engines_rst_reg),
    .start(mm2s_start),
    .start_addr(mm2s_addr),
    .start_length(mm2s_length),
    .start_last(mm2s_last),
    .done(mm2s_done),
    .errors(mm2s_errors),
    .halt(resetting_reg),
    .quiet(quiet[0]),
    .m_axi_araddr(m_axi_mm2s_araddr),
    .m_axi_arlen(m_axi_mm2s_arlen),
    .m_axi_arvalid(m_axi_mm2s_arvalid),
    .m_axi_arready(m_axi_mm2s_arready),
    .m_axi_rdata(m_axi_mm2s_rdata),
    .m_axi_rresp(m_axi_mm2s_rresp),
    .m_axi_rlast(m_axi_mm2s_rlast),
    .m_axi_rvalid(m_axi_mm2s_rvalid),
    .m_axi_rready(m_axi_mm2s_rready),
    .m_axis_tdata(m_axis_mm2s_tdata),
    .m_axis_tkeep(m_axis_mm2s_tkeep),
    .m_axis_tlast(m_axis_mm2s_tlast),
    .m_axis_tvalid(m_axis_mm2s_tvalid),
    .m_axis_tready(m_axis_mm2s_tready)
);

// Stream to memory
wire                s2mm_start;
wire [ADDR_W-1:0]   s2mm_addr;
wire [LENGTH_W-1:0] s2mm_length;
wire                s2mm_done;
wire [2:0]          s2mm_errors;
wire                s2mm_waiting;
wire [LENGTH_W-1:0] s2mm_received;
wire                s2mm_received_last;

axi_dma_s2mm #(
    .ADDR_W(ADDR_W),
    .DATA_W(DATA_W),
    .LENGTH_W(LENGTH_W),
    .BURST(BURST),
    .OUTSTANDING(OUTSTANDING),
    .FIFO_DEPTH(FIFO_DEPTH),
    .SRAM_LATENCY(SRAM_LATENCY),
    .CHAINED(INCLUDE_SG)
) s2mm (
    .clk(aclk),
    .rst(engines_rst_reg),
    .start(s2mm_start),
    .start_addr(s2mm_addr),
    .start_length(s2mm_length),
    .done(s2mm_done),
    .errors(s2mm_errors),
    .waiting(s2mm_waiting),
    .received(s2mm_received),
    .received_last(s2mm_received_last),
    .halt(resetting_reg),
    .quiet(quiet[1]),
    .m_axi_awaddr(m_axi_s2mm_awaddr),
    .m_axi_awlen(m_axi_s2mm_awlen),
    .m_axi_awvalid(m_axi_s2mm_awvalid),
    .m_axi_awready(m_axi_s2mm_awready),
    .m_axi_wdata(m_axi_s2mm_wdata),
    .m_axi_wstrb(m_axi_s2mm_wstrb),
    .m_axi_wlast(m_axi_s2mm_wlast),
    .m_axi_wvalid(m_axi_s2mm_wvalid),
    .m_axi_wready(m_axi_s2mm_wready),
    .m_axi_bresp(m_axi_s2mm_bresp),
    .m_axi_bvalid(m_axi_s2mm_bvalid),
    .m_axi_bready(m_axi_s2mm_bready),
    .s_axis_tdata(s_axis_s2mm_tdata),
    .s_axis_tkeep(s_axis_s2mm_tkeep),
    .s_axis_tlast(s_axis_s2mm_tlast),
    .s_axis_tvalid(s_axis_s2mm_tvalid),
    .s_axis_tready(s_axis_s2mm_tready)
);

// Registers of direct-register mode, or the module with everything of scatter-gather mode
generate
    if (INCLUDE_SG == 0) begin : g_direct
        axi_dma_registers #(.ADDR_W(ADDR_W), .LENGTH_W(LENGTH_W)) mm2s_registers (
            .clk(aclk),
            .rst(registers_rst_reg),
            .wr_en(wr_en[0]),
            .wr_word(wr_word),
            .wr_data(wr_data),
            .rd_word(rd_word),
            .rd_data(rd_data_mm2s),
            .reset_request(reset_request[0]),
            .resetting(resetting_reg),
            .start(mm2s_start),
            .start_addr(mm2s_addr),
            .start_length(mm2s_length),
            .done(mm2s_done),
            .done_errors(mm2s_errors),
            .done_length(mm2s_length),
            .introut(mm2s_introut)
        );

        axi_dma_registers #(.ADDR_W(ADDR_W), .LENGTH_W(LENGTH_W)) s2mm_registers (
            .clk(aclk),
            .rst(registers_rst_reg),
            .wr_en(wr_en[1]),
            .wr_word(wr_word),
            .wr_data(wr_data),
            .rd_word(rd_word),
            .rd_data(rd_data_s2mm),
            .reset_request(reset_request[1]),
            .resetting(resetting_reg),
            .start(s2mm_start),
            .start_addr(s2mm_addr),
            .start_length(s2mm_length),
            .done(s2mm_done),
            .done_errors(s2mm_errors),
            .done_length(s2mm_received),
            .introut(s2mm_introut)
        );

        assign mm2s_last         = 1'b1;
        assign quiet[2]          = 1'b1;
        assign m_axi_sg_araddr   = {ADDR_W{1'b0}};
        assign m_axi_sg_arlen    = 8'd0;
        assign m_axi_sg_arvalid  = 1'b0;
        assign m_axi_sg_rready   = 1'b0;
        assign m_axi_sg_awaddr   = {ADDR_W{1'b0}};
        assign m_axi_sg_awlen    = 8'd0;
        assign m_axi_sg_awvalid  = 1'b0;
        assign m_axi_sg_wdata    = 64'd0;
        assign m_axi_sg_wstrb    = 8'd0;
        assign m_axi_sg_wlast    = 1'b0;
        assign m_axi_sg_wvalid   = 1'b0;
        assign m_axi_sg_bready   = 1'b0;
        wire unused_ok = &{1'b0, s2mm_waiting, s2mm_received_last, m_axi_sg_arready, m_axi_sg_rdata, m_axi_sg_rresp,
                           m_axi_sg_rlast, m_axi_sg_rvalid, m_axi_sg_awready, m_axi_sg_wready, m_axi_sg_bresp, m_axi_sg_bvalid};
    end else begin : g_sg
        axi_dma_sg #(.ADDR_W(ADDR_W), .LENGTH_W(LENGTH_W)) sg (
            .clk(aclk),
            .registers_rst(registers_rst_reg),
            .rst(engines_rst_reg),
            .resetting(resetting_reg),
            .quiet(quiet[2]),
            .wr_en(wr_en),
            .wr_word(wr_word),
            .wr_data(wr_data),
            .rd_word(rd_word),
            .rd_data_mm2s(rd_data_mm2s),
            .rd_data_s2mm(rd_data_s2mm),
            .reset_request(reset_request),
            .mm2s_start(mm2s_start),
            .mm2s_addr(mm2s_addr),
            .mm2s_length(mm2s_length),
            .mm2s_last(mm2s_last),
            .mm2s_done(mm2s_done),
            .mm2s_errors(mm2s_errors),
            .s2mm_waiting(s2mm_waiting),
            .s2mm_start(s2mm_start),
            .s2mm_addr(s2mm_addr),
            .s2mm_length(s2mm_length),
            .s2mm_done(s2mm_done),
            .s2mm_errors(s2mm_errors),
            .s2mm_received(s2mm_received),
            .s2mm_received_last(s2mm_received_last),
            .mm2s_introut(mm2s_introut),
            .s2mm_introut(s2mm_introut),
            .m_axi_araddr(m_axi_sg_araddr),
            .m_axi_arlen(m_axi_sg_arlen),
            .m_axi_arvalid(m_axi_sg_arvalid),
            .m_axi_arready(m_axi_sg_arready),
            .m_axi_rdata(m_axi_sg_rdata),
            .m_axi_rresp(m_axi_sg_rresp),
            .m_axi_rlast(m_axi_sg_rlast),
            .m_axi_rvalid(m_axi_sg_rvalid),
            .m_axi_rready(m_axi_sg_rready),
            .m_axi_awaddr(m_axi_sg_awaddr),
            .m_axi_awlen(m_axi_sg_awlen),
            .m_axi_awvalid(m_axi_sg_awvalid),
            .m_axi_awready(m_axi_sg_awready),
            .m_axi_wdata(m_axi_sg_wdata),
            .m_axi_wstrb(m_axi_sg_wstrb),
            .m_axi_wlast(m_axi_sg_wlast),
            .m_axi_wvalid(m_axi_sg_wvalid),
            .m_axi_wready(m_axi_sg_wready),
            .m_axi_bresp(m_axi_sg_bresp),
            .m_axi_bvalid(m_axi_sg_bvalid),
            .m_axi_bready(m_axi_sg_bready)
        );
    end
endgenerate

endmodule

`resetall
