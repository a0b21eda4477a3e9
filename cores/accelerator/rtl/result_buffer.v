`resetall
`default_nettype none

/*
 * Collects the columns' results, which arrive skewed, and sends them as 64-bit beats of two columns each.
 *
 * Every column writes its own small memory; the reader takes a position once the last column has it, which removes the skew.
 * Whoever issues positions to the array counts the places (DEPTH at first, one more with each freed), so that the array never has
 * to stop; reserve says that a position is on its way.
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
    output reg                freed,            // a position has been taken out
    input  wire [N-1:0]       in_valid,
    input  wire [N*ACC_W-1:0] in_data,
    output wire [63:0]        m_data,
    output wire               m_valid,
    input  wire               m_ready,
    output wire               empty
);

localparam PTR_W  = $clog2(DEPTH);
localparam PAIR_W = $clog2(N / 2);
localparam LAST_PAIR = N / 2 - 1;

generate
    if (DEPTH != (1 << PTR_W)) begin : g_check_depth
        ERROR_result_buffer_DEPTH_must_be_a_power_of_two error();
    end
endgenerate

// ---- reservations
reg [PTR_W:0] reserved_reg;
wire          take;

// ---- reading: one position at a time into the shift register
reg [PTR_W-1:0]    rd_ptr_reg;
reg [PTR_W-1:0]    last_wr_ptr_reg;     // write pointer of the last column
reg                fetched_reg;         // a position is on its way out of the memories, or waits at their outputs
reg [LATENCY-1:0]  fetching_reg;
wire               arrived = fetched_reg && fetching_reg == {LATENCY{1'b0}};
reg                beats_valid_reg;
reg [PAIR_W-1:0]   pair_reg;
reg [N*ACC_W-1:0]  shift_reg;
wire [N*ACC_W-1:0] position;

wire shift = m_valid && m_ready;
wire done  = shift && pair_reg == LAST_PAIR[PAIR_W-1:0];
assign take  = arrived && (!beats_valid_reg || done);
wire fetch = rd_ptr_reg != last_wr_ptr_reg && (!fetched_reg || take);

assign m_valid = beats_valid_reg;
assign m_data  = {{32-ACC_W{shift_reg[2*ACC_W-1]}}, shift_reg[ACC_W +: ACC_W], {32-ACC_W{shift_reg[ACC_W-1]}}, shift_reg[0 +: ACC_W]};
assign empty   = reserved_reg == {PTR_W+1{1'b0}} && !beats_valid_reg;

always @(posedge clk) begin
    freed        <= take && !rst;
    reserved_reg <= reserved_reg + {{PTR_W{1'b0}}, reserve} - {{PTR_W{1'b0}}, take};
    if (fetch) rd_ptr_reg <= rd_ptr_reg + 1'b1;
    if (in_valid[N-1]) last_wr_ptr_reg <= last_wr_ptr_reg + 1'b1;
    fetched_reg  <= fetch || (fetched_reg && !take);
    fetching_reg <= fetch ? ~({LATENCY{1'b1}} << (LATENCY - 1)) : fetching_reg >> 1;
    if (take) beats_valid_reg <= 1'b1;
    else if (done) beats_valid_reg <= 1'b0;
    if (rst) begin
        reserved_reg    <= {PTR_W+1{1'b0}};
        rd_ptr_reg      <= {PTR_W{1'b0}};
        last_wr_ptr_reg <= {PTR_W{1'b0}};
        fetched_reg     <= 1'b0;
        fetching_reg    <= {LATENCY{1'b0}};
        beats_valid_reg <= 1'b0;
    end
end

always @(posedge clk) begin
    if (take) begin
        shift_reg <= position;
        pair_reg  <= {PAIR_W{1'b0}};
    end else if (shift) begin
        shift_reg <= shift_reg >> 2 * ACC_W;
        pair_reg  <= pair_reg + 1'b1;
    end
end

// ---- columns
genvar c;
generate
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
            .rd_en(fetch),
            .rd_addr(rd_ptr_reg),
            .rd_data(position[c*ACC_W +: ACC_W])
        );
    end
endgenerate

endmodule

`resetall
