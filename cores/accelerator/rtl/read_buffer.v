`resetall
`default_nettype none

/*
 * Holds activation words that a READ brings and sends them as 64-bit beats: one a word, or two (the low half first) where a
 * word has 128 bits. Whoever issues reads counts the
 * places (DEPTH at first, one more with each freed); reserve says that a word is on its way.
 */
module read_buffer #(
    // Bits of a word: 32, 64 or 128
    parameter WORD_W = 32,
    // Words held: a power of two
    parameter DEPTH = 64,
    // Read latency of the memory: 1 or 2
    parameter LATENCY = 2
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              reserve,
    output reg               freed,             // a word has been sent
    input  wire              in_valid,
    input  wire [WORD_W-1:0] in_word,
    output wire [63:0]       m_data,
    output wire              m_valid,
    input  wire              m_ready,
    output wire              empty
);

localparam COUNT_W = $clog2(DEPTH) + 1;

reg  [COUNT_W-1:0] reserved_reg;
wire [WORD_W-1:0]  word;
wire               pop;

assign empty = reserved_reg == {COUNT_W{1'b0}};

always @(posedge clk) begin
    freed        <= pop && !rst;
    reserved_reg <= reserved_reg + {{COUNT_W-1{1'b0}}, reserve} - {{COUNT_W-1{1'b0}}, pop};
    if (rst) reserved_reg <= {COUNT_W{1'b0}};
end

// verilator lint_off PINCONNECTEMPTY
stream_fifo #(.WIDTH(WORD_W), .DEPTH(DEPTH), .LATENCY(LATENCY)) fifo (
    .clk(clk), .rst(rst),
    .s_data(in_word), .s_valid(in_valid), .s_ready(),   // reserved: always ready
    .m_data(word), .m_valid(m_valid), .m_ready(pop)
);
// verilator lint_on PINCONNECTEMPTY

generate
    if (WORD_W > 64) begin : g_halves
        reg high_reg;
        always @(posedge clk) begin
            if (m_valid && m_ready) high_reg <= !high_reg;
            if (rst) high_reg <= 1'b0;
        end
        assign m_data = high_reg ? word[WORD_W-1 -: 64] : word[63:0];
        assign pop    = m_valid && m_ready && high_reg;
    end else begin : g_whole
        assign m_data = {{64-WORD_W{1'b0}}, word};
        assign pop    = m_valid && m_ready;
    end
endgenerate

endmodule

`resetall
