`resetall
`default_nettype none

/*
 * Sends the result beats and, when asked, the trailer: magic and error, program id and beat count, CRC-32 of all beats before.
 */
module result_stream (
    input  wire        clk,
    input  wire        rst,
    // Results
    input  wire [63:0] s_data,
    input  wire        s_valid,
    output wire        s_ready,
    // Trailer
    input  wire        trailer_request,
    output wire        trailer_done,
    input  wire [7:0]  error_code,
    input  wire [15:0] error_sequence,
    input  wire [31:0] program_id,
    // Packet
    output wire [63:0] m_data,
    output wire        m_last,
    output wire        m_valid,
    input  wire        m_ready
);

`include "program_format.vh"

localparam [1:0] HEAD  = 2'd0;
localparam [1:0] COUNT = 2'd1;
localparam [1:0] CRC   = 2'd2;
localparam [1:0] SENT  = 2'd3;

reg [1:0]   state_reg;
reg [31:0]  count_reg;
reg [31:0]  crc_reg;
wire [31:0] crc_next;

reg [63:0]  beat;
wire        beat_valid = s_valid || (trailer_request && state_reg != SENT);
wire        beat_last  = !s_valid && state_reg == CRC;
wire        ready;
wire        push = beat_valid && ready;

crc32 u_crc32 (.enable(push), .crc_in(crc_reg), .data(beat), .crc_out(crc_next));

assign s_ready = ready;
assign trailer_done = m_valid && m_ready && m_last;

always @* begin
    beat = 64'd0;
    if (s_valid) beat = s_data;
    else case (state_reg)
        HEAD: begin
            beat[TRAILER_MAGIC_HIGH:TRAILER_MAGIC_LOW]                   = TRAILER_MAGIC;
            beat[TRAILER_ERROR_CODE_HIGH:TRAILER_ERROR_CODE_LOW]         = error_code;
            beat[TRAILER_ERROR_SEQUENCE_HIGH:TRAILER_ERROR_SEQUENCE_LOW] = error_sequence;
            beat[TRAILER_FORMAT_HIGH:TRAILER_FORMAT_LOW]                 = TRAILER_FORMAT;
        end
        COUNT: begin
            beat[TRAILER_PROGRAM_ID_HIGH:TRAILER_PROGRAM_ID_LOW]         = program_id;
            beat[TRAILER_RESULT_BEATS_HIGH:TRAILER_RESULT_BEATS_LOW]     = count_reg;
        end
        default: beat[TRAILER_CRC_HIGH:TRAILER_CRC_LOW]                  = ~crc_reg;
    endcase
end

always @(posedge clk) begin
    crc_reg <= crc_next;
    if (push) begin
        if (s_valid) count_reg <= count_reg + 32'd1;
        else state_reg <= state_reg + 2'd1;
    end
    if (rst || trailer_done) begin
        state_reg <= HEAD;
        count_reg <= 32'd0;
        crc_reg   <= 32'hFFFFFFFF;
    end
end

stream_register #(.WIDTH(65)) output_register (
    .clk(clk),
    .rst(rst),
    .s_data({beat_last, beat}),
    .s_valid(beat_valid),
    .s_ready(ready),
    .m_data({m_last, m_data}),
    .m_valid(m_valid),
    .m_ready(m_ready)
);

endmodule

`resetall
