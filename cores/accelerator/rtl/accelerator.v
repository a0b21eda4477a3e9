`resetall
`default_nettype none

/*
 * The accelerator: program in, results out, registers beside it.
 *
 *   s_axis -> decoder -> activation memory -> mac_array -> result buffer -> result stream -> m_axis
 *                    \-> weight store ----------^  |  ^
 *                     \-> sequencer --------------'  |  |
 *                      \-> threshold FIFO -> postproc <-'  (codes back to the activation memory)
 */
module accelerator #(
    // Rows and columns of the array: a power of two, 8 to 64
    parameter N = 8,
    // Columns of the array whose PEs are DSPs, two in one: even, 0 to N
    parameter DSP_COLUMNS = 0,
    // Rows after which a chain of DSPs is broken: 0 never
    parameter DSP_CHAIN = 0,
    // Bits of an accumulator: 28 to 32
    parameter ACC_W = 28,
    // Activation memory in words of N activations: 128 KiB, for N = 64 256 KiB
    parameter ACT_DEPTH = N > 32 ? 8192 : 262144 / N,
    // 1: the activation memory is UltraRAM, on UltraScale+
    parameter ACT_ULTRA = 0,
    // Accumulators in a column: output positions held at a time
    parameter ACC_DEPTH = 1024,
    // Weights held, in groups of STREAM_W bits, or a row's where these are more
    parameter WGT_DEPTH = 4096,
    // Threshold FIFO in beats
    parameter THR_DEPTH = 512,
    // Result positions held: a layer's whole tile where the next one's passes are many enough to send it meanwhile
    parameter OUT_DEPTH = N < 16 ? 1024 : 512,
    // CONV commands that the log holds
    parameter LOG_DEPTH = 512,
    // Bytes of the longest row of an image: a power of two, 128 to 8192
    parameter IMAGE_LINE = 2048,
    // Read latency of all memories: 1 or 2
    parameter SRAM_LATENCY = 2,
    // Bits of the streams: 64, or 128 for N of 16 and more
    parameter STREAM_W = 64,
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

    input  wire [STREAM_W-1:0] s_axis_tdata,
    input  wire        s_axis_tvalid,
    output wire        s_axis_tready,
    input  wire        s_axis_tlast,

    // Reset of what m_axis goes to; 1 where it has none of its own. A soft reset leaves a beat that waits at m_axis
    input  wire        m_axis_aresetn,
    output wire [STREAM_W-1:0]   m_axis_tdata,
    output wire [STREAM_W/8-1:0] m_axis_tkeep,
    output wire        m_axis_tvalid,
    input  wire        m_axis_tready,
    output wire        m_axis_tlast,

    output wire        irq
);

