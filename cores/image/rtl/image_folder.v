`resetall
`default_nettype none

/*
 * Carries out IMAGE commands: takes images as they are, and writes for each output position of the first layer its taps' values as
 * activation words, high nibbles and low ones.
 *
 * It keeps beat 0 of any header, and takes the stream words behind that of an IMAGE. s_ready, all outputs, and what it says of itself are
 * registers. Rows are taken while the ring has a place, whatever the command waits for. After refused, bad_length or overflow, which stay,
 * only rst brings it back: until then it takes what comes.
 */
module image_folder #(
    // Rows of the array: activations of a word
    parameter N = 8,
    // Words of the activation memory
    parameter ACT_DEPTH = 8192,
    // Bytes of the longest row of an image: a power of two, 128 or more
    parameter IMAGE_LINE = 2048,
    // Width of an address (derived)
    parameter ADDR_W = $clog2(ACT_DEPTH)
) (
    input  wire              clk,
    input  wire              rst,
    // The command
    input  wire [127:0]      s_word,
    input  wire              s_header,          // s_word may be a header; the last that was, or would have been, is the command's
    input  wire              s_last,            // the command's last
    input  wire              s_valid,
    output reg               s_ready,
    input  wire [23:0]       convs_issued,
    // Activation memory
    output wire              wr_valid,
    input  wire              wr_ready,
    output wire [ADDR_W-1:0] wr_addr,
    output wire [4*N-1:0]    wr_word,
    // State
    output wire              finished,          // everything is written, in one cycle: the next command may come
    output reg               refused,           // a field has a value that it must not have
    output reg               bad_length,        // the command ends before its images, or behind them
    output wire              overflow           // a word has no place in the memory
);

