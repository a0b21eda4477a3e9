`resetall
`default_nettype none

/*
 * Two processing elements of one row, beside each other, in one DSP: sum = sum above + activation * (weight_hi * 2^16 + weight_lo).
 *
 * Cycle for cycle what two pe are: swap moves the shadow weights to the active ones for the activation of the next cycle, load
 * takes new ones into the shadow, the product is registered before the adder. Both sums lie in one word, 16 bits apart. Whoever
 * begins a chain with 2^15 keeps the lower one from ever borrowing of the upper one: they are bits 15:0 less 2^15, and 31:16.
 *
 * The sum above comes over the DSPs' own cascade (CASCADE = 1) or through the fabric (CASCADE = 0), in the same cycle. This is what
 * simulators take, and what a tool without such DSPs makes of it.
 */
module tech_dsp_pair #(
    // Where the sum above comes from: 1 cascade_in, which only cascade_out of another one drives, 0 sum_in
    parameter CASCADE = 1,
    // Bits of the unsigned activation
    parameter ACT_W = 4,
    // Bits of a signed weight
    parameter WGT_W = 4
) (
    input  wire             clk,
    input  wire [ACT_W-1:0] act,
    input  wire             swap,
    input  wire             load,
    input  wire [WGT_W-1:0] weight_lo,
    input  wire [WGT_W-1:0] weight_hi,
    // verilator lint_off UNUSEDSIGNAL
    input  wire [47:0]      cascade_in,
    input  wire [47:0]      sum_in,
    // verilator lint_on UNUSEDSIGNAL
    output wire [47:0]      cascade_out,
    output wire [47:0]      sum_out
);

// Both sums; above them a DSP has but copies of the sign
localparam SUM_W    = 32;
// A bit more than the upper weight has: the lower one may borrow of it.
localparam ACTIVE_W = 17 + WGT_W;

reg signed [WGT_W-1:0]    shadow_lo_reg;
reg signed [WGT_W-1:0]    shadow_hi_reg;
reg signed [ACTIVE_W-1:0] active_reg;
reg signed [SUM_W-1:0]    product_reg;
reg signed [SUM_W-1:0]    sum_reg;

wire signed [SUM_W-1:0] above = $signed(CASCADE != 0 ? cascade_in[SUM_W-1:0] : sum_in[SUM_W-1:0]);
wire signed [ACTIVE_W-1:0] upper = $signed({shadow_hi_reg[WGT_W-1], shadow_hi_reg, 16'd0});
wire signed [ACTIVE_W-1:0] lower = $signed({{17{shadow_lo_reg[WGT_W-1]}}, shadow_lo_reg});

always @(posedge clk) begin
    if (load) begin
        shadow_lo_reg <= $signed(weight_lo);
        shadow_hi_reg <= $signed(weight_hi);
    end
    if (swap) active_reg <= upper + lower;
    product_reg <= active_reg * $signed({1'b0, act});
    sum_reg     <= above + product_reg;
end

assign sum_out     = {{48-SUM_W{sum_reg[SUM_W-1]}}, sum_reg};
assign cascade_out = sum_out;

endmodule

`resetall
