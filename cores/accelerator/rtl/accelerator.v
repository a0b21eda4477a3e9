`resetall
`default_nettype none

/*
 * The accelerator: program in, results out, registers beside it.
 *
 *   s_axis -> decoder -> activation memory -> mac_array -> result buffer -> result stream -> m_axis
 *                    \-> weight FIFO -> loader --^
 *                     \-> sequencer (addresses, swap, accumulator commands)
 */
module accelerator #(
    // Rows and columns of the array: 8, 16 or 32
    parameter N = 8,
    // Bits of an accumulator: 28 to 32
    parameter ACC_W = 28,
    // Activation memory in words of N activations
    parameter ACT_DEPTH = 8192,
    // Accumulators in a column: output positions held at a time
    parameter ACC_DEPTH = 1024,
    // Weight FIFO in groups of 64 bits (128 for N = 32)
    parameter WGT_DEPTH = 512,
    // Result positions held
    parameter OUT_DEPTH = 64,
    // Read latency of all memories: 1 or 2
    parameter SRAM_LATENCY = 2,
    // Identifies the build
    parameter [31:0] BUILD_HASH = 32'd0
) (
    input  wire        aclk,
    input  wire        aresetn,

    input  wire [11:0] s_axil_awaddr,
    input  wire [2:0]  s_axil_awprot,
    input  wire        s_axil_awvalid,
    output wire        s_axil_awready,
    input  wire [31:0] s_axil_wdata,
    input  wire [3:0]  s_axil_wstrb,
    input  wire        s_axil_wvalid,
    output wire        s_axil_wready,
    output wire [1:0]  s_axil_bresp,
    output wire        s_axil_bvalid,
    input  wire        s_axil_bready,
    input  wire [11:0] s_axil_araddr,
    input  wire [2:0]  s_axil_arprot,
    input  wire        s_axil_arvalid,
    output wire        s_axil_arready,
    output wire [31:0] s_axil_rdata,
    output wire [1:0]  s_axil_rresp,
    output wire        s_axil_rvalid,
    input  wire        s_axil_rready,

    input  wire [63:0] s_axis_tdata,
    input  wire        s_axis_tvalid,
    output wire        s_axis_tready,
    input  wire        s_axis_tlast,

    output wire [63:0] m_axis_tdata,
    output wire [7:0]  m_axis_tkeep,
    output wire        m_axis_tvalid,
    input  wire        m_axis_tready,
    output wire        m_axis_tlast,

    output wire        irq
);

