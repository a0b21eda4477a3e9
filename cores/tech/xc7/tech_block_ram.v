`resetall
`default_nettype none

/*
 * tech_block_ram for 7-series and UltraScale+: up to 64 words, what a LUT holds, are LUT RAM with a register behind it, more are block
 * RAM, or with ULTRA UltraRAM, which 7-series does not have.
 *
 * An UltraRAM is 4096 words of 72 bits. It does both ports' work in one cycle, port A's first: what reads goes there, so that a read
 * of the address written in the same cycle returns the old word.
 */
module tech_block_ram #(
    parameter WIDTH  = 32,
    parameter DEPTH  = 1024,
    parameter ULTRA  = 0,
    parameter ADDR_W = $clog2(DEPTH)
) (
    input  wire              clk,
    input  wire              wr_en,
    input  wire [ADDR_W-1:0] wr_addr,
    input  wire [WIDTH-1:0]  wr_data,
    input  wire              rd_en,
    input  wire [ADDR_W-1:0] rd_addr,
    output wire [WIDTH-1:0]  rd_data
);

// verilator lint_off UNUSEDPARAM
localparam STYLE = ULTRA != 0 ? "ultra" : DEPTH > 64 ? "block" : "distributed";
// verilator lint_on UNUSEDPARAM

// Deep memories in the width of a block: a deeper block of fewer bits needs no multiplexer behind it, which would keep the output
// register out of it, too. Yosys takes 30 blocks and 130 LUTs for 8192 words of 128 bits; here it is 32 blocks.
localparam SLICE  = ULTRA != 0 || ADDR_W < 13 ? WIDTH : ADDR_W > 15 ? 1 : 32768 >> ADDR_W;
localparam SLICES = (WIDTH + SLICE - 1) / SLICE;

genvar s;
generate
    for (s = 0; s < SLICES; s = s + 1) begin : g_slice
        localparam LOW  = s * SLICE;
        localparam BITS = LOW + SLICE > WIDTH ? WIDTH - LOW : SLICE;
        (* ram_style = STYLE *)
        reg [BITS-1:0] words [0:DEPTH-1];
        reg [BITS-1:0] latch_reg;
        always @(posedge clk) begin
            if (wr_en) words[wr_addr] <= wr_data[LOW +: BITS];
            if (rd_en) latch_reg <= words[rd_addr];
        end
        assign rd_data[LOW +: BITS] = latch_reg;
    end
endgenerate

endmodule

`resetall
