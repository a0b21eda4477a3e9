`resetall
`default_nettype none

/*
 * tech_multiplier for 7-series, 4 by 4 bits in 12 LUTs, where Yosys takes 24 and a DSP48E1 would be a waste of most of it.
 *
 *   product = low + 4 * high,   low = a[1:0] * b,   high = a[3:2] * b
 *
 * A bit of low or high is a function of six bits. Of each place of the addition one operand is such a LUT, the other one is in the
 * adder's own: the low places of high in those of low, low's sign in those of high.
 */
module tech_multiplier #(
    parameter A_W = 4,
    parameter B_W = 4
) (
    input  wire        [A_W-1:0]     a,
    input  wire signed [B_W-1:0]     b,
    output wire signed [A_W+B_W-1:0] product
);

generate
    if (A_W != 4 || B_W != 4) begin : g_check_width
        ERROR_tech_multiplier_A_W_and_B_W_must_be_4 error();
    end
endgenerate

// (two bits of a) * b. No integer is given a vector here: Yosys 0.23 would take that for a signed one.
function [5:0] partial(input [1:0] two_bits, input [3:0] of_b);
    reg [5:0] once;
    begin
        once    = {{2{of_b[3]}}, of_b};
        partial = ({6{two_bits[0]}} & once) + ({6{two_bits[1]}} & {once[4:0], 1'b0});
    end
endfunction

// Of what is shifted, bit 0 counts.
// verilator lint_off UNUSEDSIGNAL

// Inputs b, two bits of a: a place of low or high
function [63:0] operand(input integer place);
    integer   i;
    reg [5:0] value;
    begin
        operand = 64'd0;
        for (i = 0; i < 64; i = i + 1) begin
            value      = partial(i[5:4], i[3:0]) >> place;
            operand[i] = value[0];
        end
    end
endfunction

// The other operand added to it. Inputs, the lowest first: to a place of low, b[2:0], a[3:2]; to one of high low's sign, b[3], a[1:0];
// in the highest place both are signs, b[3], a
function [63:0] added(input integer place);
    integer   i;
    reg [5:0] high;
    begin
        added = 64'd0;
        for (i = 0; i < 64; i = i + 1) begin
            high     = partial(i[5:4], {1'b0, i[3:1]}) >> (place - 2);
            added[i] = place < 5 ? i[0] ^ high[0]
                     : place < 7 ? i[0] ^ (i[1] && i[3:2] != 2'd0)
                     : i[0] && ((i[2:1] != 2'd0) != (i[4:3] != 2'd0));
        end
    end
endfunction

// verilator lint_on UNUSEDSIGNAL

wire [6:2] ready;           // operands that are LUTs of their own: low's, then high's
wire [7:2] either;          // the carry chain's S: one operand or the other, not both
wire [7:0] carry, sum;

// verilator lint_off PINCONNECTEMPTY
// Both lowest places, which nothing is added to
LUT6_2 #(.INIT(64'h6AC06AC0A0A0A0A0)) lut_lowest (
    .I0(b[0]), .I1(b[1]), .I2(a[0]), .I3(a[1]), .I4(1'b0), .I5(1'b1), .O5(product[0]), .O6(product[1]));

genvar p;
generate
    for (p = 2; p < 7; p = p + 1) begin : g_ready
        localparam HIGH = p > 4;
        LUT6_2 #(.INIT(operand(HIGH ? p - 2 : p))) lut (
            .I0(b[0]), .I1(b[1]), .I2(b[2]), .I3(b[3]), .I4(HIGH ? a[2] : a[0]), .I5(HIGH ? a[3] : a[1]), .O5(), .O6(ready[p]));
        if (HIGH) begin : g_sign
            LUT6_2 #(.INIT(added(p))) lut_added (
                .I0(ready[p]), .I1(b[3]), .I2(a[0]), .I3(a[1]), .I4(1'b0), .I5(1'b0), .O5(), .O6(either[p]));
        end else begin : g_high
            LUT6_2 #(.INIT(added(p))) lut_added (
                .I0(ready[p]), .I1(b[0]), .I2(b[1]), .I3(b[2]), .I4(a[2]), .I5(a[3]), .O5(), .O6(either[p]));
        end
    end
endgenerate

LUT6_2 #(.INIT(added(7))) lut_signs (
    .I0(b[3]), .I1(a[0]), .I2(a[1]), .I3(a[2]), .I4(a[3]), .I5(1'b0), .O5(), .O6(either[7]));
// verilator lint_on PINCONNECTEMPTY

CARRY4 chain_low (.CI(1'b0), .CYINIT(1'b0), .S(either[5:2]), .DI(ready[5:2]), .CO(carry[3:0]), .O(sum[3:0]));
CARRY4 chain_high (
    .CI(carry[3]), .CYINIT(1'b0), .S({2'd0, either[7:6]}), .DI({3'd0, ready[6]}), .CO(carry[7:4]), .O(sum[7:4]));

assign product[7:2] = sum[5:0];

wire unused_ok = &{1'b0, carry, sum[7:6]};

endmodule

`resetall