`include "accelerator_registers.vh"

localparam ACT_W        = 4;
localparam WGT_W        = 4;
localparam WORD_W       = N * ACT_W;
localparam GROUP_W      = WORD_W > 64 ? WORD_W : 64;
localparam BANKS        = GROUP_W / WORD_W;
localparam ROWS         = GROUP_W / (N * WGT_W);
localparam INDEX_W      = $clog2(N / ROWS);
localparam ACT_ADDR_W   = $clog2(ACT_DEPTH);
localparam GROUP_ADDR_W = $clog2(ACT_DEPTH / BANKS);
localparam ACC_ADDR_W   = $clog2(ACC_DEPTH);

wire clk = aclk;

// ---- resets: rst for all, engine_rst also while an error is kept
reg  rst;
wire soft_reset;
wire error;
initial rst = 1'b1;
always @(posedge clk) rst <= !aresetn || soft_reset;
wire engine_rst = rst || error;

// ---- program in
wire [63:0] in_data;
wire        in_last, in_valid, in_ready;

stream_register #(.WIDTH(65)) input_register (
    .clk(clk), .rst(rst),
    .s_data({s_axis_tlast, s_axis_tdata}), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready),
    .m_data({in_last, in_data}), .m_valid(in_valid), .m_ready(in_ready)
);

wire                    act_wr_en;
wire [GROUP_ADDR_W-1:0] act_wr_addr;
wire [GROUP_W-1:0]      act_wr_data;
wire [GROUP_W-1:0]      weight_group;
wire                    weight_end, weight_valid, weight_ready, weight_first_beat;
wire                    cfg_valid, cfg_ready, cfg_stride_2, cfg_relu;
wire [15:0]             cfg_in_h, cfg_in_w, cfg_out_h, cfg_out_w, cfg_ic_tiles, cfg_oc_tiles, cfg_images;
wire [2:0]              cfg_kernel_h, cfg_kernel_w;
wire [1:0]              cfg_padding;
wire [31:0]             cfg_act_base, cfg_tile_stride, cfg_image_stride;
wire                    engine_idle, engine_error;
wire [7:0]              engine_error_code;
wire                    trailer_request, trailer_done, program_start, loading, draining;
wire [31:0]             program_id;
wire [7:0]              error_code, last_opcode;
wire [15:0]             error_sequence, last_sequence;
wire [3:0]              decoder_state;

decoder #(
    .N(N), .ACT_W(ACT_W), .WGT_W(WGT_W), .ACC_W(ACC_W), .ACT_DEPTH(ACT_DEPTH), .GROUP_W(GROUP_W)
) u_decoder (
    .clk(clk), .rst(rst),
    .s_data(in_data), .s_last(in_last), .s_valid(in_valid), .s_ready(in_ready),
    .act_wr_en(act_wr_en), .act_wr_addr(act_wr_addr), .act_wr_data(act_wr_data),
    .weight_group(weight_group), .weight_end(weight_end), .weight_valid(weight_valid), .weight_ready(weight_ready),
    .weight_first_beat(weight_first_beat),
    .cfg_valid(cfg_valid), .cfg_ready(cfg_ready),
    .cfg_in_h(cfg_in_h), .cfg_in_w(cfg_in_w), .cfg_out_h(cfg_out_h), .cfg_out_w(cfg_out_w),
    .cfg_ic_tiles(cfg_ic_tiles), .cfg_oc_tiles(cfg_oc_tiles), .cfg_images(cfg_images),
    .cfg_kernel_h(cfg_kernel_h), .cfg_kernel_w(cfg_kernel_w), .cfg_stride_2(cfg_stride_2), .cfg_padding(cfg_padding),
    .cfg_act_base(cfg_act_base), .cfg_tile_stride(cfg_tile_stride), .cfg_image_stride(cfg_image_stride), .cfg_relu(cfg_relu),
    .engine_idle(engine_idle), .engine_error(engine_error), .engine_error_code(engine_error_code),
    .trailer_request(trailer_request), .trailer_done(trailer_done),
    .program_start(program_start), .program_id(program_id),
    .error(error), .error_code(error_code), .error_sequence(error_sequence),
    .last_opcode(last_opcode), .last_sequence(last_sequence), .loading(loading), .draining(draining), .state(decoder_state)
);

// ---- weights
wire [GROUP_W-1:0] fifo_group;
wire               fifo_end, fifo_valid, fifo_ready;
wire               tile_ready, tile_last, tile_take, tile_torn;
wire               load_valid, array_load_valid;
wire [INDEX_W-1:0] load_index, array_load_index;
wire [GROUP_W-1:0] load_data, array_load_data;

stream_fifo #(.WIDTH(GROUP_W + 1), .DEPTH(WGT_DEPTH), .LATENCY(SRAM_LATENCY)) weight_fifo (
    .clk(clk), .rst(engine_rst),
    .s_data({weight_end, weight_group}), .s_valid(weight_valid), .s_ready(weight_ready),
    .m_data({fifo_end, fifo_group}), .m_valid(fifo_valid), .m_ready(fifo_ready)
);

weight_loader #(.N(N), .ROWS(ROWS), .GROUP_W(GROUP_W)) u_weight_loader (
    .clk(clk), .rst(engine_rst),
    .s_group(fifo_group), .s_end(fifo_end), .s_valid(fifo_valid), .s_ready(fifo_ready),
    .tile_ready(tile_ready), .tile_last(tile_last), .tile_take(tile_take), .torn(tile_torn),
    .load_valid(load_valid), .load_index(load_index), .load_data(load_data)
);

// ---- positions
wire                  result_space, result_reserve;
wire                  issue_valid, issue_swap, issue_zero, issue_first, issue_last, issue_relu, issue_final;
wire [ACT_ADDR_W-1:0] issue_act_addr;
wire [ACC_ADDR_W-1:0] issue_acc_addr;
wire                  stall_weights, stall_output;
wire                  error_act_overflow, error_acc_overflow, error_weights_short, error_weights_long;

sequencer #(.ACT_DEPTH(ACT_DEPTH), .ACC_DEPTH(ACC_DEPTH)) u_sequencer (
    .clk(clk), .rst(engine_rst),
    .cfg_valid(cfg_valid), .cfg_ready(cfg_ready),
    .cfg_in_h(cfg_in_h), .cfg_in_w(cfg_in_w), .cfg_out_h(cfg_out_h), .cfg_out_w(cfg_out_w),
    .cfg_ic_tiles(cfg_ic_tiles), .cfg_oc_tiles(cfg_oc_tiles), .cfg_images(cfg_images),
    .cfg_kernel_h(cfg_kernel_h), .cfg_kernel_w(cfg_kernel_w), .cfg_stride_2(cfg_stride_2), .cfg_padding(cfg_padding),
    .cfg_act_base(cfg_act_base), .cfg_tile_stride(cfg_tile_stride), .cfg_image_stride(cfg_image_stride), .cfg_relu(cfg_relu),
    .tile_ready(tile_ready), .tile_last(tile_last), .tile_take(tile_take),
    .result_space(result_space), .result_reserve(result_reserve),
    .issue_valid(issue_valid), .issue_swap(issue_swap), .issue_zero(issue_zero), .issue_act_addr(issue_act_addr),
    .issue_first(issue_first), .issue_last(issue_last), .issue_relu(issue_relu), .issue_final(issue_final),
    .issue_acc_addr(issue_acc_addr),
    .stall_weights(stall_weights), .stall_output(stall_output),
    .error_act_overflow(error_act_overflow), .error_acc_overflow(error_acc_overflow),
    .error_weights_short(error_weights_short), .error_weights_long(error_weights_long)
);

assign engine_error      = error_act_overflow || error_acc_overflow || error_weights_short || tile_torn || error_weights_long;
assign engine_error_code = error_act_overflow ? ERROR_ACT_OVERFLOW :
                           error_acc_overflow ? ERROR_ACC_OVERFLOW :
                           error_weights_long ? ERROR_WEIGHTS_LONG : ERROR_WEIGHTS_SHORT;

// ---- activations; everything else that was issued waits for the memory
wire [WORD_W-1:0]     act_data;
wire                  array_valid, array_swap, array_first, array_last, array_relu, array_final;
wire [ACC_ADDR_W-1:0] array_acc_addr;

act_buffer #(.WORD_W(WORD_W), .DEPTH(ACT_DEPTH), .BANKS(BANKS), .LATENCY(SRAM_LATENCY)) u_act_buffer (
    .clk(clk), .rst(rst),
    .wr_en(act_wr_en), .wr_addr(act_wr_addr), .wr_data(act_wr_data),
    .rd_zero(issue_zero), .rd_addr(issue_act_addr), .rd_data(act_data)
);

delay_line #(.WIDTH(3), .CYCLES(SRAM_LATENCY), .RESETTABLE(1)) delay_valid (
    .clk(clk), .rst(engine_rst),
    .in({issue_valid, issue_swap, load_valid}), .out({array_valid, array_swap, array_load_valid}));
delay_line #(.WIDTH(ACC_ADDR_W + 4), .CYCLES(SRAM_LATENCY)) delay_command (
    .clk(clk), .rst(engine_rst),
    .in({issue_first, issue_last, issue_relu, issue_final, issue_acc_addr}),
    .out({array_first, array_last, array_relu, array_final, array_acc_addr}));
delay_line #(.WIDTH(INDEX_W + GROUP_W), .CYCLES(SRAM_LATENCY)) delay_weights (
    .clk(clk), .rst(engine_rst),
    .in({load_index, load_data}), .out({array_load_index, array_load_data}));

// ---- array
wire [N-1:0]       out_valid;
wire [N*ACC_W-1:0] out_data;
wire               out_final;

mac_array #(
    .N(N), .ROWS(ROWS), .ACT_W(ACT_W), .WGT_W(WGT_W), .ACC_W(ACC_W), .ACC_DEPTH(ACC_DEPTH), .SRAM_LATENCY(SRAM_LATENCY)
) u_mac_array (
    .clk(clk), .rst(engine_rst),
    .load_valid(array_load_valid), .load_index(array_load_index), .load_data(array_load_data),
    .act_data(act_data), .act_swap(array_swap),
    .acc_valid(array_valid), .acc_first(array_first), .acc_last(array_last), .acc_relu(array_relu), .acc_final(array_final),
    .acc_addr(array_acc_addr),
    .out_valid(out_valid), .out_data(out_data), .out_final(out_final)
);

// ---- results
wire [63:0] result_data;
wire        result_valid, result_ready, result_empty;

result_buffer #(.N(N), .ACC_W(ACC_W), .DEPTH(OUT_DEPTH), .LATENCY(SRAM_LATENCY)) u_result_buffer (
    .clk(clk), .rst(engine_rst),
    .reserve(result_reserve), .space(result_space),
    .in_valid(out_valid), .in_data(out_data),
    .m_data(result_data), .m_valid(result_valid), .m_ready(result_ready), .empty(result_empty)
);

result_stream u_result_stream (
    .clk(clk), .rst(rst),
    .s_data(result_data), .s_valid(result_valid), .s_ready(result_ready),
    .trailer_request(trailer_request), .trailer_done(trailer_done),
    .error_code(error_code), .error_sequence(error_sequence), .program_id(program_id),
    .m_data(m_axis_tdata), .m_last(m_axis_tlast), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready)
);

assign m_axis_tkeep = 8'hFF;

// ---- state
reg  [1:0] open_layers_reg;     // CONV commands between their first weight beat and their last result
reg        running_reg;         // a program is between its first beat and the end of its trailer
reg        done_reg;
wire       layer_open  = open_layers_reg != 2'd0;

assign engine_idle = cfg_ready && !layer_open && result_empty;

always @(posedge clk) begin
    open_layers_reg <= open_layers_reg + {1'b0, weight_first_beat} - {1'b0, out_final};
    if (engine_rst) open_layers_reg <= 2'd0;
    if (trailer_done) {running_reg, done_reg} <= 2'b01;
    if (program_start) {running_reg, done_reg} <= 2'b10;
    if (rst) {running_reg, done_reg} <= 2'b00;
end

reg [1:0] engine_state;
always @* begin
    if (!layer_open) engine_state = ENGINE_IDLE;
    else if (stall_output) engine_state = ENGINE_OUTPUT_BLOCKED;
    else if (stall_weights) engine_state = ENGINE_WAITS_FOR_WEIGHTS;
    else engine_state = ENGINE_RUNS;
end

wire output_blocked = m_axis_tvalid && !m_axis_tready;
wire input_starved  = in_ready && !in_valid;

// ---- counters, in the order of the register map; program_start comes one cycle after the program's first beat
localparam COUNTERS = 8;

reg                    beat_in_reg;
wire                   beat_out = m_axis_tvalid && m_axis_tready;
wire [COUNTERS*64-1:0] counters;
wire [COUNTERS-1:0]    count = {COUNTERS{running_reg || program_start}} & {
    beat_out,
    beat_in_reg,
    stall_output,
    loading && !layer_open,
    stall_weights,
    issue_valid,
    layer_open || weight_first_beat,
    1'b1
};

always @(posedge clk) beat_in_reg <= in_valid && in_ready && !rst;

performance_counters #(.COUNTERS(COUNTERS)) u_performance_counters (
    .clk(clk), .clear(program_start || !aresetn), .count(count), .value(counters)
);

// ---- registers
localparam [15:0] FORMAT_VERSION = 16'd1;

axil_registers #(
    .ARRAY({ACC_W[7:0], WGT_W[7:0], ACT_W[7:0], N[7:0]}),
    .ACT_DEPTH(ACT_DEPTH), .ACC_DEPTH(ACC_DEPTH), .DEPTHS({OUT_DEPTH[15:0], WGT_DEPTH[15:0]}),
    .FORMAT({8'd0, SRAM_LATENCY[7:0], FORMAT_VERSION}), .BUILD_HASH(BUILD_HASH), .COUNTERS(COUNTERS)
) u_axil_registers (
    .clk(clk), .rst(!aresetn),
    .s_axil_awaddr(s_axil_awaddr), .s_axil_awprot(s_axil_awprot), .s_axil_awvalid(s_axil_awvalid), .s_axil_awready(s_axil_awready),
    .s_axil_wdata(s_axil_wdata), .s_axil_wstrb(s_axil_wstrb), .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready),
    .s_axil_bresp(s_axil_bresp), .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready),
    .s_axil_araddr(s_axil_araddr), .s_axil_arprot(s_axil_arprot), .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready),
    .s_axil_rdata(s_axil_rdata), .s_axil_rresp(s_axil_rresp), .s_axil_rvalid(s_axil_rvalid), .s_axil_rready(s_axil_rready),
    .soft_reset(soft_reset), .irq(irq),
    .event_done(trailer_done && !error), .event_error(trailer_done && error),
    .status({14'd0, input_starved, output_blocked, 2'd0, engine_state, decoder_state, 4'd0, draining, error, done_reg, running_reg}),
    .error({error_sequence, 8'd0, error_code}),
    .command({last_sequence, 8'd0, last_opcode}),
    .program_id(program_id), .counters(counters)
);

endmodule

`resetall
