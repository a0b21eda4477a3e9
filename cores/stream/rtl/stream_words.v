`resetall
`default_nettype none

/*
 * Stream words of 128 bits from a stream of 64 or 128: two beats of 64 a word, the first in the low half. All its outputs are registers.
 *
 * With 64 bits a word comes every second cycle at most, without a bubble: while one waits, the low half of the next is taken. A
 * packet that ends with a low half ends with a word that says so (m_half); its high half means nothing.
 */
module stream_words #(
    // Bits of the incoming stream: 64 or 128
    parameter STREAM_W = 64
) (
    input  wire                clk,
    input  wire                rst,
    input  wire [STREAM_W-1:0] s_data,
    input  wire                s_last,
    input  wire                s_valid,
    output wire                s_ready,
    output wire [127:0]        m_data,
    output wire                m_half,
    output wire                m_last,
    output wire                m_valid,
    input  wire                m_ready
);

generate
    if (STREAM_W == 128) begin : g_whole
        stream_register #(.WIDTH(129)) whole (
            .clk(clk), .rst(rst),
            .s_data({s_last, s_data}), .s_valid(s_valid), .s_ready(s_ready),
            .m_data({m_last, m_data}), .m_valid(m_valid), .m_ready(m_ready)
        );
        assign m_half = 1'b0;
    end else if (STREAM_W == 64) begin : g_halves
        reg         ready_reg;
        reg [63:0]  low_reg;
        reg         low_valid_reg, low_last_reg;
        reg [127:0] word_reg;
        reg         valid_reg, half_reg, last_reg;
        wire take      = s_valid && ready_reg;
        wire word_free = !valid_reg || m_ready;
        // With a beat, which comes only if the word's place is free then, or alone
        wire word_goes = take && low_valid_reg;
        wire half_goes = low_valid_reg && low_last_reg && !valid_reg;
        wire low_next  = take ? !low_valid_reg : low_valid_reg && !half_goes;
        wire word_next = word_goes || half_goes || !word_free;

        assign s_ready = ready_reg;
        assign m_data  = word_reg;
        assign m_half  = half_reg;
        assign m_last  = last_reg;
        assign m_valid = valid_reg;

        always @(posedge clk) begin
            ready_reg     <= !low_next || !(word_next || (low_valid_reg ? low_last_reg : s_last));
            low_valid_reg <= low_next;
            valid_reg     <= word_next;
            if (!low_valid_reg) {low_last_reg, low_reg} <= {s_last, s_data};
            if (!valid_reg) begin
                word_reg <= {s_data, low_reg};
                half_reg <= !word_goes;
                last_reg <= word_goes ? s_last : low_last_reg;
            end
            if (rst) {ready_reg, low_valid_reg, valid_reg} <= 3'b000;
        end
    end else begin : g_check_width
        ERROR_stream_words_STREAM_W_must_be_64_or_128 error();
    end
endgenerate

endmodule

`resetall
