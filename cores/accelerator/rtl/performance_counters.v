`resetall
`default_nettype none

/*
 * 64-bit performance counters, one for each bit of `count`. Cleared by `clear`; a set bit in the same cycle counts as one.
 */
module performance_counters #(
    // Number of counters
    parameter COUNTERS = 8
) (
    input  wire                   clk,
    input  wire                   clear,
    input  wire [COUNTERS-1:0]    count,
    output wire [COUNTERS*64-1:0] value
);

genvar i;
generate
    for (i = 0; i < COUNTERS; i = i + 1) begin : g_counter
        reg [63:0] value_reg;
        always @(posedge clk) begin
            if (clear) value_reg <= {63'd0, count[i]};
            else if (count[i]) value_reg <= value_reg + 64'd1;
        end
        assign value[i*64 +: 64] = value_reg;
    end
endgenerate

endmodule

`resetall
