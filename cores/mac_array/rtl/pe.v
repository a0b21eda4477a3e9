`resetall
`default_nettype none

/*
 * Processing element: psum_out = psum_in + activation * weight, with the product registered before the adder.
 *
 * The row's registers bring an activation, and one cycle ahead of it its swap bit; the partial sum and the weight lanes come from
 * above. swap moves the shadow weight to the active one for the activation of the next cycle and those behind it; load takes the
 * weight lane into the shadow. Both in one cycle hand over the old shadow. psum_in must arrive one cycle after the activation it
 * belongs to.
 */
module pe #(
    // Bits of the unsigned activation
    parameter ACT_W = 4,
    // Bits of the signed weight
    parameter WGT_W = 4,
    // Bits of the signed partial sum: those of a product or more
    parameter PSUM_W = 11
) (
    input  wire                     clk,
    input  wire [ACT_W-1:0]         act,
    input  wire                     swap,
    input  wire                     load,
    input  wire [WGT_W-1:0]         weight,
    input  wire signed [PSUM_W-1:0] psum_in,
    output reg  signed [PSUM_W-1:0] psum_out
);

localparam PRODUCT_W = ACT_W + WGT_W;

reg signed [WGT_W-1:0]     shadow_reg;
reg signed [WGT_W-1:0]     active_reg;
reg signed [PRODUCT_W-1:0] product_reg;

wire signed [PRODUCT_W-1:0] product;

tech_multiplier #(.A_W(ACT_W), .B_W(WGT_W)) multiplier (.a(act), .b(active_reg), .product(product));

always @(posedge clk) begin
    if (load) shadow_reg <= $signed(weight);
    if (swap) active_reg <= shadow_reg;
    product_reg <= product;
    psum_out <= psum_in + $signed({{PSUM_W-PRODUCT_W{product_reg[PRODUCT_W-1]}}, product_reg});
end

endmodule

`resetall
