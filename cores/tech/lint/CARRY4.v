`resetall
`default_nettype none

/*
 * Ports and parameters of the CARRY4, for linters; Yosys and Vivado have the cell.
 */
// verilator lint_off DECLFILENAME
// verilator lint_off UNUSED
// verilator lint_off UNDRIVEN
module CARRY4 (
    output wire [3:0] CO,
    output wire [3:0] O,
    input  wire       CI,
    input  wire       CYINIT,
    input  wire [3:0] DI,
    input  wire [3:0] S
);

endmodule

`resetall
