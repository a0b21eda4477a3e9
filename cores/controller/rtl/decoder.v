`resetall
`default_nettype none

/*
 * Takes the program stream apart: checks every command, writes activations, hands CONV descriptors to the sequencer, weights
 * and thresholds to their FIFOs, checks the program's CRC-32, asks for the trailer.
 *
 * One descriptor may wait for the sequencer while the stream goes on. The first error of a program is kept with its command's
 * sequence number until reset; the stream is drained to TLAST and answered with a trailer, and so is every later program.
 */
module decoder #(
    // Rows and columns of the array: 8, 16 or 32
    parameter N = 8,
    // Bits of an activation
    parameter ACT_W = 4,
    // Bits of a weight
    parameter WGT_W = 4,
    // Bits of an accumulator
    parameter ACC_W = 28,
    // Words of the activation memory
    parameter ACT_DEPTH = 8192,
    // Bits of a group: what one cycle moves into the activation memory or the weight store
    parameter GROUP_W = 64,
    // Width of a group's address in the activation memory (derived)
    parameter GROUP_ADDR_W = $clog2(ACT_DEPTH * N * ACT_W / GROUP_W)
) (
    input  wire                    clk,
    input  wire                    rst,
    // Program
    input  wire [63:0]             s_data,
    input  wire                    s_last,
    input  wire                    s_valid,
    output wire                    s_ready,
    // Activation memory
    output reg                     act_wr_valid,
    input  wire                    act_wr_ready,
    output reg  [GROUP_ADDR_W-1:0] act_wr_addr,
    output reg  [GROUP_W-1:0]      act_wr_data,
    // Weights
    output wire [GROUP_W-1:0]      weight_group,
    output wire                    weight_end,
    output wire                    weight_valid,
    input  wire                    weight_ready,
    // Thresholds
    output wire [63:0]             thr_data,
    output wire                    thr_valid,
    input  wire                    thr_ready,
    // Descriptor
    output wire                    cfg_valid,
    input  wire                    cfg_ready,
    output wire [64*7-1:0]         cfg_data,        // its beats, the first lowest
    output wire [15:0]             cfg_sequence,
    // Engine
    input  wire [31:0]             convs_issued,
    input  wire                    engine_idle,     // every CONV command is done, every result is sent
    input  wire                    leftovers,       // weights or thresholds that no CONV command took
    input  wire                    leftover_weights,
    input  wire                    engine_error,
    input  wire [7:0]              engine_error_code,
    input  wire [15:0]             engine_error_sequence,
    // Trailer
    output wire                    trailer_request,
    input  wire                    trailer_done,
    // State
    output reg                     program_start,
    output reg  [31:0]             program_id,
    output reg                     error,
    output reg  [7:0]              error_code,
    output reg  [15:0]             error_sequence,
    output reg  [7:0]              last_opcode,
    output reg  [15:0]             last_sequence,
    output wire                    loading,
    output wire                    draining,
    output wire                    finishing,
    output wire [3:0]              state
);

`include "accelerator_registers.vh"

`include "program_format.vh"

localparam PAIRED = GROUP_W > 64;
localparam WORDS  = GROUP_W / (N * ACT_W);   // activation words a group: 1 or 2
localparam GROUPS = ACT_DEPTH / WORDS;

reg [3:0]  state_reg;
reg [31:0] remaining_reg;          // payload beats not yet taken
reg [15:0] sequence_reg;           // expected sequence number
reg        begun_reg;
reg        end_mark_reg;           // the WEIGHTS command ends its CONV command's weights
reg [64*CONV_BEATS-1:0] descriptor_reg;
reg        descriptor_full_reg;    // a checked descriptor waits for the sequencer
reg [15:0] descriptor_sequence_reg;
reg [31:0] load_group_reg;
reg [31:0] load_after_reg;
reg        half_reg;               // the low beat of a pair is in low_reg
reg [31:0] crc_reg;
wire [31:0] crc_next;

