`resetall
`default_nettype none

/*
 * Collects the columns' results, which arrive skewed, and sends them as stream words of four columns each.
 *
 * Two columns share a memory, as wide as a block RAM; where the second follows the first by a cycle, the first waits in a register. A
 * position is read, word by word, once the last column has it, which removes the rest of the skew; the word is chosen behind the
 * memories' registers and has a register of its own before the queue.
 *
 * Whoever issues positions counts the places (DEPTH at first, stream_credits), so that the array never has to stop: freed gives one back
 * the cycle after its last word has been read. reserve is that of a position decided the cycle before; empty, a register, says that
 * nothing is reserved and no word is here. A word that has been waited for leaves LATENCY + 3 cycles after its last column came.
 */
module result_buffer #(
    // Columns: a multiple of four
    parameter N = 8,
    // Columns, the first ones, that are pairs without skew: even, 0 to N
    parameter DSP_COLUMNS = 0,
    // Bits of an accumulator: at most 32
    parameter ACC_W = 28,
    // Positions held: a power of two
    parameter DEPTH = 64,
    // Read latency of the memories: 1 or 2
    parameter LATENCY = 2
) (
    input  wire               clk,
    input  wire               rst,
    input  wire               reserve,
    output reg                freed,
    input  wire [N-1:0]       in_valid,
    input  wire [N*ACC_W-1:0] in_data,
    output wire [127:0]       m_data,
    output wire               m_valid,
    input  wire               m_ready,
    output reg                empty
);

`include "column_delay.vh"

localparam PTR_W  = $clog2(DEPTH);
localparam WORDS  = N / 4;              // of a position
localparam WORD_W = 4 * ACC_W;
localparam WORDS_W = $clog2(WORDS);
localparam LAST_WORD = WORDS - 1;
localparam QUEUE  = LATENCY + 4;        // words read ahead: a cycle more than a memory alone, for the choice

generate
    if (N % 4 != 0 || N < 8) begin : g_check_columns
        ERROR_result_buffer_N_must_be_a_multiple_of_four_from_8_on error();
    end
endgenerate

// ---- places
reg  [PTR_W:0] reserved_reg;
wire           taken, ahead;

always @(posedge clk) begin
    reserved_reg <= reserved_reg + {{PTR_W{1'b0}}, reserve} - {{PTR_W{1'b0}}, taken};
    freed        <= taken;
    empty        <= reserved_reg == {PTR_W+1{1'b0}} && !reserve && !ahead;
    if (rst) begin
        reserved_reg <= {PTR_W+1{1'b0}};
        freed        <= 1'b0;
        empty        <= 1'b1;
    end
end

// ---- memories, one a pair of columns; where a position goes, each pair's behind that of the pair before
wire [PTR_W-1:0]   wr_ptr [0:N/2-1];
wire [WORDS-1:0]   rd_en;
wire [PTR_W-1:0]   rd_addr;
wire [N*ACC_W-1:0] position;

genvar p;
generate
    for (p = 0; p < N / 2; p = p + 1) begin : g_pair
        localparam FIRST  = 2 * p;
        localparam SECOND = 2 * p + 1;
        wire [ACC_W-1:0] first;

        if (p == 0) begin : g_count
            reg [PTR_W-1:0] ptr_reg;
            always @(posedge clk) ptr_reg <= rst ? {PTR_W{1'b0}} : ptr_reg + {{PTR_W-1{1'b0}}, in_valid[SECOND]};
            assign wr_ptr[p] = ptr_reg;
        end else begin : g_follow
            delay_line #(.WIDTH(PTR_W), .CYCLES(column_delay(SECOND) - column_delay(SECOND - 2))) delay_pointer (
                .clk(clk), .rst(rst), .in(wr_ptr[p-1]), .out(wr_ptr[p]));
        end
        delay_line #(.WIDTH(ACC_W), .CYCLES(column_delay(SECOND) - column_delay(FIRST))) delay_first (
            .clk(clk), .rst(rst), .in(in_data[FIRST*ACC_W +: ACC_W]), .out(first));
        sram #(.WIDTH(2*ACC_W), .DEPTH(DEPTH), .LATENCY(LATENCY)) memory (
            .clk(clk),
            .wr_en(in_valid[SECOND]),
            .wr_addr(wr_ptr[p]),
            .wr_data({in_data[SECOND*ACC_W +: ACC_W], first}),
            .rd_en(rd_en[p/2]),
            .rd_addr(rd_addr),
            .rd_data(position[FIRST*ACC_W +: 2*ACC_W])
        );
    end
endgenerate

wire arrive;

// verilator lint_off PINCONNECTEMPTY
stream_reader #(.DEPTH(DEPTH), .PARTS(WORDS), .LATENCY(LATENCY), .QUEUE(QUEUE)) reader (
    .clk(clk), .rst(rst),
    .stored(in_valid[N-1]), .popped(m_valid && m_ready),
    .rd_en(rd_en), .rd_addr(rd_addr), .taken(taken), .held(),
    .arrive(arrive), .ahead(ahead)
);
// verilator lint_on PINCONNECTEMPTY

// ---- the word that arrives: they come in turn
reg  [WORDS_W-1:0] word_reg;
reg                chosen_valid_reg;
reg  [WORD_W-1:0]  chosen_reg;
wire [WORD_W-1:0]  chosen;
wire [WORD_W-1:0]  sums;

always @(posedge clk) begin
    if (arrive) word_reg <= word_reg == LAST_WORD[WORDS_W-1:0] ? {WORDS_W{1'b0}} : word_reg + 1'b1;
    chosen_valid_reg <= arrive;
    if (rst) begin
        word_reg         <= {WORDS_W{1'b0}};
        chosen_valid_reg <= 1'b0;
    end
end

always @(posedge clk) if (arrive) chosen_reg <= chosen;

// A bit at a time: of whole words Yosys makes a shifter
genvar b, w;
generate
    for (b = 0; b < WORD_W; b = b + 1) begin : g_bit
        wire [WORDS-1:0] bits;
        for (w = 0; w < WORDS; w = w + 1) begin : g_word
            assign bits[w] = position[w*WORD_W + b];
        end
        assign chosen[b] = bits[word_reg];
    end
endgenerate

stream_queue #(.WIDTH(WORD_W), .DEPTH(8)) queue (
    .clk(clk), .rst(rst),
    .s_data(chosen_reg), .enter(chosen_valid_reg),
    .m_data(sums), .m_valid(m_valid), .m_ready(m_ready)
);

genvar c;
generate
    for (c = 0; c < 4; c = c + 1) begin : g_column
        assign m_data[32*c +: 32] = {{32-ACC_W{sums[(c+1)*ACC_W-1]}}, sums[c*ACC_W +: ACC_W]};
    end
endgenerate

endmodule

`resetall