`include "program_format.vh"

localparam ACT_W        = 4;
localparam WGT_W        = 4;
localparam THR_W        = THRESHOLDS_T1_HIGH - THRESHOLDS_T1_LOW + 1;
localparam SETS         = 8;
localparam SET_W        = $clog2(SETS);
localparam WORD_W       = N * ACT_W;
localparam GROUP_W      = WORD_W > STREAM_W ? WORD_W : STREAM_W;
localparam BANKS        = GROUP_W / WORD_W;
localparam ROWS         = GROUP_W / (N * WGT_W);
localparam INDEX_W      = $clog2(N / ROWS);
localparam ACT_ADDR_W   = $clog2(ACT_DEPTH);
localparam GROUP_ADDR_W = $clog2(ACT_DEPTH / BANKS);
localparam ACC_ADDR_W   = $clog2(ACC_DEPTH);
localparam CFG_W        = 64 * CONV_BEATS;

// Words that a READ returns, held, and how many share a stream word
localparam READ_WORDS   = WORD_W < 128 ? 128 / WORD_W : 1;
localparam READ_DEPTH   = 64 / READ_WORDS;

// What travels with a position through the array: codes wanted, pooled, threshold set
localparam TAG_W        = 2 + SET_W;

generate
    if (STREAM_W != 64 && (STREAM_W != 128 || N < 16)) begin : g_check_stream_w
        ERROR_accelerator_STREAM_W_must_be_64_or_for_N_of_16_and_more_128 error();
    end
    if (N / ROWS < SRAM_LATENCY + 2) begin : g_check_pass
        ERROR_accelerator_a_pass_must_last_as_long_as_an_accumulator_takes error();
    end
endgenerate

wire clk = aclk;

// ---- resets: rst for all but the output, which has output_rst; engine_rst also while an error is kept
reg  rst, engine_rst, output_rst;
wire soft_reset;
wire error;
initial {rst, engine_rst, output_rst} = 3'b111;
always @(posedge clk) begin
    rst        <= !aresetn || soft_reset;
    engine_rst <= !aresetn || soft_reset || error;
    output_rst <= !aresetn || !m_axis_aresetn;
end

// ---- program in
wire [127:0] in_data;
wire         in_half, in_last, in_valid, in_ready;

stream_words #(.STREAM_W(STREAM_W)) input_words (
    .clk(clk), .rst(rst),
    .s_data(s_axis_tdata), .s_last(s_axis_tlast), .s_valid(s_axis_tvalid), .s_ready(s_axis_tready),
    .m_data(in_data), .m_half(in_half), .m_last(in_last), .m_valid(in_valid), .m_ready(in_ready)
);

wire                    ld_valid, ld_ready;
wire [GROUP_ADDR_W-1:0] ld_addr;
wire [GROUP_W-1:0]      ld_data;
wire                    image_header, image_valid, image_last, image_ready, image_done, image_refused, image_bad_length, image_overflow;
wire                    im_valid, im_ready;
wire [ACT_ADDR_W-1:0]   im_addr;
wire [WORD_W-1:0]       im_word;
wire [GROUP_W-1:0]      weight_group;
wire                    weight_end, weight_valid, weight_freed;
wire [STREAM_W-1:0]     thr_in_data;
wire                    thr_in_valid, thr_freed, thr_held, thr_valid, thr_ready;
wire                    cfg_valid, cfg_ready;
wire [CFG_W-1:0]        cfg_data;
wire [1:0]              cfg_mode = cfg_data[64*CONV_MODE_BEAT + CONV_MODE_LOW +: 2];
wire [15:0]             cfg_sequence, engine_error_sequence;
wire [23:0]             convs_issued;
wire                    engine_idle, engine_error, leftover_weights, leftover_thresholds;
wire [7:0]              engine_error_code;
wire                    trailer_request, trailer_done, program_start, loading, draining, finishing;
wire [31:0]             program_id, images_crc, program_crc;
wire [7:0]              error_code, last_opcode;
wire [15:0]             error_sequence, last_sequence;
wire [3:0]              decoder_state;

decoder #(
    .N(N), .ACT_W(ACT_W), .WGT_W(WGT_W), .ACC_W(ACC_W), .ACT_DEPTH(ACT_DEPTH), .STREAM_W(STREAM_W), .GROUP_W(GROUP_W),
    .WGT_DEPTH(WGT_DEPTH), .TILE_GROUPS(N / ROWS), .THR_DEPTH(THR_DEPTH)
) u_decoder (
    .clk(clk), .rst(rst),
    .s_data(in_data), .s_half(in_half), .s_last(in_last), .s_valid(in_valid), .s_ready(in_ready),
    .act_wr_valid(ld_valid), .act_wr_ready(ld_ready), .act_wr_addr(ld_addr), .act_wr_data(ld_data),
    .image_header(image_header), .image_valid(image_valid), .image_last(image_last), .image_ready(image_ready), .image_done(image_done),
    .image_refused(image_refused), .image_bad_length(image_bad_length), .image_overflow(image_overflow),
    .weight_group(weight_group), .weight_end(weight_end), .weight_valid(weight_valid), .weight_freed(weight_freed),
    .thr_data(thr_in_data), .thr_valid(thr_in_valid), .thr_freed(thr_freed),
    .cfg_valid(cfg_valid), .cfg_ready(cfg_ready),
    .cfg_data(cfg_data), .cfg_sequence(cfg_sequence),
    .convs_issued(convs_issued), .engine_idle(engine_idle),
    .leftovers(leftover_weights || leftover_thresholds), .leftover_weights(leftover_weights),
    .engine_error(engine_error), .engine_error_code(engine_error_code),
    .engine_error_sequence(engine_error_sequence),
    .trailer_request(trailer_request), .trailer_done(trailer_done), .images_crc(images_crc), .program_crc(program_crc),
    .program_start(program_start), .program_id(program_id),
    .error(error), .error_code(error_code), .error_sequence(error_sequence),
    .last_opcode(last_opcode), .last_sequence(last_sequence), .loading(loading), .draining(draining), .finishing(finishing),
    .state(decoder_state)
);

image_folder #(.N(N), .ACT_DEPTH(ACT_DEPTH), .IMAGE_LINE(IMAGE_LINE)) u_image_folder (
    .clk(clk), .rst(engine_rst),
    .s_word(in_data), .s_header(image_header), .s_last(image_last), .s_valid(image_valid), .s_ready(image_ready), .convs_issued(convs_issued),
    .wr_valid(im_valid), .wr_ready(im_ready), .wr_addr(im_addr), .wr_word(im_word),
    .finished(image_done), .refused(image_refused), .bad_length(image_bad_length), .overflow(image_overflow)
);

// ---- positions
wire                  seq_cfg_ready, post_cfg_ready;
wire                  set_ready, set_take;
wire [SET_W-1:0]      set;
wire [23:0]           tiles_done;
wire                  result_freed, result_empty, result_reserve, read_freed, read_empty, read_reserve;
wire [15:0]           issue_sequence;
wire                  tile_ready, tile_last, tile_take, tile_torn;
wire                  issue_valid, issue_read, issue_swap, issue_zero, issue_first, issue_last, issue_relu;
wire                  issue_codes, issue_pool, issue_raise, issue_final;
wire [ACT_ADDR_W-1:0] issue_act_addr;
wire [ACC_ADDR_W-1:0] issue_acc_addr;
wire                  stall_weights, stall_activations, stall_thresholds, stall_output;
wire                  error_act_overflow, error_acc_overflow, error_weights_short, error_weights_long, error_write_overflow;

// A descriptor goes to the sequencer and, if codes are written, to the post-processor in the same cycle.
assign cfg_ready = seq_cfg_ready && post_cfg_ready;

sequencer #(
    .ACT_DEPTH(ACT_DEPTH), .ACC_DEPTH(ACC_DEPTH), .OUT_DEPTH(OUT_DEPTH), .READ_DEPTH(READ_DEPTH), .READ_WORDS(READ_WORDS), .CFG_W(CFG_W)
) u_sequencer (
    .clk(clk), .rst(engine_rst), .clear(program_start),
    .cfg_valid(cfg_valid && post_cfg_ready), .cfg_ready(seq_cfg_ready),
    .cfg_data(cfg_data), .cfg_sequence(cfg_sequence),
    .tile_ready(tile_ready), .tile_last(tile_last), .tile_take(tile_take),
    .tiles_done(tiles_done), .set_ready(set_ready), .set_take(set_take),
    .result_freed(result_freed), .result_empty(result_empty), .result_reserve(result_reserve),
    .read_freed(read_freed), .read_reserve(read_reserve),
    .issue_valid(issue_valid), .issue_read(issue_read), .issue_swap(issue_swap), .issue_zero(issue_zero),
    .issue_act_addr(issue_act_addr), .issue_first(issue_first), .issue_last(issue_last), .issue_relu(issue_relu),
    .issue_codes(issue_codes), .issue_pool(issue_pool), .issue_raise(issue_raise), .issue_final(issue_final),
    .issue_acc_addr(issue_acc_addr), .convs_issued(convs_issued),
    .stall_weights(stall_weights), .stall_activations(stall_activations), .stall_thresholds(stall_thresholds),
    .stall_output(stall_output),
    .error_act_overflow(error_act_overflow), .error_acc_overflow(error_acc_overflow),
    .error_weights_short(error_weights_short), .error_weights_long(error_weights_long),
    .error_sequence(issue_sequence)
);

// ---- weights
wire               array_load_valid;
wire [INDEX_W-1:0] array_load_index;
wire [GROUP_W-1:0] array_load_data;

weight_store #(.N(N), .ROWS(ROWS), .GROUP_W(GROUP_W), .DEPTH(WGT_DEPTH), .LATENCY(SRAM_LATENCY)) u_weight_store (
    .clk(clk), .rst(engine_rst),
    .s_group(weight_group), .s_end(weight_end), .s_valid(weight_valid), .freed(weight_freed),
    .tile_ready(tile_ready), .tile_last(tile_last), .tile_take(tile_take), .swap(issue_swap),
    .leftover(leftover_weights), .torn(tile_torn),
    .load_valid(array_load_valid), .load_index(array_load_index), .load_data(array_load_data)
);

// ---- activations; everything else that was issued waits for the memory
wire                  wr_valid, wr_none;
wire [ACT_ADDR_W-1:0] wr_addr;
wire [WORD_W-1:0]     wr_word;
wire [WORD_W-1:0]     act_data;
reg  [SET_W-1:0]      issue_set_reg;
wire                  array_valid, array_swap, array_first, array_last, array_relu, array_raise, array_final, act_read, act_read_last;
wire [TAG_W-1:0]      array_tag;
wire [ACC_ADDR_W-1:0] array_acc_addr;

act_buffer #(.WORD_W(WORD_W), .DEPTH(ACT_DEPTH), .BANKS(BANKS), .LATENCY(SRAM_LATENCY), .ULTRA(ACT_ULTRA)) u_act_buffer (
    .clk(clk), .rst(rst),
    .wr_valid(wr_valid), .wr_none(wr_none), .wr_addr(wr_addr), .wr_word(wr_word),
    .ld_valid(ld_valid), .ld_ready(ld_ready), .ld_addr(ld_addr), .ld_data(ld_data),
    .im_valid(im_valid), .im_ready(im_ready), .im_addr(im_addr), .im_word(im_word),
    .rd_zero(issue_zero), .rd_addr(issue_act_addr), .rd_data(act_data)
);

// The set that a last pass claims, from its first position on
always @(posedge clk) if (set_take) issue_set_reg <= set;

delay_line #(.WIDTH(3), .CYCLES(SRAM_LATENCY), .RESETTABLE(1)) delay_valid (
    .clk(clk), .rst(engine_rst),
    .in({issue_valid, issue_read, issue_swap}), .out({array_valid, act_read, array_swap}));
delay_line #(.WIDTH(TAG_W + ACC_ADDR_W + 6), .CYCLES(SRAM_LATENCY)) delay_command (
    .clk(clk), .rst(engine_rst),
    .in({issue_codes, issue_pool, issue_set_reg, issue_first, issue_last, issue_relu, issue_raise, issue_final && issue_valid,
         issue_final, issue_acc_addr}),
    .out({array_tag, array_first, array_last, array_relu, array_raise, array_final, act_read_last, array_acc_addr}));

// ---- array
wire [N-1:0]       out_valid;
wire [N*ACC_W-1:0] out_data;
wire [N*TAG_W-1:0] out_tag;
wire               out_final;

mac_array #(
    .N(N), .ROWS(ROWS), .DSP_COLUMNS(DSP_COLUMNS), .DSP_CHAIN(DSP_CHAIN), .ACT_W(ACT_W), .WGT_W(WGT_W), .ACC_W(ACC_W),
    .ACC_DEPTH(ACC_DEPTH), .SRAM_LATENCY(SRAM_LATENCY), .TAG_W(TAG_W)
) u_mac_array (
    .clk(clk), .rst(engine_rst),
    .load_valid(array_load_valid), .load_index(array_load_index), .load_data(array_load_data),
    .act_data(act_data), .act_swap(array_swap),
    .acc_valid(array_valid), .acc_first(array_first), .acc_last(array_last), .acc_relu(array_relu), .acc_raise(array_raise),
    .acc_final(array_final), .acc_tag(array_tag), .acc_addr(array_acc_addr),
    .out_valid(out_valid), .out_data(out_data), .out_tag(out_tag), .out_final(out_final)
);

wire [N-1:0]       out_codes;
wire [N*SET_W-1:0] out_set;
genvar c;
generate
    for (c = 0; c < N; c = c + 1) begin : g_tag
        assign out_codes[c]              = out_tag[c*TAG_W + TAG_W - 1];
        assign out_set[c*SET_W +: SET_W] = out_tag[c*TAG_W +: SET_W];
    end
endgenerate

// ---- codes, back to the activation memory
wire [63:0] thr_data;
wire        thr_pending, post_busy;
wire [15:0] write_sequence;

threshold_fifo #(.STREAM_W(STREAM_W), .DEPTH(THR_DEPTH), .LATENCY(SRAM_LATENCY)) u_threshold_fifo (
    .clk(clk), .rst(engine_rst),
    .s_data(thr_in_data), .s_valid(thr_in_valid), .freed(thr_freed), .held(thr_held),
    .m_data(thr_data), .m_valid(thr_valid), .m_ready(thr_ready)
);

postproc #(
    .N(N), .DSP_COLUMNS(DSP_COLUMNS), .ACC_W(ACC_W), .CODE_W(ACT_W), .THR_W(THR_W), .SETS(SETS), .ACT_DEPTH(ACT_DEPTH)
) u_postproc (
    .clk(clk), .rst(engine_rst), .clear(program_start),
    .s_thr_data(thr_data), .s_thr_valid(thr_valid), .s_thr_ready(thr_ready), .thr_pending(thr_pending),
    .set_ready(set_ready), .set(set), .set_take(set_take),
    .in_valid(out_valid & out_codes), .in_data(out_data), .in_set(out_set), .in_pool(out_tag[(N-1)*TAG_W + TAG_W - 2]),
    .cfg_valid(cfg_valid && seq_cfg_ready && cfg_mode == MODE_CODES), .cfg_ready(post_cfg_ready),
    .cfg_data(cfg_data), .cfg_sequence(cfg_sequence),
    .wr_valid(wr_valid), .wr_none(wr_none), .wr_addr(wr_addr), .wr_word(wr_word),
    .tiles_done(tiles_done), .busy(post_busy), .error_overflow(error_write_overflow), .error_sequence(write_sequence)
);

assign leftover_thresholds = thr_held || thr_pending;

// ---- results: what a READ brings goes before raw ones, because a READ starts only when no raw result is left; the next come when it is gone
wire [127:0] raw_data, read_data, out_word;
wire         raw_valid, raw_ready, read_valid, result_ready, out_word_valid, out_word_ready;

result_buffer #(.N(N), .DSP_COLUMNS(DSP_COLUMNS), .ACC_W(ACC_W), .DEPTH(OUT_DEPTH), .LATENCY(SRAM_LATENCY)) u_result_buffer (
    .clk(clk), .rst(engine_rst),
    .reserve(result_reserve), .freed(result_freed),
    .in_valid(out_valid & ~out_codes), .in_data(out_data),
    .m_data(raw_data), .m_valid(raw_valid), .m_ready(raw_ready), .empty(result_empty)
);

read_buffer #(.WORD_W(WORD_W), .DEPTH(READ_DEPTH)) u_read_buffer (
    .clk(clk), .rst(engine_rst),
    .reserve(read_reserve), .freed(read_freed),
    .in_valid(act_read), .in_last(act_read_last), .in_word(act_data),
    .m_data(read_data), .m_valid(read_valid), .m_ready(result_ready), .empty(read_empty)
);

stream_register #(.WIDTH(128)) result_register (
    .clk(clk), .rst(rst),
    .s_data(read_empty ? raw_data : read_data), .s_valid(read_empty ? raw_valid : read_valid), .s_ready(result_ready),
    .m_data(out_word), .m_valid(out_word_valid), .m_ready(out_word_ready)
);

assign raw_ready = result_ready && read_empty;

result_stream #(.STREAM_W(STREAM_W)) u_result_stream (
    .clk(clk), .rst(rst), .m_rst(output_rst),
    .s_data(out_word), .s_valid(out_word_valid), .s_ready(out_word_ready),
    .trailer_request(trailer_request), .trailer_done(trailer_done),
    .error_code(error_code), .error_sequence(error_sequence), .images_crc(images_crc), .program_crc(program_crc),
    .m_data(m_axis_tdata), .m_last(m_axis_tlast), .m_valid(m_axis_tvalid), .m_ready(m_axis_tready)
);

assign m_axis_tkeep = {STREAM_W/8{1'b1}};

// ---- status
accelerator_status #(
    .ARRAY({ACC_W[7:0], WGT_W[7:0], ACT_W[7:0], N[7:0]}),
    .ACT_DEPTH(ACT_DEPTH), .ACC_DEPTH(ACC_DEPTH), .DEPTHS({OUT_DEPTH[15:0], WGT_DEPTH[15:0]}),
    .FORMAT({8'd0, SRAM_LATENCY[7:0], BEGIN_FORMAT_VERSION[15:0]}), .BUILD_HASH(BUILD_HASH),
    .POSTPROC({THR_DEPTH[15:0], SETS[7:0], THR_W[7:0]}), .STYLE({8'd0, STREAM_W[7:0], DSP_CHAIN[7:0], DSP_COLUMNS[7:0]}),
    .STREAM_W(STREAM_W), .LOG_DEPTH(LOG_DEPTH), .SRAM_LATENCY(SRAM_LATENCY)
) u_status (
    .clk(clk), .aresetn(aresetn), .rst(rst), .engine_rst(engine_rst),
    .s_axil_awaddr(s_axil_awaddr), .s_axil_awprot(s_axil_awprot), .s_axil_awvalid(s_axil_awvalid), .s_axil_awready(s_axil_awready),
    .s_axil_wdata(s_axil_wdata), .s_axil_wstrb(s_axil_wstrb), .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready),
    .s_axil_bresp(s_axil_bresp), .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready),
    .s_axil_araddr(s_axil_araddr), .s_axil_arprot(s_axil_arprot), .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready),
    .s_axil_rdata(s_axil_rdata), .s_axil_rresp(s_axil_rresp), .s_axil_rvalid(s_axil_rvalid), .s_axil_rready(s_axil_rready),
    .soft_reset(soft_reset), .irq(irq),
    .in_beat(s_axis_tvalid), .in_valid(in_valid), .in_ready(in_ready), .out_valid(m_axis_tvalid), .out_ready(m_axis_tready),
    .program_start(program_start), .program_id(program_id),
    .cfg_valid(cfg_valid), .cfg_ready(cfg_ready),
    .loading(loading), .draining(draining), .finishing(finishing), .trailer_request(trailer_request), .trailer_done(trailer_done),
    .error(error), .error_code(error_code), .error_sequence(error_sequence),
    .last_opcode(last_opcode), .last_sequence(last_sequence), .decoder_state(decoder_state),
    .issue_valid(issue_valid), .issue_read(issue_read), .issue_final(issue_final), .out_final(out_final),
    .load_valid(array_load_valid), .wr_valid(wr_valid), .image_moves(im_valid && im_ready), .thr_moves(thr_valid && thr_ready),
    .stall_weights(stall_weights), .stall_activations(stall_activations), .stall_thresholds(stall_thresholds),
    .stall_output(stall_output),
    .post_busy(post_busy), .result_empty(result_empty), .read_empty(read_empty),
    .error_act_overflow(error_act_overflow), .error_acc_overflow(error_acc_overflow),
    .error_weights_short(error_weights_short), .error_weights_long(error_weights_long), .error_weights_torn(tile_torn),
    .issue_sequence(issue_sequence),
    .error_write_overflow(error_write_overflow), .write_sequence(write_sequence),
    .engine_idle(engine_idle), .engine_error(engine_error), .engine_error_code(engine_error_code),
    .engine_error_sequence(engine_error_sequence)
);

endmodule

`resetall
