`resetall
`default_nettype none

/*
 * What is wrong with a program's words, by themselves and in their order, the CRC-32s of program and images included.
 *
 * A word and what it was taken as are there with `valid`; two cycles later follow error_code, for a cycle (0: nothing is wrong), and
 * sequence number and opcode of its command. END's CRC-32s take two cycles more: first what the data bring about, then the registers.
 */
module word_checks #(
    // The array that programs must be made for
    parameter N = 8,
    parameter ACT_W = 4,
    parameter WGT_W = 4,
    parameter ACC_W = 28,
    // States of the decoder
    parameter STATES = 13
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              clear,             // a program begins
    input  wire [127:0]      word,
    input  wire              valid,
    input  wire [STATES-1:0] taken,             // one-hot: the decoder's state that took it; 0 if not valid
    input  wire              first,             // of the packet: BEGIN must be its command
    input  wire              tlast,
    input  wire              half,              // the packet ends with its low half
    input  wire              overflow,          // it goes to no place of the activation memory
    input  wire              load_bad,          // so do its data, if it is a LOAD's header
    input  wire              load_refused,      // no LOAD may have such an address beat, if it is one
    input  wire              image_refused,     // of the IMAGE command that came last: its fields, its length, a word's place
    input  wire              image_bad_length,
    input  wire              image_overflow,
    input  wire              bad_descriptor,    // it completes what no CONV command may have
    output reg  [7:0]        error_code,
    output reg  [15:0]       command_sequence,
    output reg  [7:0]        command_opcode,
    output wire [31:0]       images_crc,        // from the third cycle behind END's word on, until clear
    output wire [31:0]       program_crc
);

`include "accelerator_registers.vh"

`include "program_format.vh"

// Bits that tell whether the data of LOAD and WEIGHTS are whole 128 bits; for N = 64, whose words and rows are 256, whole 256
localparam [3:0] UNEVEN = N * ACT_W > 128 ? 4'd3 : 4'd1;

// ---- header, and the first beat of its payload
wire [63:0] beat            = word[63:0];
wire [63:0] payload         = word[127:64];
wire        header          = taken[DECODER_HEADER];
wire [7:0]  header_opcode   = beat[HEADER_OPCODE_HIGH:HEADER_OPCODE_LOW];
wire [7:0]  header_flags    = beat[HEADER_FLAGS_HIGH:HEADER_FLAGS_LOW];
wire [15:0] header_sequence = beat[HEADER_SEQUENCE_HIGH:HEADER_SEQUENCE_LOW];
wire [31:0] header_length   = beat[HEADER_LENGTH_HIGH:HEADER_LENGTH_LOW];
wire        known_opcode    = header_opcode == OPCODE_BEGIN || header_opcode == OPCODE_LOAD || header_opcode == OPCODE_IMAGE || header_opcode == OPCODE_CONV ||
                              header_opcode == OPCODE_WEIGHTS || header_opcode == OPCODE_THRESHOLDS ||
                              header_opcode == OPCODE_END;
