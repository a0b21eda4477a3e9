`resetall
`default_nettype none

/* tech_compare of 7-series beside the generic one, here generic_compare: numbers that are equal, differ in a bit, by one, or any. */
module compare_bench #(
    parameter WIDTH = 28
);

integer            seed = 1, cycle, k, met;
reg                clk = 1'b0, enable = 1'b1, invert = 1'b0;
reg  [WIDTH-1:0]   a, other;
reg  [3*WIDTH-1:0] b;
wire [2:0]         reached, expected;

tech_compare #(.WIDTH(WIDTH)) dut (.clk(clk), .enable(enable), .a(a), .invert(invert), .b(b), .reached(reached));
generic_compare #(.WIDTH(WIDTH)) reference (.clk(clk), .enable(enable), .a(a), .invert(invert), .b(b), .reached(expected));

initial begin
    met = 0;
    for (cycle = 0; cycle < 20000; cycle = cycle + 1) begin
        a      = $random(seed);
        invert = $random(seed);
        enable = cycle == 0 || $random(seed) % 8 != 0;
        for (k = 0; k < 3; k = k + 1) begin
            other = $random(seed) & 1;
            other = invert ? ~a : a ^ (other << $unsigned($random(seed)) % WIDTH);
            b[k*WIDTH +: WIDTH] = $random(seed) % 4 == 0 ? $random(seed) : other + $random(seed) % 2;
        end
        #1 clk = 1'b1;
        #1 clk = 1'b0;
        if (reached !== expected) begin
            $display("FAIL: a %h, invert %b, b %h: %b, expected %b", a, invert, b, reached, expected);
            $fatal(1);
        end
        met = met + expected[0];
    end
    $display("PASS: %0d of %0d are reached", met, cycle);
    if (met < 4000 || met > 16000) $fatal(1);
end

endmodule

`resetall
