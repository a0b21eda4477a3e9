`resetall
`default_nettype none

/*
 * Takes the program apart, a word of 128 bits a cycle: writes activations, hands CONV descriptors to the sequencer, weights and
 * thresholds to their memories, asks for the trailer. What is wrong is found behind the word (word_checks) and kept (decoder_errors):
 * then the stream is drained to TLAST and answered with a trailer, and so is every later program until reset.
 *
 * A header comes with the first beat of its payload. s_ready comes from registers. With a word taken in cycle t:
 *   t + 1  weight_valid, thr_valid: pushes without a handshake, for the decoder counts the places; of a word's two halves, where they
 *          go one by one, the low one, the high one in t + 2. program_start.
 *   t + 2  cfg_valid, after the last word of a descriptor without fault. One may wait while the stream goes on.
 *   t + 4  error: of what a word taken before that brought about, only descriptors and activations are held back if it is wrong; END's
 *          CRC-32s in t + 6. A LOAD's data are taken from t + 4 on.
 * Weights and descriptors behind a LOAD wait until its last word is written, all commands behind an IMAGE until its last one is.
 */
module decoder #(
    // Rows and columns of the array: 8, 16, 32 or 64
    parameter N = 8,
    // Bits of an activation
    parameter ACT_W = 4,
    // Bits of a weight
    parameter WGT_W = 4,
    // Bits of an accumulator
    parameter ACC_W = 28,
    // Words of the activation memory: whole 128 bits, two groups or more
    parameter ACT_DEPTH = 8192,
    // Bits of the stream that the words come from: 64 or 128. With 64 none comes in the cycle behind one that was taken
    parameter STREAM_W = 64,
    // Bits of a group, what one cycle moves into the activation memory or the weight store: 64 (of a stream of 64), 128 or 256
    parameter GROUP_W = 64,
    // Weights held, in groups
    parameter WGT_DEPTH = 4096,
    // Groups of a tile of weights, whose places become free together
    parameter TILE_GROUPS = 4,
    // Threshold FIFO in beats
    parameter THR_DEPTH = 512,
    // Width of a group's address in the activation memory (derived)
    parameter GROUP_ADDR_W = $clog2(ACT_DEPTH * N * ACT_W / GROUP_W),
    // Bits of a descriptor (derived)
    parameter CFG_W = 64*7
) (
    input  wire                    clk,
    input  wire                    rst,
    // Program
    input  wire [127:0]            s_data,
    input  wire                    s_half,          // the packet ends with the low half
    input  wire                    s_last,
    input  wire                    s_valid,
    output wire                    s_ready,
    // Activation memory
    output wire                    act_wr_valid,
    input  wire                    act_wr_ready,
    output wire [GROUP_ADDR_W-1:0] act_wr_addr,
    output wire [GROUP_W-1:0]      act_wr_data,
    // Words of an IMAGE command behind its header
    output wire                    image_header,    // a word may be it; the last that was, or would have been, is
    output wire                    image_valid,
    output wire                    image_last,
    input  wire                    image_ready,
    input  wire                    image_done,      // everything is written
    input  wire                    image_refused,
    input  wire                    image_bad_length,
    input  wire                    image_overflow,
    // Weights
    output wire [GROUP_W-1:0]      weight_group,
    output reg                     weight_end,
    output reg                     weight_valid,
    input  wire                    weight_freed,    // a tile's places are free again
    // Thresholds
    output wire [STREAM_W-1:0]     thr_data,
    output reg                     thr_valid,
    input  wire                    thr_freed,       // a word's place is free again
    // Descriptor
    output wire                    cfg_valid,
    input  wire                    cfg_ready,
    output wire [CFG_W-1:0]        cfg_data,        // its beats, the first lowest
    output wire [15:0]             cfg_sequence,
    // Engine
    input  wire [23:0]             convs_issued,
    input  wire                    engine_idle,     // every CONV command is done, every result is sent
    input  wire                    leftovers,       // weights or thresholds that no CONV command took
    input  wire                    leftover_weights,
    input  wire                    engine_error,
    input  wire [7:0]              engine_error_code,
    input  wire [15:0]             engine_error_sequence,
    // Trailer
    output wire                    trailer_request,
    input  wire                    trailer_done,
    output wire [31:0]             images_crc,      // of what was read, while the trailer is asked for
    output wire [31:0]             program_crc,
    // State; what the register map shows comes a cycle late
    output reg                     program_start,
    output reg  [31:0]             program_id,
    output wire                    error,
    output wire [7:0]              error_code,
    output wire [15:0]             error_sequence,
    output wire [7:0]              last_opcode,
    output wire [15:0]             last_sequence,
    output reg                     loading,
    output reg                     draining,
    output reg                     finishing,
    output reg  [3:0]              state
);

