`resetall
`default_nettype none

/*
 * What is wrong with a program's beats, by themselves and in their order, the CRC-32s of program and images
 * included.
 *
 * A beat and what it was taken as are there with `valid`; two cycles later follow error_code, for a cycle (0: nothing is
 * wrong), and sequence number and opcode of its command.
 */
module beat_checks #(
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
    input  wire [63:0]       beat,
    input  wire              valid,
    input  wire [STATES-1:0] taken,             // one-hot: the decoder's state that took it; 0 if not valid
    input  wire              first,             // of the packet: BEGIN must be its command
    input  wire              tlast,
    input  wire [1:0]        place,             // one-hot: the first of a payload, the second
    input  wire              overflow,          // it goes to no place of the activation memory
    input  wire              bad_descriptor,    // it is, or completes, what no LOAD or CONV command may have
    output reg  [7:0]        error_code,
    output reg  [15:0]       command_sequence,
    output reg  [7:0]        command_opcode,
    output wire [31:0]       images_crc,        // from the cycle behind END's beat on, until clear
    output wire [31:0]       program_crc
);

`include "accelerator_registers.vh"

`include "program_format.vh"

// ---- header
wire        header          = taken[DECODER_HEADER];
wire [7:0]  header_opcode   = beat[HEADER_OPCODE_HIGH:HEADER_OPCODE_LOW];
wire [7:0]  header_flags    = beat[HEADER_FLAGS_HIGH:HEADER_FLAGS_LOW];
wire [15:0] header_sequence = beat[HEADER_SEQUENCE_HIGH:HEADER_SEQUENCE_LOW];
wire [31:0] header_length   = beat[HEADER_LENGTH_HIGH:HEADER_LENGTH_LOW];
wire        known_opcode    = header_opcode == OPCODE_BEGIN || header_opcode == OPCODE_LOAD || header_opcode == OPCODE_CONV ||
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
        default:           length_ok = (long || length != 4'd1) && length[0];
    endcase
end

// ---- BEGIN
wire begin_head    = taken[DECODER_BEGIN] && place[BEGIN_MAGIC_BEAT];
wire magic_ok      = beat[BEGIN_MAGIC_HIGH:BEGIN_MAGIC_LOW] == BEGIN_MAGIC;
wire format_ok     = beat[BEGIN_FORMAT_VERSION_HIGH:BEGIN_FORMAT_VERSION_LOW] == BEGIN_FORMAT_VERSION;
wire parameters_ok = beat[BEGIN_N_HIGH:BEGIN_N_LOW] == N[7:0] && beat[BEGIN_ACT_W_HIGH:BEGIN_ACT_W_LOW] == ACT_W[7:0] &&
                     beat[BEGIN_WGT_W_HIGH:BEGIN_WGT_W_LOW] == WGT_W[7:0] && beat[BEGIN_ACC_W_HIGH:BEGIN_ACC_W_LOW] == ACC_W[7:0];

// ---- CRC-32s of the beats before this one: activation words of LOAD commands are images, all others program
reg  [31:0] images_crc_reg, program_crc_reg;
wire [31:0] crc_next;
wire        image = taken[DECODER_LOAD_DATA];

crc32 u_crc32 (.enable(1'b1), .crc_in(image ? images_crc_reg : program_crc_reg), .data(beat), .crc_out(crc_next));

assign images_crc  = ~images_crc_reg;
assign program_crc = ~program_crc_reg;

wire crc_ok = beat[END_IMAGES_CRC_HIGH:END_IMAGES_CRC_LOW] == images_crc &&
              beat[END_PROGRAM_CRC_HIGH:END_PROGRAM_CRC_LOW] == program_crc;

// ---- faults, a bit for each code; of a beat's, the first named here is its error
reg [15:0] next_sequence_reg, sequence_reg;
reg [7:0]  opcode_reg;
reg        tlast_early_reg, magic_reg, opcode_fault_reg, sequence_fault_reg, descriptor_reg, length_reg, format_reg, parameters_reg;
reg        overflow_reg, tlast_missing_reg, crc_fault_reg;

always @(posedge clk) begin
    tlast_early_reg    <= valid && tlast && !taken[DECODER_END];
    magic_reg          <= (header && first && header_opcode != OPCODE_BEGIN) || (begin_head && !magic_ok);
    opcode_fault_reg   <= header && !known_opcode;
    sequence_fault_reg <= header && (header_sequence != next_sequence_reg || (!first && header_opcode == OPCODE_BEGIN));
    descriptor_reg     <= (header && !flags_ok) || bad_descriptor;
    length_reg         <= header && !length_ok;
    format_reg         <= begin_head && !format_ok;
    parameters_reg     <= taken[DECODER_BEGIN] && place[BEGIN_N_BEAT] && !parameters_ok;
    overflow_reg       <= overflow;
    tlast_missing_reg  <= taken[DECODER_END] && !tlast;
    crc_fault_reg      <= taken[DECODER_END] && !crc_ok;

    if (image) images_crc_reg <= crc_next;
    if (valid && !image && !taken[DECODER_END]) program_crc_reg <= crc_next;
    if (header) begin
        next_sequence_reg <= next_sequence_reg + 16'd1;
        sequence_reg      <= header_sequence;
        opcode_reg        <= header_opcode;
    end
    if (clear) begin
        next_sequence_reg <= 16'd0;
        images_crc_reg    <= 32'hFFFFFFFF;
        program_crc_reg   <= 32'hFFFFFFFF;
    end

    error_code <=
            tlast_early_reg    ? ERROR_TLAST_EARLY :
            magic_reg          ? ERROR_BAD_MAGIC :
            opcode_fault_reg   ? ERROR_UNKNOWN_OPCODE :
            sequence_fault_reg ? ERROR_BAD_SEQUENCE :
            descriptor_reg     ? ERROR_BAD_DESCRIPTOR :
            length_reg         ? ERROR_BAD_LENGTH :
            format_reg         ? ERROR_BAD_FORMAT :
            parameters_reg     ? ERROR_BAD_PARAMETERS :
            overflow_reg       ? ERROR_ACT_OVERFLOW :
            tlast_missing_reg  ? ERROR_TLAST_MISSING :
            crc_fault_reg      ? ERROR_BAD_CRC : ERROR_NONE;
    command_sequence <= sequence_reg;
    command_opcode   <= opcode_reg;
    if (rst) begin
        {tlast_early_reg, magic_reg, opcode_fault_reg, sequence_fault_reg, descriptor_reg, length_reg} <= 6'd0;
        {format_reg, parameters_reg, overflow_reg, tlast_missing_reg, crc_fault_reg}                   <= 5'd0;
        sequence_reg <= 16'd0;
        opcode_reg   <= 8'd0;
        error_code   <= ERROR_NONE;
    end
end

endmodule

`resetall
