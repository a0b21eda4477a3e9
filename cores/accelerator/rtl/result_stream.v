`resetall
`default_nettype none

/*
 * Sends the result words and, when asked, the trailer, two words: magic and error, the program's CRC-32 and the beat count; CRC-32 of
 * all before and that of the images. Where the stream has 64 bits, each word leaves as two beats, the low one first.
 *
 * A word is registered, then counted in the CRC as it goes on to the output's registers. The trailer follows the last word that
 * has been offered; from there on no word is taken until trailer_request, which stays until trailer_done (a register), has
 * fallen.
 *
 * rst clears all but the output's registers: whole words that they hold stay until they are taken, or until m_rst clears them.
 */
module result_stream #(
    // Bits of the stream: 64 or 128
    parameter STREAM_W = 64
) (
    input  wire                clk,
    input  wire                rst,
    input  wire                m_rst,
    // Results
    input  wire [127:0]        s_data,
    input  wire                s_valid,
    output wire                s_ready,
    // Trailer
    input  wire                trailer_request,
    output wire                trailer_done,
    input  wire [7:0]          error_code,
    input  wire [15:0]         error_sequence,
    input  wire [31:0]         images_crc,      // both of what the decoder has read
    input  wire [31:0]         program_crc,
    // Packet
    output wire [STREAM_W-1:0] m_data,
    output wire                m_last,
    output wire                m_valid,
    input  wire                m_ready
);

`include "program_format.vh"

// What the word register takes next; the CRC is known two cycles after the word before has gone on.
localparam [2:0] RESULTS = 3'd0;
localparam [2:0] WAIT    = 3'd1;
localparam [2:0] SETTLE  = 3'd2;
localparam [2:0] CRC     = 3'd3;
localparam [2:0] SENT    = 3'd4;

reg  [2:0]   state_reg;
reg  [30:0]  count_reg;         // words
wire [31:0]  crc;
reg  [127:0] word_reg;
reg          word_valid_reg;
reg          word_last_reg;
reg          done_reg;
reg  [127:0] trailer;
wire         out_ready;

wire results = state_reg == RESULTS;
wire free    = out_ready || !word_valid_reg;
wire take    = results && free && s_valid;
wire start   = results && free && !s_valid && trailer_request;
wire closing = state_reg == CRC && out_ready;
wire over    = state_reg == SENT && !trailer_request;

assign s_ready      = free && results;
assign trailer_done = done_reg;

always @* begin
    trailer = 128'd0;
    if (results) begin
        trailer[64*TRAILER_MAGIC_BEAT + TRAILER_MAGIC_LOW +: 32]                   = TRAILER_MAGIC;
        trailer[64*TRAILER_ERROR_CODE_BEAT + TRAILER_ERROR_CODE_LOW +: 8]          = error_code;
        trailer[64*TRAILER_ERROR_SEQUENCE_BEAT + TRAILER_ERROR_SEQUENCE_LOW +: 16] = error_sequence;
        trailer[64*TRAILER_FORMAT_BEAT + TRAILER_FORMAT_LOW +: 8]                  = TRAILER_FORMAT;
        trailer[64*TRAILER_PROGRAM_CRC_BEAT + TRAILER_PROGRAM_CRC_LOW +: 32]       = program_crc;
        trailer[64*TRAILER_RESULT_BEATS_BEAT + TRAILER_RESULT_BEATS_LOW +: 32]     = {count_reg, 1'b0};
    end else begin
        trailer[64*(TRAILER_CRC_BEAT - 2) + TRAILER_CRC_LOW +: 32]                 = ~crc;
        trailer[64*(TRAILER_IMAGES_CRC_BEAT - 2) + TRAILER_IMAGES_CRC_LOW +: 32]   = images_crc;
    end
end

// The second word of the trailer is the packet's last: only once the first has left whole, so that no older end is taken for it.
always @(posedge clk) begin
    done_reg <= m_valid && m_ready && m_last && state_reg == SENT;
    if (free) begin
        word_valid_reg <= take || start || closing;
        word_last_reg  <= closing;
    end
    if (take) count_reg <= count_reg + 31'd1;
    if (start) state_reg <= WAIT;
    if (out_ready) begin
        if (state_reg == WAIT) state_reg <= SETTLE;
        if (state_reg == SETTLE) state_reg <= CRC;
        if (state_reg == CRC) state_reg <= SENT;
    end
    if (rst || over) begin
        state_reg <= RESULTS;
        count_reg <= 31'd0;
    end
    if (rst) begin
        word_valid_reg <= 1'b0;
        done_reg       <= 1'b0;
    end
end

always @(posedge clk) if (free) word_reg <= take ? s_data : trailer;

result_crc u_result_crc (
    .clk(clk), .clear(rst || over), .enable(word_valid_reg && out_ready), .data(word_reg), .crc(crc)
);

// ---- output
wire [STREAM_W-1:0] out_data;
wire                out_last, out_valid, beat_ready;

generate
    if (STREAM_W == 128) begin : g_words
        assign out_data  = word_reg;
        assign out_last  = word_last_reg;
        assign out_valid = word_valid_reg;
        assign out_ready = beat_ready;
    end else if (STREAM_W == 64) begin : g_beats
        // verilator lint_off PINCONNECTEMPTY
        stream_narrow #(.WIDE(128), .WIDTH(64)) beats (
            .clk(clk), .rst(m_rst),
            .s_tdata(word_reg), .s_tkeep(16'hFFFF), .s_tlast(word_last_reg), .s_tvalid(word_valid_reg), .s_tready(out_ready),
            .m_tdata(out_data), .m_tkeep(), .m_tlast(out_last), .m_tvalid(out_valid), .m_tready(beat_ready)
        );
        // verilator lint_on PINCONNECTEMPTY
    end else begin : g_check_stream
        ERROR_result_stream_STREAM_W_must_be_64_or_128 error();
    end
endgenerate

stream_register #(.WIDTH(STREAM_W + 1)) output_register (
    .clk(clk),
    .rst(m_rst),
    .s_data({out_last, out_data}),
    .s_valid(out_valid),
    .s_ready(beat_ready),
    .m_data({m_last, m_data}),
    .m_valid(m_valid),
    .m_ready(m_ready)
);

endmodule

`resetall
