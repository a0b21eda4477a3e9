`resetall
`default_nettype none

/*
 * Holds activation words that a READ brings and sends them as 64-bit beats: one a word, or two (the low half first) where a
 * word has 128 bits. Whoever issues READs counts the places: result_reader has the timing. A word is stored a cycle after in_valid:
 * the way from the activation memory is long.
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
    output wire              freed,
    input  wire              in_valid,
    input  wire [WORD_W-1:0] in_word,
    output wire [63:0]       m_data,
    output wire              m_valid,
    input  wire              m_ready,
    output wire              empty
);

localparam PTR_W  = $clog2(DEPTH);
localparam BEATS  = WORD_W > 64 ? 2 : 1;
localparam BEAT_W = WORD_W / BEATS;

wire [BEATS-1:0]  rd_en;
wire [PTR_W-1:0]  rd_addr;
wire [WORD_W-1:0] word;
wire [BEAT_W-1:0] data;
reg               store_reg;
reg  [WORD_W-1:0] word_reg;
reg  [PTR_W-1:0]  wr_ptr_reg;

always @(posedge clk) begin
    store_reg <= in_valid;
    if (store_reg) wr_ptr_reg <= wr_ptr_reg + 1'b1;
    if (rst) begin
        store_reg  <= 1'b0;
        wr_ptr_reg <= {PTR_W{1'b0}};
    end
end

always @(posedge clk) word_reg <= in_word;

result_reader #(.DEPTH(DEPTH), .BEATS(BEATS), .WIDTH(BEAT_W), .LATENCY(LATENCY)) reader (
    .clk(clk), .rst(rst),
    .reserve(reserve), .freed(freed), .empty(empty),
    .stored(store_reg), .rd_en(rd_en), .rd_addr(rd_addr), .rd_data(word),
    .m_data(data), .m_valid(m_valid), .m_ready(m_ready)
);

assign m_data = {{64-BEAT_W{1'b0}}, data};

genvar b;
generate
    for (b = 0; b < BEATS; b = b + 1) begin : g_beat
        sram #(.WIDTH(BEAT_W), .DEPTH(DEPTH), .LATENCY(LATENCY)) memory (
            .clk(clk),
            .wr_en(store_reg),
            .wr_addr(wr_ptr_reg),
            .wr_data(word_reg[b*BEAT_W +: BEAT_W]),
            .rd_en(rd_en[b]),
            .rd_addr(rd_addr),
            .rd_data(word[b*BEAT_W +: BEAT_W])
        );
    end
endgenerate

endmodule

`resetall
