`resetall
`default_nettype none

/*
 * Processing element: psum_out = psum_in + activation * weight, with the product registered before the adder.
 *
 * An activation and its swap bit come from the left, the partial sum and the weight lanes from above. swap moves the shadow
 * weight to the active one for this activation and those behind it; load takes the weight lane into the shadow. Both in one
 * cycle hand over the old shadow. psum_in must arrive two cycles after the activation it belongs to.
 */
module pe #(
    // Bits of the unsigned activation
    parameter ACT_W = 4,
    // Bits of the signed weight
    parameter WGT_W = 4,
    // Bits of the signed partial sum
    parameter PSUM_W = 11
) (
    input  wire                     clk,
    input  wire [ACT_W-1:0]         act_in,
    input  wire                     swap_in,
    input  wire                     load_in,
    input  wire [WGT_W-1:0]         weight_in,
    input  wire signed [PSUM_W-1:0] psum_in,
    output reg  [ACT_W-1:0]         act_out,
    output reg                      swap_out,
    output reg                      load_out,
    output reg  signed [PSUM_W-1:0] psum_out
);

localparam PRODUCT_W = ACT_W + WGT_W;

reg signed [WGT_W-1:0]     shadow_reg;
reg signed [WGT_W-1:0]     active_reg;
reg signed [PRODUCT_W-1:0] product_reg;

wire signed [ACT_W:0]     act_signed = $signed({1'b0, act_out});
wire signed [PRODUCT_W:0] product    = act_signed * active_reg;

always @(posedge clk) begin
    act_out  <= act_in;
    swap_out <= swap_in;
    load_out <= load_in;
    if (load_in) shadow_reg <= $signed(weight_in);
    if (swap_in) active_reg <= shadow_reg;
    product_reg <= $signed(product[PRODUCT_W-1:0]);
    psum_out <= psum_in + $signed({{PSUM_W-PRODUCT_W{product_reg[PRODUCT_W-1]}}, product_reg});
end

// The top bit only repeats the sign: |15 * -8| < 2^7.
wire unused_ok = &{1'b0, product[PRODUCT_W]};

endmodule

`resetall
