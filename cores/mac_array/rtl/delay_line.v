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

// Vivado: registers where they are few, else a shift-register LUT and a register behind it, because the LUT is slow
// verilator lint_off UNUSEDPARAM
localparam STYLE = CYCLES > 2 ? "srl_reg" : "register";
// verilator lint_on UNUSEDPARAM

generate
    if (CYCLES == 0) begin : g_wire
        // verilator lint_off UNUSEDSIGNAL
        wire unused_clk = clk;  // a wire has no clock
        // verilator lint_on UNUSEDSIGNAL
        assign out = in;
    end else begin : g_line
        // One vector, which simulates faster than an array of stages
        (* srl_style = STYLE *)
        reg  [WIDTH*CYCLES-1:0] line_reg;
        wire [WIDTH*CYCLES-1:0] line_next;
        if (CYCLES == 1) begin : g_one
            assign line_next = in;
        end else begin : g_many
            assign line_next = {line_reg[WIDTH*(CYCLES-1)-1:0], in};
        end
        if (RESETTABLE != 0) begin : g_reset
            always @(posedge clk) line_reg <= rst ? {WIDTH*CYCLES{1'b0}} : line_next;
        end else begin : g_no_reset
            always @(posedge clk) line_reg <= line_next;
        end
        assign out = line_reg[WIDTH*CYCLES-1 -: WIDTH];
    end
endgenerate

endmodule

`resetall
