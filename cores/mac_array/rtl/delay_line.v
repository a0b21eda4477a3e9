`resetall
`default_nettype none

/*
 * Delays a word by a fixed number of cycles; CYCLES = 0 is a wire. RESETTABLE = 0 leaves the registers without reset, so
 * that synthesis can map them to shift-register LUTs.
 */
module delay_line #(
    // Width of the word in bits
    parameter WIDTH = 1,
    // Delay in cycles: 0 or more
    parameter CYCLES = 1,
    // 1: rst clears the line
    parameter RESETTABLE = 0
) (
    input  wire             clk,
    // verilator lint_off UNUSEDSIGNAL
    input  wire             rst,  // unused where RESETTABLE = 0 or CYCLES = 0
    // verilator lint_on UNUSEDSIGNAL
    input  wire [WIDTH-1:0] in,
    output wire [WIDTH-1:0] out
);

generate
    if (CYCLES == 0) begin : g_wire
        // verilator lint_off UNUSEDSIGNAL
        wire unused_clk = clk;  // a wire has no clock
        // verilator lint_on UNUSEDSIGNAL
        assign out = in;
    end else begin : g_line
        reg [WIDTH-1:0] stage_reg [0:CYCLES-1];
        genvar i;
        for (i = 0; i < CYCLES; i = i + 1) begin : g_stage
            wire [WIDTH-1:0] previous;
            if (i == 0) begin : g_first
                assign previous = in;
            end else begin : g_next
                assign previous = stage_reg[i-1];
            end
            if (RESETTABLE != 0) begin : g_reset
                always @(posedge clk) stage_reg[i] <= rst ? {WIDTH{1'b0}} : previous;
            end else begin : g_no_reset
                always @(posedge clk) stage_reg[i] <= previous;
            end
        end
        assign out = stage_reg[CYCLES-1];
    end
endgenerate

endmodule

`resetall