assign state     = state_reg;
assign loading   = state_reg == DECODER_LOAD_ADDR || state_reg == DECODER_LOAD_WAIT || state_reg == DECODER_LOAD_DATA;
assign draining  = state_reg == DECODER_DRAIN;
assign finishing = state_reg == DECODER_FINISH;

// ---- input handshake: never depends on s_valid
wire act_wr_free = !act_wr_valid || act_wr_ready;

reg ready;
always @* begin
    case (state_reg)
        DECODER_HEADER, DECODER_LOAD_DATA: ready = act_wr_free;
        DECODER_DESCRIPTOR:                ready = !descriptor_full_reg;
        DECODER_WEIGHTS:                   ready = weight_ready;
        DECODER_THRESHOLDS:                ready = thr_ready;
        DECODER_BEGIN, DECODER_LOAD_ADDR, DECODER_END, DECODER_DRAIN: ready = 1'b1;
        default:                           ready = 1'b0;
    endcase
end

assign s_ready    = ready;
wire beat         = s_valid && ready;
wire payload_last = remaining_reg == 32'd1;

crc32 u_crc32 (.enable(beat), .crc_in(crc_reg), .data(s_data), .crc_out(crc_next));

// ---- groups: one beat, or two for N = 32
wire group_beat;
generate
    if (PAIRED) begin : g_paired
        reg [63:0] low_reg;
        always @(posedge clk) if (beat && !half_reg) low_reg <= s_data;
        assign group_beat   = half_reg;
        assign weight_group = {s_data, low_reg};
    end else begin : g_single
        assign group_beat   = 1'b1;
        assign weight_group = s_data;
    end
endgenerate

assign weight_valid = state_reg == DECODER_WEIGHTS && s_valid && group_beat && !s_last;
assign weight_end   = payload_last && end_mark_reg;
assign thr_valid    = state_reg == DECODER_THRESHOLDS && s_valid && !s_last;
assign thr_data     = s_data;

always @(posedge clk) begin
    if (act_wr_free) begin
        act_wr_valid <= state_reg == DECODER_LOAD_DATA && beat && group_beat && !s_last && load_group_reg < GROUPS;
        act_wr_addr  <= load_group_reg[GROUP_ADDR_W-1:0];
        act_wr_data  <= weight_group;
    end
    if (rst) act_wr_valid <= 1'b0;
end

// ---- header checks
wire [7:0]  header_opcode   = s_data[HEADER_OPCODE_HIGH:HEADER_OPCODE_LOW];
wire [7:0]  header_flags    = s_data[HEADER_FLAGS_HIGH:HEADER_FLAGS_LOW];
wire [15:0] header_sequence = s_data[HEADER_SEQUENCE_HIGH:HEADER_SEQUENCE_LOW];
wire [31:0] header_length   = s_data[HEADER_LENGTH_HIGH:HEADER_LENGTH_LOW];
wire        known_opcode    = header_opcode == OPCODE_BEGIN || header_opcode == OPCODE_LOAD || header_opcode == OPCODE_CONV ||
                              header_opcode == OPCODE_WEIGHTS || header_opcode == OPCODE_THRESHOLDS ||
                              header_opcode == OPCODE_END;
wire        end_mark        = (header_flags & FLAG_LAST) != 8'd0;
wire        flags_ok        = (header_flags & ~FLAG_LAST) == 8'd0 && (!end_mark || header_opcode == OPCODE_WEIGHTS);
reg         length_ok;
always @* begin
    case (header_opcode)
        OPCODE_BEGIN:      length_ok = header_length == BEGIN_BEATS;
        OPCODE_LOAD:       length_ok = header_length > LOAD_BEATS && (!PAIRED || header_length[0]);
        OPCODE_CONV:       length_ok = header_length == CONV_BEATS;
        OPCODE_WEIGHTS:    length_ok = header_length != 32'd0 && (!PAIRED || !header_length[0]);
        OPCODE_THRESHOLDS: length_ok = header_length != 32'd0;
        default:           length_ok = header_length == END_BEATS;
    endcase
