`resetall
`default_nettype none

/*
 * From sums to the next layer's activations: thresholds in each column, skew taken out, max-pooling, addresses.
 *
 *   columns' sums, column_delay(c) cycles late -> threshold_column -> deskew -> max_pool -> writeback -> activation memory
 *   threshold beats -> threshold_loader --^
 */
module postproc #(
    // Columns
    parameter N = 8,
    // Columns of the array that come in pairs (mac_array)
    parameter DSP_COLUMNS = 0,
    // Bits of a sum
    parameter ACC_W = 28,
    // Bits of a code
    parameter CODE_W = 4,
    // Bits of a threshold
    parameter THR_W = 28,
    // Threshold sets held: a power of two
    parameter SETS = 8,
    // Words of the activation memory
    parameter ACT_DEPTH = 8192,
    // Bits of a descriptor (derived)
    parameter CFG_W = 64 * 7,
    // Width of a set's index (derived)
    parameter SET_W = $clog2(SETS),
    // Width of an activation address (derived)
    parameter ACT_ADDR_W = $clog2(ACT_DEPTH)
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire                  clear,         // a program begins: tiles_done starts at 0
    // Threshold beats
    input  wire [63:0]           s_thr_data,
    input  wire                  s_thr_valid,
    output wire                  s_thr_ready,
    output wire                  thr_pending,
    // Threshold sets
    output wire                  set_ready,
    output wire [SET_W-1:0]      set,
    input  wire                  set_take,
    // Sums: column c in bits [c*ACC_W +: ACC_W], column_delay(c) cycles after column 0, with their set; pool belongs to the last column
    input  wire [N-1:0]          in_valid,
    input  wire [N*ACC_W-1:0]    in_data,
    input  wire [N*SET_W-1:0]    in_set,
    input  wire                  in_pool,
    // CONV commands that write codes
    input  wire                  cfg_valid,
    output wire                  cfg_ready,
    input  wire [CFG_W-1:0]      cfg_data,      // the descriptor's beats, the first lowest
    input  wire [15:0]           cfg_sequence,
    // Words to the activation memory
    output wire                  wr_valid,
    output wire                  wr_none,       // a register of its own: no word is written
    output wire [ACT_ADDR_W-1:0] wr_addr,
    output wire [N*CODE_W-1:0]   wr_word,
    output wire [23:0]           tiles_done,
    output wire                  busy,
    output wire                  error_overflow,
    output wire [15:0]           error_sequence
);

`include "program_format.vh"
`include "column_delay.vh"

wire        cfg_pool         = cfg_data[64*CONV_POOL_BEAT + CONV_POOL_LOW];
wire [15:0] cfg_out_h        = cfg_data[64*CONV_OUT_H_BEAT + CONV_OUT_H_LOW +: 16];
wire [15:0] cfg_out_w        = cfg_data[64*CONV_OUT_W_BEAT + CONV_OUT_W_LOW +: 16];
wire [15:0] cfg_images       = cfg_data[64*CONV_IMAGES_BEAT + CONV_IMAGES_LOW +: 16];
wire [15:0] cfg_oc_tiles     = cfg_data[64*CONV_OC_TILES_BEAT + CONV_OC_TILES_LOW +: 16];
wire [23:0] cfg_base         = cfg_data[64*CONV_OUT_BASE_BEAT + CONV_OUT_BASE_LOW +: 24];
wire [23:0] cfg_tile_stride  = cfg_data[64*CONV_OUT_TILE_STRIDE_BEAT + CONV_OUT_TILE_STRIDE_LOW +: 24];
wire [23:0] cfg_image_stride = cfg_data[64*CONV_OUT_IMAGE_STRIDE_BEAT + CONV_OUT_IMAGE_STRIDE_LOW +: 24];

// Cycles from a sum to its code
localparam SEARCH = 5;

