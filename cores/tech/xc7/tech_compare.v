`resetall
`default_nettype none

/*
 * tech_compare for 7-series: two bits a LUT and place of the carry chain, with the inversion in the same LUT. 14 of them compare 28 bits,
 * where Yosys takes 20 for a comparison and 28 to invert.
 */
module tech_compare #(
    parameter WIDTH = 28,
    parameter COUNT = 3
) (
    input  wire                   clk,
    input  wire                   enable,
    input  wire [WIDTH-1:0]       a,
    input  wire                   invert,
    input  wire [COUNT*WIDTH-1:0] b,
    output wire [COUNT-1:0]       reached
);

localparam PAIRS = (WIDTH + 1) / 2;
localparam CELLS = (PAIRS + 3) / 4;

// Inputs of a LUT, the lowest first: two bits of a, two of b, invert. O6: the pairs are equal, so the lower ones decide; O5: that of a is
// the greater one. In the highest pair the upper bits are signs: the number with a 1 is the lower one.
function [63:0] contents(input highest);
    integer   i;
    reg [1:0] of_a, of_b;
    begin
        contents = 64'd0;
        for (i = 0; i < 32; i = i + 1) begin
            of_a = i[1:0] ^ {2{i[4]}} ^ {highest, 1'b0};
            of_b = i[3:2] ^ {highest, 1'b0};
            contents[i]      = of_a > of_b;
            contents[i + 32] = of_a == of_b;
        end
    end
endfunction

reg [WIDTH-1:0] a_reg;
reg             invert_reg;

always @(posedge clk) if (enable) {invert_reg, a_reg} <= {invert, a};

// Of whole pairs
wire [2*PAIRS-1:0] wide_a = {{2*PAIRS-WIDTH+1{a_reg[WIDTH-1]}}, a_reg[WIDTH-2:0]};

genvar k, p;
generate
    for (k = 0; k < COUNT; k = k + 1) begin : g_number
        wire [2*PAIRS-1:0] wide_b = {{2*PAIRS-WIDTH+1{b[(k+1)*WIDTH-1]}}, b[k*WIDTH +: WIDTH-1]};
        wire [4*CELLS-1:0] equal, greater;
        wire [4*CELLS:0]   carry;
        assign carry[0] = 1'b1;
        for (p = 0; p < 4 * CELLS; p = p + 1) begin : g_pair
            if (p < PAIRS) begin : g_bits
                LUT6_2 #(.INIT(contents(p == PAIRS - 1))) lut (
                    .I0(wide_a[2*p]), .I1(wide_a[2*p + 1]), .I2(wide_b[2*p]), .I3(wide_b[2*p + 1]), .I4(invert_reg), .I5(1'b1),
                    .O6(equal[p]), .O5(greater[p]));
            end else begin : g_none
                assign equal[p]   = 1'b1;
                assign greater[p] = 1'b0;
            end
        end
        for (p = 0; p < CELLS; p = p + 1) begin : g_chain
            wire [3:0] unused_sum;
            CARRY4 cell_of_4 (
                .CI(p == 0 ? 1'b0 : carry[4*p]), .CYINIT(p == 0), .S(equal[4*p +: 4]), .DI(greater[4*p +: 4]),
                .CO(carry[4*p + 1 +: 4]), .O(unused_sum));
        end
        assign reached[k] = carry[PAIRS];
    end
endgenerate

endmodule

`resetall
