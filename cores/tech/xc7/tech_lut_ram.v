`resetall
`default_nettype none

/*
 * tech_lut_ram for 7-series.
 */
module tech_lut_ram #(
    parameter WIDTH  = 28,
    parameter DEPTH  = 32,
    parameter ADDR_W = $clog2(DEPTH)
) (
    input  wire              clk,
    input  wire              wr_en,
    input  wire [ADDR_W-1:0] wr_addr,
    input  wire [WIDTH-1:0]  wr_data,
    input  wire [ADDR_W-1:0] rd_addr,
    output wire [WIDTH-1:0]  rd_data
);

(* ram_style = "distributed" *)
reg [WIDTH-1:0] words [0:DEPTH-1];

always @(posedge clk) if (wr_en) words[wr_addr] <= wr_data;

assign rd_data = words[rd_addr];

endmodule

`resetall
