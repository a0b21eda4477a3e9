`resetall
`default_nettype none

/*
 * Collects the columns' results, which arrive skewed, and sends them as 64-bit beats of two columns each.
 *
 * Every column writes its own small memory; a position is read, beat by beat, once the last column has it, which removes the
 * skew. Whoever issues positions counts the places, so that the array never has to stop: result_reader has the timing.
 */
module result_buffer #(
    // Columns
    parameter N = 8,
    // Bits of an accumulator
    parameter ACC_W = 28,
    // Positions held: a power of two
    parameter DEPTH = 64,
    // Read latency of the memories: 1 or 2
    parameter LATENCY = 2
) (
    input  wire               clk,
    input  wire               rst,
    input  wire               reserve,
    output wire               freed,
    input  wire [N-1:0]       in_valid,
    input  wire [N*ACC_W-1:0] in_data,
    output wire [63:0]        m_data,
    output wire               m_valid,
    input  wire               m_ready,
    output wire               empty
);

localparam PTR_W = $clog2(DEPTH);
localparam BEATS = N / 2;

wire [BEATS-1:0]   rd_en;
wire [PTR_W-1:0]   rd_addr;
wire [N*ACC_W-1:0] position;
wire [2*ACC_W-1:0] sums;

result_reader #(.DEPTH(DEPTH), .BEATS(BEATS), .WIDTH(2*ACC_W), .LATENCY(LATENCY)) reader (
    .clk(clk), .rst(rst),
    .reserve(reserve), .freed(freed), .empty(empty),
    .stored(in_valid[N-1]), .rd_en(rd_en), .rd_addr(rd_addr), .rd_data(position),
    .m_data(sums), .m_valid(m_valid), .m_ready(m_ready)
);

genvar c;
generate
    for (c = 0; c < 2; c = c + 1) begin : g_half
        assign m_data[32*c +: 32] = {{32-ACC_W{sums[(c+1)*ACC_W-1]}}, sums[c*ACC_W +: ACC_W]};
    end
    for (c = 0; c < N; c = c + 1) begin : g_column
        reg [PTR_W-1:0] wr_ptr_reg;
        always @(posedge clk) begin
            if (in_valid[c]) wr_ptr_reg <= wr_ptr_reg + 1'b1;
            if (rst) wr_ptr_reg <= {PTR_W{1'b0}};
        end
        sram #(.WIDTH(ACC_W), .DEPTH(DEPTH), .LATENCY(LATENCY)) memory (
            .clk(clk),
            .wr_en(in_valid[c]),
            .wr_addr(wr_ptr_reg),
            .wr_data(in_data[c*ACC_W +: ACC_W]),
            .rd_en(rd_en[c/2]),
            .rd_addr(rd_addr),
            .rd_data(position[c*ACC_W +: ACC_W])
        );
    end
endgenerate

endmodule

`resetall