`include "accelerator_registers.vh"

`include "program_format.vh"

localparam WORDS  = GROUP_W / (N * ACT_W);   // activation words a group: 1 or 2
localparam ALIGN  = N * ACT_W < 128 ? 128 / (N * ACT_W) : 1;     // addresses of LOAD commands are multiples of it
localparam STATES = 13;

// Of a word's halves thresholds go one by one, and groups
localparam HALVES       = STREAM_W == 64;
localparam HALF_GROUPS  = GROUP_W == 64;
// Words that a tile of weights takes, and the store; of two words a group, groups
localparam TILE_PLACES  = HALF_GROUPS ? TILE_GROUPS / 2 : TILE_GROUPS;
localparam STORE_PLACES = HALF_GROUPS ? WGT_DEPTH / 2 : WGT_DEPTH;

// Cycles in FINISH, and behind the last descriptor taken, until the engine's flags and the checks tell of all beats
localparam SETTLE = 6;

generate
    if (HALF_GROUPS && !HALVES) begin : g_check_group
        ERROR_decoder_GROUP_W_of_64_needs_a_STREAM_W_of_64 error();
    end
endgenerate

function [STATES-1:0] only(input [3:0] which);
    only = {{STATES-1{1'b0}}, 1'b1} << which;
endfunction

function [3:0] number(input [STATES-1:0] one_hot);
    integer i;
    begin
        number = 4'd0;
        for (i = 0; i < STATES; i = i + 1) if (one_hot[i]) number = number | i[3:0];
    end
endfunction

reg [STATES-1:0]     at_reg;                // the state, one-hot
reg                  closed_reg;            // in which nothing is taken: LOAD_WAIT, FINISH, TRAILER, DRAIN behind TLAST
reg                  begun_reg;
reg                  ended_reg;             // the word with TLAST is taken
reg [30:0]           remaining_reg;         // of a command, words not yet taken
reg                  payload_last_reg;      // it is one
reg                  end_mark_reg;          // the WEIGHTS command ends its CONV command's weights

// ---- input handshake
wire load_ready, load_bad, load_refused, load_reached, descriptor_full, weight_ready, thr_ready, group_word;
wire at_image = at_reg[DECODER_IMAGE_ROWS] || at_reg[DECODER_IMAGE_KERNEL] || at_reg[DECODER_IMAGE_DATA];

reg  image_wait_reg;                         // from the first word behind an IMAGE's header on until everything is written

// A state at a time, so that what one waits for is on no other one's path
reg  [STATES-1:0] open;
wire [STATES-1:0] take_at = at_reg & open & {STATES{s_valid && !closed_reg}};
wire              take    = |take_at;

always @* begin
    open                       = {STATES{1'b1}};
    open[DECODER_HEADER]       = !image_wait_reg;
    open[DECODER_IMAGE_ROWS]   = image_ready;
    open[DECODER_IMAGE_KERNEL] = image_ready;
    open[DECODER_IMAGE_DATA]   = image_ready;
    open[DECODER_LOAD_DATA]    = load_ready;
    open[DECODER_DESCRIPTOR]   = !descriptor_full && !act_wr_valid;
    open[DECODER_WEIGHTS]      = weight_ready && !act_wr_valid;
    open[DECODER_THRESHOLDS]   = thr_ready;
end

assign s_ready = |(at_reg & open) && !closed_reg;

// verilator lint_off PINCONNECTEMPTY
stream_credits #(.COUNT(STORE_PLACES), .STEP(TILE_PLACES)) weight_credits (
    .clk(clk), .rst(rst || error), .take(take_at[DECODER_WEIGHTS] && group_word), .give(weight_freed),
    .next_available(), .available(weight_ready));
stream_credits #(.COUNT(THR_DEPTH / 2)) thr_credits (
    .clk(clk), .rst(rst || error), .take(take_at[DECODER_THRESHOLDS]), .give(thr_freed),
    .next_available(), .available(thr_ready));
// verilator lint_on PINCONNECTEMPTY

wire [7:0]  header_opcode   = s_data[HEADER_OPCODE_HIGH:HEADER_OPCODE_LOW];
wire [7:0]  header_flags    = s_data[HEADER_FLAGS_HIGH:HEADER_FLAGS_LOW];
wire [31:0] header_length   = s_data[HEADER_LENGTH_HIGH:HEADER_LENGTH_LOW];

// ---- images; the folder is in reset a cycle behind `error`
always @(posedge clk) image_wait_reg <= !rst && !error && (at_image || (image_wait_reg && !image_done));

assign image_header = at_reg[DECODER_HEADER];
assign image_valid  = s_valid && !s_half && at_image;
assign image_last   = payload_last_reg;

// ---- the word, registered, and what it was taken as
reg [127:0]      word_reg;
reg [STATES-1:0] taken_reg;                 // the state in which it was taken; 0: none was
reg              taken_any_reg, taken_first_reg, taken_tlast_reg, taken_half_reg, taken_bad_reg;

always @(posedge clk) begin
    word_reg <= s_data;
    if (HALVES && taken_any_reg) word_reg[63:0] <= word_reg[127:64];
    taken_reg       <= rst ? {STATES{1'b0}} : take_at;
    taken_any_reg   <= take && !rst;
    taken_first_reg <= !begun_reg;
    taken_tlast_reg <= s_last;
    taken_half_reg  <= s_half;
    taken_bad_reg   <= load_bad;
end

`ifndef SYNTHESIS
always @(posedge clk) begin
    if (HALVES && !rst && take && taken_any_reg) begin
        $display("ERROR: %m: a word came right behind another, which is not sent on yet");
        $stop;
    end
end
`endif

// ---- weights and thresholds
generate
    if (HALF_GROUPS) begin : g_half_groups
        assign group_word   = 1'b1;
        assign weight_group = word_reg[63:0];
        reg taken_end_reg;
        always @(posedge clk) begin
            taken_end_reg <= payload_last_reg && end_mark_reg;
            weight_valid <= !rst && (take_at[DECODER_WEIGHTS] || taken_reg[DECODER_WEIGHTS]);
            weight_end   <= taken_reg[DECODER_WEIGHTS] && taken_end_reg;
        end
    end else begin : g_word_groups
        always @(posedge clk) begin
            weight_valid <= !rst && take_at[DECODER_WEIGHTS] && group_word;
            weight_end   <= payload_last_reg && end_mark_reg;
        end
        if (GROUP_W == 128) begin : g_one
            assign group_word   = 1'b1;
            assign weight_group = word_reg;
        end else begin : g_two
            reg         second_reg;
            reg [127:0] low_reg;
            assign group_word   = second_reg;
            assign weight_group = {word_reg, low_reg};
            always @(posedge clk) begin
                if (!second_reg) low_reg <= s_data;
                second_reg <= at_reg[DECODER_WEIGHTS] && (second_reg ^ take);
            end
        end
    end
endgenerate

assign thr_data = word_reg[STREAM_W-1:0];

always @(posedge clk)
    thr_valid <= !rst && (take_at[DECODER_THRESHOLDS] || (HALVES && taken_reg[DECODER_THRESHOLDS]));

load_writer #(.ACT_DEPTH(ACT_DEPTH), .ALIGN(ALIGN), .GROUP_W(GROUP_W), .WORDS(WORDS)) u_load_writer (
    .clk(clk), .rst(rst),
    .at_header(at_reg[DECODER_HEADER]),
    .waiting(at_reg[DECODER_LOAD_WAIT]), .convs_issued(convs_issued), .reached(load_reached),
    .word(s_data), .word_valid(s_valid && at_reg[DECODER_LOAD_DATA] && !error && !s_half), .word_ready(load_ready),
    .bad(load_bad), .refused(load_refused),
    .act_wr_valid(act_wr_valid), .act_wr_ready(act_wr_ready), .act_wr_addr(act_wr_addr), .act_wr_data(act_wr_data)
);

// ---- descriptor
wire [15:0] checked_sequence;
wire        bad_descriptor;

descriptor_buffer #(.CFG_W(CFG_W)) u_descriptor_buffer (
    .clk(clk), .rst(rst || error),
    .word(s_data), .tlast(s_last), .take(take), .at_header(at_reg[DECODER_HEADER]), .conv(header_opcode == OPCODE_CONV),
    .sequence_number(checked_sequence), .full(descriptor_full), .bad(bad_descriptor),
    .cfg_valid(cfg_valid), .cfg_ready(cfg_ready), .cfg_data(cfg_data), .cfg_sequence(cfg_sequence)
);

// ---- checks and errors
wire [7:0] checked_code, checked_opcode;
reg        engine_idle_reg, leftovers_reg, leftover_weights_reg;
reg [SETTLE-1:0] settled_reg;
wire       finished = at_reg[DECODER_FINISH] && settled_reg[SETTLE-1] && engine_idle_reg;

always @(posedge clk) begin
    engine_idle_reg      <= engine_idle;
    leftovers_reg        <= leftovers;
    leftover_weights_reg <= leftover_weights;
    settled_reg          <= at_reg[DECODER_FINISH] && !descriptor_full ? {settled_reg[SETTLE-2:0], 1'b1} : {SETTLE{1'b0}};
end

word_checks #(.N(N), .ACT_W(ACT_W), .WGT_W(WGT_W), .ACC_W(ACC_W), .STATES(STATES)) u_word_checks (
    .clk(clk), .rst(rst), .clear(rst || trailer_done),
    .word(word_reg), .valid(taken_any_reg), .taken(taken_reg), .first(taken_first_reg), .tlast(taken_tlast_reg),
    .half(taken_half_reg),
    .overflow(taken_reg[DECODER_LOAD_DATA] && taken_bad_reg), .load_bad(load_bad), .load_refused(load_refused),
    .bad_descriptor(bad_descriptor), .image_refused(image_refused), .image_bad_length(image_bad_length),
    .image_overflow(image_overflow),
    .error_code(checked_code), .command_sequence(checked_sequence), .command_opcode(checked_opcode),
    .images_crc(images_crc), .program_crc(program_crc)
);

