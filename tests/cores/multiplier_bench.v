`resetall
`default_nettype none

/* tech_multiplier of 7-series beside the generic one, here generic_multiplier: all products. */
module multiplier_bench;

integer            pair;
reg         [3:0]  a;
reg  signed [3:0]  b;
wire signed [7:0]  product, expected;

tech_multiplier dut (.a(a), .b(b), .product(product));
generic_multiplier reference (.a(a), .b(b), .product(expected));

initial begin
    for (pair = 0; pair < 256; pair = pair + 1) begin
        {a, b} = pair[7:0];
        #1;
        if (product !== expected) begin
            $display("FAIL: %0d * %0d is %0d, expected %0d", a, b, product, expected);
            $fatal(1);
        end
    end
    $display("PASS: %0d products", pair);
end

endmodule

`resetall
