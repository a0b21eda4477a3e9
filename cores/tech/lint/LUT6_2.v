`resetall
`default_nettype none

/*
 * Ports and parameters of the LUT6_2, for linters; Yosys and Vivado have the cell.
 */
// verilator lint_off DECLFILENAME
// verilator lint_off UNUSED
// verilator lint_off UNDRIVEN
module LUT6_2 #(
    parameter [63:0] INIT = 64'd0
) (
    output wire O5,
    output wire O6,
    input  wire I0,
    input  wire I1,
    input  wire I2,
    input  wire I3,
    input  wire I4,
    input  wire I5
);

endmodule

`resetall