decoder_errors u_decoder_errors (
    .clk(clk), .rst(rst),
    .beat_code(checked_code), .beat_sequence(checked_sequence), .beat_opcode(checked_opcode),
    .engine_error(engine_error), .engine_code(engine_error_code), .engine_sequence(engine_error_sequence),
    .engine_idle(engine_idle),
    .leftovers(finished && leftovers_reg), .leftover_weights(leftover_weights_reg),
    .error(error), .error_code(error_code), .error_sequence(error_sequence),
    .last_opcode(last_opcode), .last_sequence(last_sequence)
);

// ---- counts and marks
always @(posedge clk) begin
    program_start <= take_at[DECODER_HEADER] && header_opcode == OPCODE_BEGIN && !begun_reg && !rst;
    if (taken_reg[DECODER_BEGIN]) program_id <= word_reg[BEGIN_PROGRAM_ID_HIGH:BEGIN_PROGRAM_ID_LOW];
    if (take) begin
        remaining_reg    <= at_reg[DECODER_HEADER] ? header_length[31:1] : remaining_reg - 31'd1;
        payload_last_reg <= at_reg[DECODER_HEADER] ? header_length[31:1] == 31'd1 : remaining_reg == 31'd2;
        ended_reg        <= s_last;
        if (at_reg[DECODER_HEADER]) begin
            end_mark_reg <= (header_flags & FLAG_LAST) != 8'd0;
            begun_reg    <= 1'b1;
        end
    end
    if (rst || at_reg[DECODER_TRAILER]) begin
        begun_reg <= 1'b0;
        ended_reg <= 1'b0;
    end
    if (rst) program_id <= 32'd0;
