`resetall
`default_nettype none

/*
 * Memory of block RAM, in words of Verilog that every tool infers it from: written on the clock edge, read into a latch. A read of
 * the address written in the same cycle returns the old word.
 */
module tech_block_ram #(
    parameter WIDTH  = 32,
    parameter DEPTH  = 1024,
    // verilator lint_off UNUSEDPARAM
    parameter ULTRA  = 0,
    // verilator lint_on UNUSEDPARAM
    parameter ADDR_W = $clog2(DEPTH)
) (
    input  wire              clk,
    input  wire              wr_en,
    input  wire [ADDR_W-1:0] wr_addr,
    input  wire [WIDTH-1:0]  wr_data,
    input  wire              rd_en,
    input  wire [ADDR_W-1:0] rd_addr,
    output reg  [WIDTH-1:0]  rd_data
);

reg [WIDTH-1:0] words [0:DEPTH-1];

always @(posedge clk) begin
    if (wr_en) words[wr_addr] <= wr_data;
    if (rd_en) rd_data <= words[rd_addr];
end

endmodule

`resetall