end
wire [7:0]  header_error    =
    !begun_reg && header_opcode != OPCODE_BEGIN                   ? ERROR_BAD_MAGIC :
    !known_opcode                                                 ? ERROR_UNKNOWN_OPCODE :
    header_sequence != sequence_reg                               ? ERROR_BAD_SEQUENCE :
    begun_reg && header_opcode == OPCODE_BEGIN                    ? ERROR_BAD_SEQUENCE :
    !flags_ok                                                     ? ERROR_BAD_DESCRIPTOR :
    !length_ok                                                    ? ERROR_BAD_LENGTH : 8'd0;

// ---- BEGIN checks: the magic comes while two beats remain
wire        parameters_ok   =
    s_data[BEGIN_N_HIGH:BEGIN_N_LOW] == N[7:0] && s_data[BEGIN_ACT_W_HIGH:BEGIN_ACT_W_LOW] == ACT_W[7:0] &&
    s_data[BEGIN_WGT_W_HIGH:BEGIN_WGT_W_LOW] == WGT_W[7:0] && s_data[BEGIN_ACC_W_HIGH:BEGIN_ACC_W_LOW] == ACC_W[7:0];
wire [7:0]  begin_error     =
    payload_last ? (parameters_ok ? 8'd0 : ERROR_BAD_PARAMETERS) :
    s_data[BEGIN_MAGIC_HIGH:BEGIN_MAGIC_LOW] != BEGIN_MAGIC       ? ERROR_BAD_MAGIC :
    s_data[BEGIN_FORMAT_VERSION_HIGH:BEGIN_FORMAT_VERSION_LOW] != BEGIN_FORMAT_VERSION ? ERROR_BAD_FORMAT : 8'd0;

// ---- LOAD checks
wire [31:0] load_address    = s_data[LOAD_ADDRESS_HIGH:LOAD_ADDRESS_LOW];
wire [7:0]  load_addr_error =
    WORDS == 2 && load_address[0]                                 ? ERROR_BAD_DESCRIPTOR :
    load_address >= ACT_DEPTH                                     ? ERROR_ACT_OVERFLOW : 8'd0;
wire [7:0]  load_data_error = load_group_reg >= GROUPS            ? ERROR_ACT_OVERFLOW : 8'd0;

// ---- CONV descriptor
wire [15:0] in_h     = cfg_data[64*CONV_IN_H_BEAT + CONV_IN_H_LOW +: 16];
wire [15:0] in_w     = cfg_data[64*CONV_IN_W_BEAT + CONV_IN_W_LOW +: 16];
wire [15:0] out_h    = cfg_data[64*CONV_OUT_H_BEAT + CONV_OUT_H_LOW +: 16];
wire [15:0] out_w    = cfg_data[64*CONV_OUT_W_BEAT + CONV_OUT_W_LOW +: 16];
wire [15:0] ic_tiles = cfg_data[64*CONV_IC_TILES_BEAT + CONV_IC_TILES_LOW +: 16];
wire [15:0] oc_tiles = cfg_data[64*CONV_OC_TILES_BEAT + CONV_OC_TILES_LOW +: 16];
wire [15:0] images   = cfg_data[64*CONV_IMAGES_BEAT + CONV_IMAGES_LOW +: 16];
wire [3:0]  kernel_h = cfg_data[64*CONV_KERNEL_H_BEAT + CONV_KERNEL_H_LOW +: 4];
wire [3:0]  kernel_w = cfg_data[64*CONV_KERNEL_W_BEAT + CONV_KERNEL_W_LOW +: 4];
wire [1:0]  stride   = cfg_data[64*CONV_STRIDE_BEAT + CONV_STRIDE_LOW +: 2];
wire [1:0]  mode     = cfg_data[64*CONV_MODE_BEAT + CONV_MODE_LOW +: 2];
wire        pool     = cfg_data[64*CONV_POOL_BEAT + CONV_POOL_LOW];
wire        resume   = cfg_data[64*CONV_RESUME_BEAT + CONV_RESUME_LOW];
wire        hold     = cfg_data[64*CONV_HOLD_BEAT + CONV_HOLD_LOW];

assign cfg_data     = descriptor_reg;
assign cfg_sequence = descriptor_sequence_reg;

wire        counts_ok   = in_h != 0 && in_w != 0 && out_h != 0 && out_w != 0 && ic_tiles != 0 && oc_tiles != 0 && images != 0;
wire        kernel_ok   = kernel_h[2:0] != 0 && kernel_w[2:0] != 0 && !kernel_h[3] && !kernel_w[3];
wire        stride_ok   = stride == 2'd1 || stride == 2'd2;
wire        pool_ok     = !pool || ((mode == MODE_CODES || hold) && !out_h[0] && !out_w[0]);
wire        sums_ok     = (!hold || mode == MODE_RAW) && (!resume || mode != MODE_READ);
wire        reserved_ok = (cfg_data[64 +: 64] & CONV_1_RESERVED) == 64'd0 && (cfg_data[384 +: 64] & CONV_6_RESERVED) == 64'd0;
wire [7:0]  descriptor_error =
    !counts_ok || !kernel_ok || !stride_ok || !pool_ok || !sums_ok || !reserved_ok ? ERROR_BAD_DESCRIPTOR : 8'd0;

assign cfg_valid = descriptor_full_reg && !error;

// ---- END check
wire [7:0]  end_error   =
    !s_last                                                       ? ERROR_TLAST_MISSING :
    s_data[END_CRC_HIGH:END_CRC_LOW] != ~crc_reg || (s_data & END_0_RESERVED) != 64'd0 ? ERROR_BAD_CRC : 8'd0;
wire        finished    = engine_idle && !descriptor_full_reg;
wire [7:0]  finish_error = leftover_weights ? ERROR_WEIGHTS_LONG : ERROR_THRESHOLDS_LONG;

// ---- the error of this cycle, if any
reg [7:0]  beat_error;
always @* begin
    case (state_reg)
        DECODER_HEADER:    beat_error = header_error;
        DECODER_BEGIN:     beat_error = begin_error;
        DECODER_LOAD_ADDR: beat_error = load_addr_error;
        DECODER_LOAD_DATA: beat_error = load_data_error;
        DECODER_END:       beat_error = end_error;
        default:           beat_error = 8'd0;
    endcase
    if (s_last && state_reg != DECODER_END) beat_error = ERROR_TLAST_EARLY;
end

wire check_failed  = state_reg == DECODER_CHECK && descriptor_error != 8'd0;
wire finish_failed = state_reg == DECODER_FINISH && finished && leftovers;
wire beat_failed   = beat && state_reg != DECODER_DRAIN && beat_error != 8'd0;
wire engine_fails  = engine_error && state_reg != DECODER_DRAIN;
wire fails         = !error && (check_failed || finish_failed || beat_failed || engine_fails);
// No CONV command waits: it is the stream's command that never goes on.
wire stream_stuck  = engine_idle && engine_error_code == ERROR_NEVER_READY;
wire sent_whole    = (beat && s_last) || state_reg == DECODER_FINISH;

// ---- state
always @(posedge clk) begin
    program_start <= 1'b0;
    crc_reg <= crc_next;
    if (beat) begin
        remaining_reg <= remaining_reg - 32'd1;
        half_reg      <= (state_reg == DECODER_WEIGHTS || state_reg == DECODER_LOAD_DATA) && PAIRED && !half_reg;
    end
    if (cfg_valid && cfg_ready) descriptor_full_reg <= 1'b0;
    case (state_reg)
        DECODER_HEADER: if (beat) begin
            remaining_reg       <= header_length;
            sequence_reg        <= sequence_reg + 16'd1;
            last_opcode         <= header_opcode;
            last_sequence       <= header_sequence;
            end_mark_reg        <= end_mark;
            case (header_opcode)
                OPCODE_BEGIN: begin
                    state_reg     <= DECODER_BEGIN;
                    begun_reg     <= 1'b1;
                    program_start <= header_error == 8'd0;
                end
                OPCODE_LOAD:       state_reg <= DECODER_LOAD_ADDR;
                OPCODE_CONV:       state_reg <= DECODER_DESCRIPTOR;
                OPCODE_WEIGHTS:    state_reg <= DECODER_WEIGHTS;
                OPCODE_THRESHOLDS: state_reg <= DECODER_THRESHOLDS;
                default:           state_reg <= DECODER_END;
            endcase
        end
        DECODER_BEGIN: if (beat && payload_last) begin
            program_id <= s_data[BEGIN_PROGRAM_ID_HIGH:BEGIN_PROGRAM_ID_LOW];
            state_reg  <= DECODER_HEADER;
        end
        DECODER_LOAD_ADDR: if (beat) begin
            load_group_reg <= load_address >> (WORDS - 1);
            load_after_reg <= s_data[LOAD_AFTER_HIGH:LOAD_AFTER_LOW];
            state_reg      <= DECODER_LOAD_WAIT;
        end
        DECODER_LOAD_WAIT: if (convs_issued >= load_after_reg) state_reg <= DECODER_LOAD_DATA;
        DECODER_LOAD_DATA: if (beat) begin
            if (group_beat) load_group_reg <= load_group_reg + 32'd1;
            if (payload_last) state_reg <= DECODER_HEADER;
        end
        DECODER_DESCRIPTOR: if (beat && payload_last) state_reg <= DECODER_CHECK;
        DECODER_CHECK: begin
            descriptor_full_reg     <= 1'b1;
            descriptor_sequence_reg <= last_sequence;
            state_reg               <= DECODER_HEADER;
        end
        DECODER_WEIGHTS, DECODER_THRESHOLDS: if (beat && payload_last) state_reg <= DECODER_HEADER;
        DECODER_END: if (beat) state_reg <= DECODER_FINISH;
        DECODER_FINISH: if (finished) state_reg <= DECODER_TRAILER;
        DECODER_TRAILER: if (trailer_done) begin
            state_reg    <= error ? DECODER_DRAIN : DECODER_HEADER;
            begun_reg    <= 1'b0;
            sequence_reg <= 16'd0;
            crc_reg      <= 32'hFFFFFFFF;
        end
        default: if (beat && s_last) state_reg <= DECODER_TRAILER;
    endcase
    if (fails) begin
        error          <= 1'b1;
        error_code     <= engine_fails ? engine_error_code : check_failed ? descriptor_error :
                          finish_failed ? finish_error : beat_error;
        error_sequence <= engine_fails && !stream_stuck ? engine_error_sequence :
                          state_reg == DECODER_HEADER ? header_sequence : last_sequence;
        state_reg      <= sent_whole ? DECODER_TRAILER : DECODER_DRAIN;
        descriptor_full_reg <= 1'b0;
    end
    if (rst) begin
        state_reg      <= DECODER_HEADER;
        begun_reg      <= 1'b0;
        half_reg       <= 1'b0;
        sequence_reg   <= 16'd0;
        crc_reg        <= 32'hFFFFFFFF;
        descriptor_full_reg <= 1'b0;
        error          <= 1'b0;
        error_code     <= 8'd0;
        error_sequence <= 16'd0;
        last_opcode    <= 8'd0;
        last_sequence  <= 16'd0;
        program_id     <= 32'd0;
        program_start  <= 1'b0;
    end
end

always @(posedge clk)
    if (beat && state_reg == DECODER_DESCRIPTOR) descriptor_reg <= {s_data, descriptor_reg[64*CONV_BEATS-1:64]};

assign trailer_request = state_reg == DECODER_TRAILER;

endmodule

`resetall
