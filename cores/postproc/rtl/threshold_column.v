`resetall
`default_nettype none

/*
 * Thresholds of one column: code = number of k with t_k <= sum, k = 1..15, or t_k <= -sum - 1 where the channel falls.
 *
 * A binary search of four steps, one a cycle: t8, then t4 or t12, then one of t2, t6, t10, t14, then an odd one. Several sets (one
 * an output tile) are held, so that the next can be written while one is in use. A set is five beats: beat j = 0..3 holds
 * t(4j+1), t(4j+2), t(4j+3), beat 4 holds t4, t8, t12, each ascending from bit 0; bit 63 of beat 4 says that the channel falls.
 * The code follows its sum by five cycles.
 */
module threshold_column #(
    // Bits of the signed sum
    parameter ACC_W = 28,
    // Bits of a signed threshold
    parameter THR_W = 21,
    // Sets held: a power of two
    parameter SETS = 8,
    // Width of a set's index (derived)
    parameter SET_W = $clog2(SETS)
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             wr_en,
    input  wire [2:0]       wr_beat,
    input  wire [SET_W-1:0] wr_set,
    input  wire [63:0]      wr_data,
    input  wire             in_valid,
    input  wire [SET_W-1:0] in_set,
    input  wire [ACC_W-1:0] in_sum,
    output wire             out_valid,
    output wire [3:0]       out_code
);

wire             wr_fours  = wr_en && wr_beat == 3'd4;
wire             wr_others = wr_en && wr_beat != 3'd4;

function at_least(input [ACC_W-1:0] sum, input [THR_W-1:0] threshold);
    at_least = $signed(sum) >= $signed({{ACC_W-THR_W{threshold[THR_W-1]}}, threshold});
endfunction

reg [4:0]       valid_reg;
reg [SET_W-1:0] set_1_reg, set_2_reg, set_3_reg, set_4_reg;
reg [ACC_W-1:0] sum_1_reg, sum_2_reg, sum_3_reg, sum_4_reg;
reg             b3_reg;
reg [1:0]       b32_reg;
reg [2:0]       b321_reg;
reg [3:0]       code_reg;

wire             falls;
wire [THR_W-1:0] t8, t4, t12, t_even, t_below, t_above;
wire [THR_W-1:0] wr_low    = wr_data[0 +: THR_W];
wire [THR_W-1:0] wr_middle = wr_data[THR_W +: THR_W];
wire [THR_W-1:0] wr_high   = wr_data[2*THR_W +: THR_W];
wire [SET_W+1:0] wr_addr   = {wr_set, wr_beat[1:0]};

lutram #(.WIDTH(1), .DEPTH(SETS)) memory_falls (
    .clk(clk), .wr_en(wr_fours), .wr_addr(wr_set), .wr_data(wr_data[63]), .rd_addr(in_set), .rd_data(falls));
lutram #(.WIDTH(THR_W), .DEPTH(SETS)) memory_8 (
    .clk(clk), .wr_en(wr_fours), .wr_addr(wr_set), .wr_data(wr_middle), .rd_addr(set_1_reg), .rd_data(t8));
lutram #(.WIDTH(2*THR_W), .DEPTH(SETS)) memory_4_12 (
    .clk(clk), .wr_en(wr_fours), .wr_addr(wr_set), .wr_data({wr_high, wr_low}), .rd_addr(set_2_reg), .rd_data({t12, t4}));
lutram #(.WIDTH(THR_W), .DEPTH(4*SETS)) memory_even (
    .clk(clk), .wr_en(wr_others), .wr_addr(wr_addr), .wr_data(wr_middle), .rd_addr({set_3_reg, b32_reg}), .rd_data(t_even));
lutram #(.WIDTH(2*THR_W), .DEPTH(4*SETS)) memory_odd (
    .clk(clk), .wr_en(wr_others), .wr_addr(wr_addr), .wr_data({wr_high, wr_low}), .rd_addr({set_4_reg, b321_reg[2:1]}),
    .rd_data({t_above, t_below}));

assign out_valid = valid_reg[4];
assign out_code  = code_reg;

always @(posedge clk) valid_reg <= rst ? 5'd0 : {valid_reg[3:0], in_valid};

always @(posedge clk) begin
    if (in_valid) begin
        set_1_reg <= in_set;
        sum_1_reg <= in_sum ^ {ACC_W{falls}};
    end
    if (valid_reg[0]) begin
        set_2_reg <= set_1_reg;
        sum_2_reg <= sum_1_reg;
        b3_reg    <= at_least(sum_1_reg, t8);
    end
    if (valid_reg[1]) begin
        set_3_reg <= set_2_reg;
        sum_3_reg <= sum_2_reg;
        b32_reg   <= {b3_reg, at_least(sum_2_reg, b3_reg ? t12 : t4)};
    end
    if (valid_reg[2]) begin
        set_4_reg <= set_3_reg;
        sum_4_reg <= sum_3_reg;
        b321_reg  <= {b32_reg, at_least(sum_3_reg, t_even)};
    end
    if (valid_reg[3]) code_reg <= {b321_reg, at_least(sum_4_reg, b321_reg[0] ? t_above : t_below)};
end

endmodule

`resetall
