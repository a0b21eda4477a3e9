`resetall
`default_nettype none

/*
 * Keeps the first error of a program, with its command's sequence number, until reset; and the last command that was checked.
 *
 * An engine's error comes before a beat's of the same cycle: its command stands earlier in the stream. beat_* are kept one
 * cycle after, what the engine says two.
 */
module decoder_errors (
    input  wire        clk,
    input  wire        rst,
    // Of the beat whose checks end: 0 if it is right, and its command
    input  wire [7:0]  beat_code,
    input  wire [15:0] beat_sequence,
    input  wire [7:0]  beat_opcode,
    // Engine
    input  wire        engine_error,
    input  wire [7:0]  engine_code,
    input  wire [15:0] engine_sequence,
    input  wire        engine_idle,
    // The program has ended with weights or thresholds that no CONV command took
    input  wire        leftovers,
    input  wire        leftover_weights,
    output reg         error,
    output reg  [7:0]  error_code,
    output reg  [15:0] error_sequence,
    output reg  [7:0]  last_opcode,
    output reg  [15:0] last_sequence
);

`include "accelerator_registers.vh"

reg        engine_error_reg;
reg        stream_stuck_reg;    // no CONV command waits: it is the stream's command that never goes on
reg [7:0]  engine_code_reg;
reg [15:0] engine_sequence_reg;
wire       beat_wrong = beat_code != ERROR_NONE;

always @(posedge clk) begin
    engine_error_reg    <= engine_error && !rst;
    stream_stuck_reg    <= engine_idle && engine_code == ERROR_NEVER_READY;
    engine_code_reg     <= engine_code;
    engine_sequence_reg <= engine_sequence;
    if (!error) begin
        error          <= engine_error_reg || beat_wrong || leftovers;
        error_code     <= engine_error_reg ? engine_code_reg : beat_wrong ? beat_code :
                          !leftovers ? ERROR_NONE : leftover_weights ? ERROR_WEIGHTS_LONG : ERROR_THRESHOLDS_LONG;
        error_sequence <= engine_error_reg && !stream_stuck_reg ? engine_sequence_reg :
                          engine_error_reg || beat_wrong || leftovers ? beat_sequence : 16'd0;
        last_opcode    <= beat_opcode;
        last_sequence  <= beat_sequence;
    end
    if (rst) begin
        error          <= 1'b0;
        error_code     <= ERROR_NONE;
        error_sequence <= 16'd0;
        last_opcode    <= 8'd0;
        last_sequence  <= 16'd0;
    end
end

endmodule

`resetall
