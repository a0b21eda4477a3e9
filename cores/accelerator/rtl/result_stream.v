`resetall
`default_nettype none

/*
 * Sends the result beats and, when asked, the trailer: magic and error, the program's CRC-32 and the beat count, CRC-32 of
 * all beats before and that of the images.
 *
 * A beat is registered, then counted in the CRC as it goes on to the output's registers. The trailer follows the last beat that
 * has been offered; from there on no beat is taken until trailer_request, which stays until trailer_done (a register), has
 * fallen.
 *
 * rst clears all but the output's registers: what they hold stays until it is taken, or until m_rst clears them.
 */
module result_stream (
    input  wire        clk,
    input  wire        rst,
    input  wire        m_rst,
    // Results
    input  wire [63:0] s_data,
    input  wire        s_valid,
    output wire        s_ready,
    // Trailer
    input  wire        trailer_request,
    output wire        trailer_done,
    input  wire [7:0]  error_code,
    input  wire [15:0] error_sequence,
    input  wire [31:0] images_crc,      // both of what the decoder has read
    input  wire [31:0] program_crc,
    // Packet
    output wire [63:0] m_data,
    output wire        m_last,
    output wire        m_valid,
    input  wire        m_ready
);

`include "program_format.vh"

// What the beat register takes next; the CRC is known when the beat before it has gone on.
localparam [2:0] RESULTS = 3'd0;
localparam [2:0] COUNT   = 3'd1;
localparam [2:0] WAIT    = 3'd2;
localparam [2:0] CRC     = 3'd3;
localparam [2:0] SENT    = 3'd4;

reg [2:0]   state_reg;
reg [31:0]  count_reg;
reg [31:0]  crc_reg;
wire [31:0] crc_next;
reg [63:0]  beat_reg;
reg         beat_valid_reg;
reg         beat_last_reg;
reg         done_reg;
reg [63:0]  trailer;
wire        out_ready;

wire results = state_reg == RESULTS;
wire take    = results && s_valid;
wire start   = results && !s_valid && trailer_request;

assign s_ready      = out_ready && results;
assign trailer_done = done_reg;

always @* begin
    trailer = 64'd0;
    case (state_reg)
        RESULTS: begin
            trailer[TRAILER_MAGIC_HIGH:TRAILER_MAGIC_LOW]                   = TRAILER_MAGIC;
            trailer[TRAILER_ERROR_CODE_HIGH:TRAILER_ERROR_CODE_LOW]         = error_code;
            trailer[TRAILER_ERROR_SEQUENCE_HIGH:TRAILER_ERROR_SEQUENCE_LOW] = error_sequence;
            trailer[TRAILER_FORMAT_HIGH:TRAILER_FORMAT_LOW]                 = TRAILER_FORMAT;
        end
        COUNT: begin
            trailer[TRAILER_PROGRAM_CRC_HIGH:TRAILER_PROGRAM_CRC_LOW]       = program_crc;
            trailer[TRAILER_RESULT_BEATS_HIGH:TRAILER_RESULT_BEATS_LOW]     = count_reg;
        end
        default: begin
            trailer[TRAILER_CRC_HIGH:TRAILER_CRC_LOW]                       = ~crc_reg;
            trailer[TRAILER_IMAGES_CRC_HIGH:TRAILER_IMAGES_CRC_LOW]         = images_crc;
        end
    endcase
end

crc32 u_crc32 (.enable(beat_valid_reg && out_ready), .crc_in(crc_reg), .data(beat_reg), .crc_out(crc_next));

always @(posedge clk) begin
    crc_reg  <= crc_next;
    done_reg <= m_valid && m_ready && m_last && state_reg == SENT;
    if (out_ready) begin
        beat_valid_reg <= take || start || state_reg == COUNT || state_reg == CRC;
        beat_last_reg  <= state_reg == CRC;
        if (take) count_reg <= count_reg + 32'd1;
        if (start || state_reg == COUNT || state_reg == WAIT || state_reg == CRC) state_reg <= state_reg + 3'd1;
    end
    if (rst || (state_reg == SENT && !trailer_request)) begin
        state_reg <= RESULTS;
        count_reg <= 32'd0;
        crc_reg   <= 32'hFFFFFFFF;
    end
    if (rst) begin
        beat_valid_reg <= 1'b0;
        done_reg       <= 1'b0;
    end
end

always @(posedge clk) if (out_ready) beat_reg <= take ? s_data : trailer;

stream_register #(.WIDTH(65)) output_register (
    .clk(clk),
    .rst(m_rst),
    .s_data({beat_last_reg, beat_reg}),
    .s_valid(beat_valid_reg),
    .s_ready(out_ready),
    .m_data({m_last, m_data}),
    .m_valid(m_valid),
    .m_ready(m_ready)
);

endmodule

`resetall
