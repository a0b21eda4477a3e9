`resetall
`default_nettype none

/*
 * Thresholds of one column: code = number of k with t_k <= sum, k = 1..15, or t_k <= -sum - 1 where the channel falls.
 *
 * Two steps of three comparisons at once: t4, t8, t12 give the upper two bits j of the code, t(4j+1), t(4j+2), t(4j+3) the lower two.
 * What a memory holds goes to a register before it is compared. Several sets (one an output tile) are held, so that the next can be
 * written while one is in use; threshold_loader makes their parts. The code follows its sum by five cycles; the last read of its set
 * is in the third cycle behind it.
 *
 * Sets are used in the order of their numbers, from 0 on, each for FETCH cycles or more from its first sum to that of the next one
 * (asserted). So t4, t8, t12 of the next set are read over and over, one a cycle, while a set is in use, and taken with the next one's
 * first sum: a memory of a third of the width. They must be written three cycles before it.
 */
module threshold_column #(
    // Bits of the signed sum: THR_W or more
    parameter ACC_W = 28,
    // Bits of a signed threshold
    parameter THR_W = 28,
    // Sets held: a power of two
    parameter SETS = 8,
    // Width of a set's index (derived)
    parameter SET_W = $clog2(SETS)
) (
    input  wire               clk,
    input  wire               rst,
    input  wire               wr_en,
    input  wire [1:0]         wr_group,
    input  wire [SET_W-1:0]   wr_set,
    input  wire [3*THR_W-1:0] wr_data,
    // t4, t8, t12 (index 0, 1, 2), and in the highest bit whether the channel falls; numbered by the set before
    input  wire               four_wr_en,
    input  wire [1:0]         four_wr_index,
    input  wire [SET_W-1:0]   four_wr_set,
    input  wire [THR_W:0]     four_wr_data,
    input  wire               in_valid,
    input  wire [SET_W-1:0]   in_set,
    input  wire [ACC_W-1:0]   in_sum,
    output wire               out_valid,
    output wire [3:0]         out_code
);

generate
    if (ACC_W < THR_W) begin : g_check_width
        ERROR_threshold_column_ACC_W_must_be_at_least_THR_W error();
    end
endgenerate

localparam FETCH = 3;

// Three thresholds as wide as a sum
function [3*ACC_W-1:0] extended(input [3*THR_W-1:0] thresholds);
    integer t;
    begin
        extended = {3*ACC_W{1'b0}};
        for (t = 0; t < 3; t = t + 1)
            extended[t*ACC_W +: ACC_W] = {{ACC_W-THR_W+1{thresholds[t*THR_W + THR_W-1]}}, thresholds[t*THR_W +: THR_W-1]};
    end
endfunction

// How many of three ascending ones are reached
function [1:0] number(input [2:0] reached);
    number = {reached[1], reached[2] || (reached[0] && !reached[1])};
endfunction

reg [4:0]         valid_reg;
reg [SET_W-1:0]   set_1_reg, set_2_reg, set_3_reg;
reg [ACC_W-1:0]   sum_1_reg, sum_2_reg, sum_3_reg;
reg               falls_reg, falls_3_reg;
reg [3*THR_W-1:0] fours_reg, others_reg;
reg [1:0]         upper_3_reg, upper_4_reg;
reg [3:0]         code_reg;

// Of the next set: one of the three is read in each cycle
reg                new_1_reg;           // a set's first sum
reg  [FETCH-1:0]   fetch_reg;           // one-hot: which
reg                next_falls_reg;
reg  [3*THR_W-1:0] next_fours_reg;
wire [THR_W:0]     four;
wire [3*THR_W-1:0] others;
wire               falls = new_1_reg ? next_falls_reg : falls_reg;
wire [2:0]         reached_fours, reached_others;

lutram #(.WIDTH(THR_W + 1), .DEPTH(4*SETS)) memory_fours (
    .clk(clk), .wr_en(four_wr_en), .wr_addr({four_wr_set, four_wr_index}), .wr_data(four_wr_data),
    .rd_addr({set_1_reg, fetch_reg[2:1]}), .rd_data(four));
lutram #(.WIDTH(3*THR_W), .DEPTH(4*SETS)) memory_others (
    .clk(clk), .wr_en(wr_en), .wr_addr({wr_set, wr_group}), .wr_data(wr_data),
    .rd_addr({set_3_reg, upper_3_reg}), .rd_data(others));

tech_compare #(.WIDTH(ACC_W)) compare_fours (
    .clk(clk), .enable(valid_reg[0]), .a(sum_1_reg), .invert(falls), .b(extended(fours_reg)), .reached(reached_fours));
tech_compare #(.WIDTH(ACC_W)) compare_others (
    .clk(clk), .enable(valid_reg[2]), .a(sum_3_reg), .invert(falls_3_reg), .b(extended(others_reg)), .reached(reached_others));

assign out_valid = valid_reg[4];
assign out_code  = code_reg;

always @(posedge clk) valid_reg <= rst ? 5'd0 : {valid_reg[3:0], in_valid};

always @(posedge clk) begin
    fetch_reg <= {fetch_reg[FETCH-2:0], fetch_reg[FETCH-1]};
    if (in_valid) set_1_reg <= in_set;
    if (rst) begin
        fetch_reg <= {{FETCH-1{1'b0}}, 1'b1};
        set_1_reg <= {SET_W{1'b1}};             // the one before the first
    end
end

integer k;
always @(posedge clk) begin
    for (k = 0; k < FETCH; k = k + 1) if (fetch_reg[k]) next_fours_reg[k*THR_W +: THR_W] <= four[THR_W-1:0];
    if (fetch_reg[0]) next_falls_reg <= four[THR_W];
    new_1_reg <= in_valid && in_set[0] != set_1_reg[0];
    falls_reg <= falls;
    if (new_1_reg) fours_reg <= next_fours_reg;
end

always @(posedge clk) begin
    if (in_valid) sum_1_reg <= in_sum;
    if (valid_reg[0]) begin
        set_2_reg <= set_1_reg;
        sum_2_reg <= sum_1_reg;
    end
    if (valid_reg[1]) begin
        set_3_reg   <= set_2_reg;
        sum_3_reg   <= sum_2_reg;
        falls_3_reg <= falls_reg;
        upper_3_reg <= number(reached_fours);
    end
    if (valid_reg[2]) begin
        upper_4_reg <= upper_3_reg;
        others_reg  <= others;
    end
    if (valid_reg[3]) code_reg <= {upper_4_reg, number(reached_others)};
end

`ifndef SYNTHESIS
reg [1:0] lasts;        // the set in use, up to FETCH cycles
always @(posedge clk) begin
    if (in_valid && in_set != set_1_reg) begin
        lasts <= 2'd1;
        if (!rst && (in_set != set_1_reg + 1'b1 || lasts != FETCH[1:0])) begin
            $display("ERROR: %m: set %0d comes after set %0d, used for %0d cycles", in_set, set_1_reg, lasts);
            $stop;
        end
    end else if (lasts != FETCH[1:0]) lasts <= lasts + 2'd1;
    if (rst) lasts <= FETCH[1:0];
end
`endif

endmodule

`resetall