wire        end_mark        = (header_flags & FLAG_LAST) != 8'd0;
wire        flags_ok        = (header_flags & ~FLAG_LAST) == 8'd0 && (!end_mark || header_opcode == OPCODE_WEIGHTS);
wire [3:0]  length          = header_length[3:0];
wire        long            = header_length[31:4] != 28'd0;
reg         length_ok;
always @* begin
    case (header_opcode)
        OPCODE_BEGIN:      length_ok = !long && length == BEGIN_BEATS;
        OPCODE_CONV:       length_ok = !long && length == CONV_BEATS;
        OPCODE_END:        length_ok = !long && length == END_BEATS;
        // One beat, then data of whole 128 bits
        OPCODE_IMAGE:      length_ok = (long || length > IMAGE_BEATS) && length[0];
        OPCODE_THRESHOLDS: length_ok = (long || length != 4'd1) && length[0];
        default:           length_ok = (long || length != 4'd1) && (length & UNEVEN) == 4'd1;
    endcase
end

wire        is_load         = header && header_opcode == OPCODE_LOAD;
wire        is_begin        = header && header_opcode == OPCODE_BEGIN;
wire        is_end          = header && header_opcode == OPCODE_END;

// ---- BEGIN: its first beat, and its second in the word behind it
wire magic_ok      = payload[BEGIN_MAGIC_HIGH:BEGIN_MAGIC_LOW] == BEGIN_MAGIC;
wire format_ok     = payload[BEGIN_FORMAT_VERSION_HIGH:BEGIN_FORMAT_VERSION_LOW] == BEGIN_FORMAT_VERSION;
wire parameters_ok = beat[BEGIN_N_HIGH:BEGIN_N_LOW] == N[7:0] && beat[BEGIN_ACT_W_HIGH:BEGIN_ACT_W_LOW] == ACT_W[7:0] &&
                     beat[BEGIN_WGT_W_HIGH:BEGIN_WGT_W_LOW] == WGT_W[7:0] && beat[BEGIN_ACC_W_HIGH:BEGIN_ACC_W_LOW] == ACC_W[7:0];

// ---- CRC-32s: activation words of LOAD commands and rows of IMAGE commands are images, all others program. The program's are half a word behind, for its last
// beat, END's, is not of it: a step takes what the word before left over, and the word's low half.
localparam [31:0] POLYNOMIAL = 32'hEDB88320;

// The register 64 bits of zeros before the one that a CRC-32 begins with
function [31:0] before_start(input integer bits);
    integer n;
    begin
        before_start = 32'hFFFFFFFF;
        for (n = 0; n < bits; n = n + 1)
            before_start = before_start[31] ? ((before_start ^ POLYNOMIAL) << 1) | 32'd1 : before_start << 1;
    end
endfunction

localparam [31:0] BEFORE_START = before_start(64);

wire        image = taken[DECODER_LOAD_DATA] || taken[DECODER_IMAGE_DATA];
reg         step_reg, image_step_reg;
reg  [1:0]  end_reg;                // END's word, while its steps are taken
reg  [63:0] over_reg;               // the high half of the program's last word
reg  [31:0] data_crc_reg, images_crc_reg, program_crc_reg;
wire [31:0] data_crc, step_crc;

crc32 #(.WIDTH(128)) crc_of_data (.enable(1'b1), .crc_in(32'd0), .data(image ? word : {beat, over_reg}), .crc_out(data_crc));
crc32 #(.WIDTH(128)) crc_of_state (
    .enable(1'b1), .crc_in(image_step_reg ? images_crc_reg : program_crc_reg), .data(128'd0), .crc_out(step_crc));

assign images_crc  = ~images_crc_reg;
assign program_crc = ~program_crc_reg;

wire crc_ok = over_reg[END_IMAGES_CRC_HIGH:END_IMAGES_CRC_LOW] == images_crc &&
              over_reg[END_PROGRAM_CRC_HIGH:END_PROGRAM_CRC_LOW] == program_crc;

always @(posedge clk) begin
    step_reg       <= valid;
    image_step_reg <= image;
    end_reg        <= {end_reg[0], is_end};
    if (valid) data_crc_reg <= data_crc;
    if (valid && !image) over_reg <= payload;
    if (step_reg && image_step_reg) images_crc_reg <= step_crc ^ data_crc_reg;
    if (step_reg && !image_step_reg) program_crc_reg <= step_crc ^ data_crc_reg;
    if (rst) {step_reg, end_reg} <= 3'd0;
    if (clear) begin
        over_reg        <= 64'd0;
        images_crc_reg  <= 32'hFFFFFFFF;
        program_crc_reg <= BEFORE_START;
    end
end

// ---- faults, a bit for each code; of a word's, the first named here is its error
reg [15:0] next_sequence_reg, sequence_reg;
reg [7:0]  opcode_reg;
reg        tlast_half_reg, tlast_early_reg, magic_reg, opcode_fault_reg, sequence_fault_reg, descriptor_reg, length_reg, format_reg, parameters_reg;
reg        overflow_reg, tlast_missing_reg, crc_fault_reg;

always @(posedge clk) begin
    tlast_half_reg   <= valid && tlast && half;
    tlast_early_reg    <= valid && tlast && !is_end;
    magic_reg          <= header && ((first && header_opcode != OPCODE_BEGIN) || (is_begin && !magic_ok));
    opcode_fault_reg   <= header && !known_opcode;
    sequence_fault_reg <= header && (header_sequence != next_sequence_reg || (!first && header_opcode == OPCODE_BEGIN));
    descriptor_reg     <= (header && !flags_ok) || (is_load && load_refused) || bad_descriptor || image_refused;
    length_reg         <= (header && !length_ok) || image_bad_length;
    format_reg         <= is_begin && !format_ok;
    parameters_reg     <= taken[DECODER_BEGIN] && !parameters_ok;
    overflow_reg       <= overflow || (is_load && load_bad) || image_overflow;
    tlast_missing_reg  <= is_end && !tlast;
    crc_fault_reg      <= end_reg[1] && !crc_ok;

    if (header) begin
        next_sequence_reg <= next_sequence_reg + 16'd1;
        sequence_reg      <= header_sequence;
        opcode_reg        <= header_opcode;
    end
    if (clear) next_sequence_reg <= 16'd0;

    error_code <=
            tlast_half_reg   ? ERROR_TLAST_EARLY :
            magic_reg          ? ERROR_BAD_MAGIC :
            opcode_fault_reg   ? ERROR_UNKNOWN_OPCODE :
            sequence_fault_reg ? ERROR_BAD_SEQUENCE :
            descriptor_reg     ? ERROR_BAD_DESCRIPTOR :
            length_reg         ? ERROR_BAD_LENGTH :
            tlast_early_reg    ? ERROR_TLAST_EARLY :
            format_reg         ? ERROR_BAD_FORMAT :
            parameters_reg     ? ERROR_BAD_PARAMETERS :
            overflow_reg       ? ERROR_ACT_OVERFLOW :
            tlast_missing_reg  ? ERROR_TLAST_MISSING :
            crc_fault_reg      ? ERROR_BAD_CRC : ERROR_NONE;
    command_sequence <= sequence_reg;
    command_opcode   <= opcode_reg;
    if (rst) begin
        {tlast_half_reg, tlast_early_reg, magic_reg, opcode_fault_reg, sequence_fault_reg, descriptor_reg}  <= 6'd0;
        {length_reg, format_reg, parameters_reg, overflow_reg, tlast_missing_reg, crc_fault_reg}             <= 6'd0;
        sequence_reg <= 16'd0;
        opcode_reg   <= 8'd0;
        error_code   <= ERROR_NONE;
    end
end

endmodule

`resetall
