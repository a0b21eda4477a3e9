`resetall
`default_nettype none

/*
 * Simple dual-port RAM: one write port, one read port, one clock.
 *
 * LATENCY = 1 reads into the memory's own output latch; LATENCY = 2 adds the output register that block RAM needs to run fast.
 * rd_en holds the whole read path. A read of the address written in the same cycle returns the old word.
 */
module sram #(
    // Width of a word in bits
    parameter WIDTH = 32,
    // Number of words
    parameter DEPTH = 1024,
    // Cycles from rd_en to rd_data: 1 or 2
    parameter LATENCY = 2,
    // 1: UltraRAM, on UltraScale+
    parameter ULTRA = 0,
    // Width of the address ports (derived)
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

generate
    if (LATENCY != 1 && LATENCY != 2) begin : g_check_latency
        ERROR_sram_LATENCY_must_be_1_or_2 error();
    end
    if (DEPTH < 2) begin : g_check_depth
        ERROR_sram_DEPTH_must_be_at_least_2 error();
    end
    if (ULTRA != 0 && ULTRA != 1) begin : g_check_ultra
        ERROR_sram_ULTRA_must_be_0_or_1 error();
    end
endgenerate

wire [WIDTH-1:0] latch;

tech_block_ram #(.WIDTH(WIDTH), .DEPTH(DEPTH), .ULTRA(ULTRA)) ram (
    .clk(clk),
    .wr_en(wr_en), .wr_addr(wr_addr), .wr_data(wr_data),
    .rd_en(rd_en), .rd_addr(rd_addr), .rd_data(latch)
);

generate
    if (LATENCY == 2) begin : g_output_register
        reg             rd_en_reg;
        reg [WIDTH-1:0] output_reg;
        always @(posedge clk) begin
            rd_en_reg <= rd_en;
            if (rd_en_reg) output_reg <= latch;
        end
        assign rd_data = output_reg;
    end else begin : g_latch
        assign rd_data = latch;
    end
endgenerate

endmodule

`resetall
