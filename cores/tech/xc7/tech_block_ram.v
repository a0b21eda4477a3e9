`resetall
`default_nettype none

/*
 * tech_block_ram for 7-series: up to 64 words, what a LUT holds, are LUT RAM with a register behind it unless BLOCK is 1, more are block RAM.
 */
module tech_block_ram #(
    parameter WIDTH  = 32,
    parameter DEPTH  = 1024,
    parameter BLOCK  = 0,
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

// verilator lint_off UNUSEDPARAM
localparam STYLE = DEPTH > 64 || BLOCK != 0 ? "block" : "distributed";
// verilator lint_on UNUSEDPARAM

(* ram_style = STYLE *)
reg [WIDTH-1:0] words [0:DEPTH-1];

always @(posedge clk) begin
    if (wr_en) words[wr_addr] <= wr_data;
    if (rd_en) rd_data <= words[rd_addr];
end

endmodule

`resetall