`include "program_format.vh"

localparam LANES   = N < 64 ? 8 : 16;       // bytes of a piece: as many as VGG16's first layer, 27 taps, needs for a word a cycle or so
localparam BYTE_W  = $clog2(IMAGE_LINE);
localparam PLACE_W = BYTE_W + 3;
localparam WORD_W  = BYTE_W - 4;
localparam TILE_W  = $clog2(N);
localparam COUNT_W = $clog2(LANES) + 1;
localparam [15:0] LINE = IMAGE_LINE;

generate
    if (N != 8 && N != 16 && N != 32 && N != 64) begin : g_check_n
        ERROR_image_folder_N_must_be_8_16_32_or_64 error();
    end
    if (IMAGE_LINE > 8192) begin : g_check_line
        ERROR_image_folder_IMAGE_LINE_must_be_8192_or_less error();
    end
endgenerate

// ---- fields: beat 0 beside the header, then two stream words of two beats
localparam FIRST = 0, SECOND = 1, CHECK = 2, PLACE = 3, ROW = 4, END = 5, DEAD = 6, STATES = 7;

reg [STATES-1:0] at_reg;                // one-hot
reg [63:0]       beat0_reg, beat1_reg, beat2_reg, beat3_reg;
wire             take = s_valid && s_ready;

wire [63:0] low_beat = s_word[63:0], high_beat = s_word[127:64];

wire [23:0] address      = beat0_reg[IMAGE_ADDRESS_HIGH:IMAGE_ADDRESS_LOW];
wire [23:0] tile_stride  = beat2_reg[IMAGE_TILE_STRIDE_HIGH:IMAGE_TILE_STRIDE_LOW];
wire [23:0] low_stride   = beat2_reg[IMAGE_LOW_STRIDE_HIGH:IMAGE_LOW_STRIDE_LOW];
wire [23:0] image_stride = beat3_reg[IMAGE_IMAGE_STRIDE_HIGH:IMAGE_IMAGE_STRIDE_LOW];
wire [15:0] images    = beat0_reg[IMAGE_IMAGES_HIGH:IMAGE_IMAGES_LOW];
wire [15:0] rows      = beat1_reg[IMAGE_ROWS_HIGH:IMAGE_ROWS_LOW];
wire [15:0] row_bytes = beat1_reg[IMAGE_ROW_BYTES_HIGH:IMAGE_ROW_BYTES_LOW];
wire [15:0] out_h     = beat1_reg[IMAGE_OUT_H_HIGH:IMAGE_OUT_H_LOW];
wire [15:0] out_w     = beat1_reg[IMAGE_OUT_W_HIGH:IMAGE_OUT_W_LOW];
wire [15:0] run_bytes = beat2_reg[IMAGE_RUN_BYTES_HIGH:IMAGE_RUN_BYTES_LOW];
wire [15:0] step      = beat3_reg[IMAGE_STEP_BYTES_HIGH:IMAGE_STEP_BYTES_LOW];
wire [15:0] first     = beat3_reg[IMAGE_FIRST_BYTE_HIGH:IMAGE_FIRST_BYTE_LOW];
wire [2:0]  kernel_h  = beat3_reg[IMAGE_KERNEL_H_HIGH:IMAGE_KERNEL_H_LOW];
wire [1:0]  stride    = beat3_reg[IMAGE_STRIDE_HIGH:IMAGE_STRIDE_LOW];
wire [2:0]  padding   = beat3_reg[IMAGE_PADDING_HIGH:IMAGE_PADDING_LOW];

reg  none_reg, long_reg, ends_reg;      // of the fields: one is 0 that must not be, one too large; a word is the command's last
wire wrong = none_reg || long_reg;

// ---- rows: so many as come
wire [15:0]       row_words = {4'd0, row_bytes[15:4]} + {15'd0, row_bytes[3:0] != 4'd0};
reg  [WORD_W-1:0] place_reg;
reg  [15:0]       row_words_reg, words_left_reg;
reg               row_ends_reg;                         // the next word is its row's last
wire              row_word = take && at_reg[ROW];
wire              row_end  = row_word && row_ends_reg;
reg               came_reg;
wire              space, none, done, starves;
wire [2:0]        wr_slot;

// ---- command
reg         busy_reg, reached_reg, waiting_reg, begins_reg, ended_reg;
reg  [2:0]  settled_reg;            // so many cycles in END
wire        empty;
wire        wait_over = waiting_reg && reached_reg;

assign finished = at_reg[END] && ended_reg && empty;

always @(posedge clk) begin
    reached_reg <= convs_issued >= beat0_reg[IMAGE_AFTER_HIGH:IMAGE_AFTER_LOW];
    if (at_reg[CHECK]) begin
        none_reg <= images == 16'd0 || rows == 16'd0 || row_bytes == 16'd0 || out_h == 16'd0 || out_w == 16'd0 ||
                    run_bytes == 16'd0 || kernel_h == 3'd0 || ^stride == 1'b0;
        long_reg <= row_bytes > LINE || run_bytes[15:BYTE_W] != 0 || step[15:BYTE_W] != 0 ||
                    (first[15:BYTE_W] != 0 && first[15:BYTE_W] != {16-BYTE_W{1'b1}}) ||
                    address[23:ADDR_W] != 0 || tile_stride[23:ADDR_W] != 0 || low_stride[23:ADDR_W] != 0 || image_stride[23:ADDR_W] != 0;
    end
    row_words_reg <= row_words;
    begins_reg  <= wait_over;
    came_reg    <= row_end;
    if (done) ended_reg <= 1'b1;
    // The data end within a row, before the images (came_reg's row shows in starves two cycles later) or behind them
    settled_reg <= at_reg[END] ? {settled_reg[1:0], 1'b1} : 3'd0;
    if ((row_word && s_last && !row_ends_reg) || (settled_reg[2] && starves) || (ended_reg && !(at_reg[END] && none))) begin
        bad_length <= 1'b1;
    end

    // What is there before the word taken is written, too: fewer registers wait for s_valid
    if (at_reg[FIRST]) {beat2_reg, beat1_reg} <= s_word;
    if (at_reg[FIRST] && s_header) beat0_reg <= high_beat;
    if (at_reg[SECOND]) beat3_reg <= low_beat;
    if (at_reg[FIRST] && take) begin
        at_reg <= 1 << SECOND;
        busy_reg <= 1'b1;
    end
    if (at_reg[SECOND] && take) begin
        at_reg    <= 1 << CHECK;
        s_ready   <= 1'b0;
        ends_reg  <= 1'b1;      // CHECK lasts two cycles: the second has what is wrong with the fields
        if (high_beat != 64'd0) refused <= 1'b1;
    end
    if (at_reg[CHECK]) begin
        ends_reg        <= 1'b0;
        if (!ends_reg) begin
            at_reg      <= wrong || refused ? 1 << DEAD : 1 << PLACE;
            s_ready     <= wrong || refused;
            waiting_reg <= !wrong && !refused;
            if (wrong) refused <= 1'b1;
        end
    end
    if (wait_over) waiting_reg <= 1'b0;
    if (at_reg[PLACE]) begin
        place_reg      <= {WORD_W{1'b0}};
        words_left_reg <= row_words_reg;
        row_ends_reg   <= row_words_reg == 16'd1;
        // came_reg's row shows in space two cycles later
        if (space && !came_reg) begin
            at_reg  <= 1 << ROW;
            s_ready <= 1'b1;
        end
    end
    if (row_word) begin
        place_reg      <= place_reg + 1'b1;
        words_left_reg <= words_left_reg - 16'd1;
        row_ends_reg   <= words_left_reg == 16'd2;
        if (row_ends_reg) begin
            s_ready <= 1'b0;
            at_reg  <= s_last ? 1 << END : 1 << PLACE;
        end
    end
    if (finished) begin
        at_reg    <= 1 << FIRST;
        s_ready   <= 1'b1;
        busy_reg  <= 1'b0;
        ended_reg <= 1'b0;
    end
    if (bad_length) begin
        at_reg  <= 1 << DEAD;
        s_ready <= 1'b1;
    end
    if (rst) begin
        at_reg      <= 1 << FIRST;
        s_ready     <= 1'b1;
        busy_reg    <= 1'b0;
        refused     <= 1'b0;
        bad_length  <= 1'b0;
        waiting_reg <= 1'b0;
        begins_reg  <= 1'b0;
        came_reg    <= 1'b0;
        ended_reg   <= 1'b0;
    end
end

// ---- from rows to words
wire                 start, row_done, last_row, in_image, enable;
wire [2:0]           tap_row, tap_slot;
wire                 piece_valid, tile_first, tile_last, position_last, row_last;
wire [PLACE_W-1:0]   source;
wire [TILE_W-1:0]    target;
wire [COUNT_W-1:0]   count;
wire [8*LANES-1:0]   even, odd;

image_rows u_rows (
    .clk(clk), .rst(rst),
    .images(images), .rows(rows), .out_h(out_h), .kernel_h(kernel_h), .stride(stride), .padding(padding),
    .begins(begins_reg), .done(done), .starves(starves), .came(came_reg), .none(none), .space(space), .slot(wr_slot),
    .start(start), .row_done(row_done), .last_row(last_row),
    .tap_row(tap_row), .in_image(in_image), .tap_slot(tap_slot)
);

image_pieces #(.N(N), .LANES(LANES), .PLACE_W(PLACE_W)) u_pieces (
    .clk(clk), .rst(rst),
    .out_w(out_w), .run_bytes(run_bytes[PLACE_W-1:0]), .step_bytes(step[PLACE_W-1:0]), .first_byte(first[PLACE_W-1:0]),
    .kernel_h(kernel_h), .start(start),
    .enable(enable), .valid(piece_valid), .tap_row(tap_row), .source(source), .target(target), .count(count),
    .tile_first(tile_first), .tile_last(tile_last), .position_last(position_last), .row_last(row_last)
);

image_lines #(.LANES(LANES), .IMAGE_LINE(IMAGE_LINE)) u_lines (
    .clk(clk), .wr_en(at_reg[ROW]), .wr_slot(wr_slot), .wr_place(place_reg), .wr_word(s_word),
    .enable(enable), .slot(tap_slot), .offset(source[BYTE_W-1:0]), .m_even(even), .m_odd(odd)
);

image_words #(.N(N), .LANES(LANES), .PLACE_W(PLACE_W), .ACT_DEPTH(ACT_DEPTH)) u_words (
    .clk(clk), .rst(rst), .busy(busy_reg),
    .begins(begins_reg), .address(address[ADDR_W-1:0]), .tile_stride(tile_stride[ADDR_W-1:0]),
    .low_stride(low_stride[ADDR_W-1:0]), .image_stride(image_stride[ADDR_W-1:0]), .row_bytes(row_bytes[PLACE_W-1:0]),
    .enable(enable), .s_valid(piece_valid), .s_inside(in_image), .s_source(source), .s_target(target), .s_count(count),
    .s_tile_first(tile_first), .s_tile_last(tile_last), .s_position_last(position_last), .s_row_last(row_last),
    .last_row(last_row), .even(even), .odd(odd), .row_done(row_done),
    .wr_valid(wr_valid), .wr_ready(wr_ready), .wr_addr(wr_addr), .wr_word(wr_word), .empty(empty), .overflow(overflow)
);

endmodule

`resetall
