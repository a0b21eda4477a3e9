`resetall
`default_nettype none

/*
 * 64-bit performance counters, one for each bit of `count`. Cleared by `clear`; a set bit in the same cycle counts.
 *
 * The carry between the halves is a register: `high` in a cycle belongs to `low` in the cycle before.
 */
module performance_counters #(
    // Number of counters
    parameter COUNTERS = 8,
    // Those that go up by two
    parameter [COUNTERS-1:0] TWICE = 0
) (
    input  wire                   clk,
    input  wire                   clear,
    input  wire [COUNTERS-1:0]    count,
    output wire [COUNTERS*32-1:0] low,
    output wire [COUNTERS*32-1:0] high
);

reg clear_reg;

always @(posedge clk) clear_reg <= clear;

genvar i;
generate
    for (i = 0; i < COUNTERS; i = i + 1) begin : g_counter
        wire [32:0] step = TWICE[i] ? {31'd0, count[i], 1'b0} : {32'd0, count[i]};
        reg [31:0] low_reg;
        reg        carry_reg;
        reg [31:0] high_reg;
        always @(posedge clk) begin
            {carry_reg, low_reg} <= (clear ? 33'd0 : {1'b0, low_reg}) + step;
            high_reg             <= (clear_reg ? 32'd0 : high_reg) + {31'd0, carry_reg};
        end
        assign low[i*32 +: 32]  = low_reg;
        assign high[i*32 +: 32] = high_reg;
    end
endgenerate

endmodule

`resetall