end

// ---- state: behind a header that of its opcode, for it is an error if its payload ends with it
wire goes_on = header_opcode == OPCODE_BEGIN || header_opcode == OPCODE_CONV || header_opcode == OPCODE_WEIGHTS ||
               header_opcode == OPCODE_THRESHOLDS || header_opcode == OPCODE_IMAGE;

always @(posedge clk) begin
    if (take) begin
        if (at_reg[DECODER_HEADER]) case (header_opcode)
            OPCODE_BEGIN:      at_reg <= only(DECODER_BEGIN);
            OPCODE_LOAD:       at_reg <= only(DECODER_LOAD_WAIT);
            OPCODE_IMAGE:      at_reg <= only(DECODER_IMAGE_ROWS);
            OPCODE_CONV:       at_reg <= only(DECODER_DESCRIPTOR);
            OPCODE_WEIGHTS:    at_reg <= only(DECODER_WEIGHTS);
            OPCODE_THRESHOLDS: at_reg <= only(DECODER_THRESHOLDS);
            default:           at_reg <= only(DECODER_FINISH);
        endcase
        else if (payload_last_reg && !at_reg[DECODER_DRAIN]) at_reg <= only(DECODER_HEADER);
        else if (at_reg[DECODER_IMAGE_ROWS]) at_reg <= only(DECODER_IMAGE_KERNEL);
        else if (at_reg[DECODER_IMAGE_KERNEL]) at_reg <= only(DECODER_IMAGE_DATA);
        // Nothing is taken behind TLAST, wherever it comes.
        if (s_last && !at_reg[DECODER_DRAIN]) at_reg <= only(DECODER_FINISH);
    end
    if (at_reg[DECODER_LOAD_WAIT] && load_reached) at_reg <= only(DECODER_LOAD_DATA);
    if ((finished && !leftovers_reg) || (at_reg[DECODER_DRAIN] && ended_reg)) at_reg <= only(DECODER_TRAILER);
    if (at_reg[DECODER_TRAILER] && trailer_done) at_reg <= only(error ? DECODER_DRAIN : DECODER_HEADER);
    if (error && !at_reg[DECODER_TRAILER] && !at_reg[DECODER_DRAIN]) at_reg <= only(DECODER_DRAIN);
    if (rst) at_reg <= only(DECODER_HEADER);
end

// With the state, so that s_ready need not look at four of them and at ended_reg
always @(posedge clk) begin
    if (take) closed_reg <= (at_reg[DECODER_HEADER] && !goes_on) || s_last;
    if ((at_reg[DECODER_LOAD_WAIT] && load_reached) || (at_reg[DECODER_TRAILER] && trailer_done)) closed_reg <= 1'b0;
    if (error && !at_reg[DECODER_TRAILER] && !at_reg[DECODER_DRAIN]) closed_reg <= take ? s_last : ended_reg;
    if (rst) closed_reg <= 1'b0;
end

assign trailer_request = at_reg[DECODER_TRAILER];

always @(posedge clk) begin
    state     <= number(at_reg);
    loading   <= at_reg[DECODER_LOAD_WAIT] || at_reg[DECODER_LOAD_DATA] || at_image || image_wait_reg;
    draining  <= at_reg[DECODER_DRAIN];
    finishing <= at_reg[DECODER_FINISH];
end

// An even length is an error.
wire unused_ok = &{1'b0, header_length[0]};

endmodule

`resetall
