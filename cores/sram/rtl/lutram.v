`resetall
`default_nettype none

/*
 * Small simple dual-port memory: written on the clock edge, read at once (distributed RAM of LUTs).
 */
module lutram #(
    // Width of a word in bits
    parameter WIDTH = 28,
    // Number of words: 2 or more
    parameter DEPTH = 32,
    // Width of the address ports (derived)
    parameter ADDR_W = $clog2(DEPTH)
) (
    input  wire              clk,
    input  wire              wr_en,
    input  wire [ADDR_W-1:0] wr_addr,
    input  wire [WIDTH-1:0]  wr_data,
    input  wire [ADDR_W-1:0] rd_addr,
    output wire [WIDTH-1:0]  rd_data
);

generate
    if (DEPTH < 2) begin : g_check_depth
        ERROR_lutram_DEPTH_must_be_at_least_2 error();
    end
endgenerate

tech_lut_ram #(.WIDTH(WIDTH), .DEPTH(DEPTH)) ram (
    .clk(clk),
    .wr_en(wr_en), .wr_addr(wr_addr), .wr_data(wr_data),
    .rd_addr(rd_addr), .rd_data(rd_data)
);

endmodule

`resetall