wire [N-1:0]        thr_wr_en;
wire [1:0]          thr_wr_group;
wire [SET_W-1:0]    thr_wr_set;
wire [3*THR_W-1:0]  thr_wr_data;
wire [N-1:0]        four_wr_en;
wire [1:0]          four_wr_index;
wire [SET_W-1:0]    four_wr_set;
wire [THR_W:0]      four_wr_data;
wire                tile_done;
wire [N-1:0]        code_valid;
wire [N*CODE_W-1:0] word;
wire                pool;
wire                pooled_valid;
wire [N*CODE_W-1:0] pooled_word;

threshold_loader #(.N(N), .THR_W(THR_W), .SETS(SETS)) loader (
    .clk(clk), .rst(rst),
    .s_data(s_thr_data), .s_valid(s_thr_valid), .s_ready(s_thr_ready),
    .wr_en(thr_wr_en), .wr_group(thr_wr_group), .wr_set(thr_wr_set), .wr_data(thr_wr_data),
    .four_wr_en(four_wr_en), .four_wr_index(four_wr_index), .four_wr_set(four_wr_set), .four_wr_data(four_wr_data),
    .set_ready(set_ready), .set(set), .set_take(set_take), .set_free(tile_done), .pending(thr_pending)
);

genvar c;
generate
    for (c = 0; c < N; c = c + 1) begin : g_column
        wire [CODE_W-1:0] code;
        threshold_column #(.ACC_W(ACC_W), .THR_W(THR_W), .SETS(SETS)) column (
            .clk(clk), .rst(rst),
            .wr_en(thr_wr_en[c]), .wr_group(thr_wr_group), .wr_set(thr_wr_set), .wr_data(thr_wr_data),
            .four_wr_en(four_wr_en[c]), .four_wr_index(four_wr_index), .four_wr_set(four_wr_set), .four_wr_data(four_wr_data),
            .in_valid(in_valid[c]), .in_set(in_set[c*SET_W +: SET_W]), .in_sum(in_data[c*ACC_W +: ACC_W]),
            .out_valid(code_valid[c]), .out_code(code)
        );
        delay_line #(.WIDTH(CODE_W), .CYCLES(column_delay(N - 1) - column_delay(c))) deskew (
            .clk(clk), .rst(rst), .in(code), .out(word[c*CODE_W +: CODE_W]));
    end
endgenerate

delay_line #(.WIDTH(1), .CYCLES(SEARCH)) delay_pool (.clk(clk), .rst(rst), .in(in_pool), .out(pool));

max_pool #(.N(N), .CODE_W(CODE_W)) u_max_pool (
    .clk(clk), .rst(rst),
    .in_valid(code_valid[N-1]), .in_pool(pool), .in_word(word),
    .out_valid(pooled_valid), .out_word(pooled_word)
);

writeback #(.WORD_W(N*CODE_W), .ACT_DEPTH(ACT_DEPTH)) u_writeback (
    .clk(clk), .rst(rst), .clear(clear),
    .cfg_valid(cfg_valid), .cfg_ready(cfg_ready), .cfg_h(cfg_pool ? cfg_out_h >> 1 : cfg_out_h),
    .cfg_w(cfg_pool ? cfg_out_w >> 1 : cfg_out_w), .cfg_images(cfg_images),
    .cfg_oc_tiles(cfg_oc_tiles), .cfg_base(cfg_base), .cfg_tile_stride(cfg_tile_stride), .cfg_image_stride(cfg_image_stride),
    .cfg_sequence(cfg_sequence),
    .in_valid(pooled_valid), .in_word(pooled_word),
    .wr_valid(wr_valid), .wr_none(wr_none), .wr_addr(wr_addr), .wr_word(wr_word),
    .tile_done(tile_done), .tiles_done(tiles_done), .busy(busy), .error_overflow(error_overflow),
    .error_sequence(error_sequence)
);

// The columns before the last one are valid when it is: the skew is the array's.
wire unused_ok = &{1'b0, code_valid};

endmodule

`resetall
