`resetall
`default_nettype none

/*
 * Product of an unsigned and a signed number, of LUTs, at once: a DSP for 4 by 4 bits would be a waste of most of it.
 */
(* use_dsp = "no" *)
module tech_multiplier #(
    parameter A_W = 4,
    parameter B_W = 4
) (
    input  wire        [A_W-1:0]     a,
    input  wire signed [B_W-1:0]     b,
    output wire signed [A_W+B_W-1:0] product
);

assign product = $signed({1'b0, a}) * b;

endmodule

`resetall
