`resetall
`default_nettype none

/*
 * Which of some signed numbers another one reaches: a, or -a - 1 where it is inverted, which enable takes into a register.
 */
module tech_compare #(
    // Width of the numbers
    parameter WIDTH = 28,
    // How many a is compared with
    parameter COUNT = 3
) (
    input  wire                   clk,
    input  wire                   enable,
    input  wire [WIDTH-1:0]       a,
    input  wire                   invert,
    input  wire [COUNT*WIDTH-1:0] b,
    output wire [COUNT-1:0]       reached
);

// With the sign inverted on both sides, comparisons are unsigned and take only the end of their carry chain; signed ones take the carry
// before it, too, for which an ECP5 breaks the chain.
localparam [WIDTH-1:0] SIGN = {1'b1, {WIDTH-1{1'b0}}};

reg [WIDTH-1:0] a_reg;

always @(posedge clk) if (enable) a_reg <= a ^ {WIDTH{invert}} ^ SIGN;

genvar k;
generate
    for (k = 0; k < COUNT; k = k + 1) begin : g_number
        assign reached[k] = a_reg >= (b[k*WIDTH +: WIDTH] ^ SIGN);
    end
endgenerate

endmodule

`resetall
