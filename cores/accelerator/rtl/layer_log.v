`resetall
`default_nettype none

/*
 * Keeps the counters' low words as they are when a CONV command has issued its last position: an entry a command, until full.
 *
 * write comes in the cycle before the counters that it means, and counts in the cycle after them.
 */
module layer_log #(
    // Counters in an entry
    parameter COUNTERS = 6,
    // Entries held
    parameter DEPTH = 512,
    // Read latency of the memory: 1 or 2
    parameter LATENCY = 2
) (
    input  wire                   clk,
    input  wire                   clear,
    input  wire                   write,
    input  wire [COUNTERS*32-1:0] counters,
    output reg  [15:0]            count,        // entries written, those lost included
    input  wire [15:0]            rd_index,
    output wire [COUNTERS*32-1:0] rd_entry
);

localparam ADDR_W = $clog2(DEPTH);

reg  write_reg;
reg  store_reg;         // there is a place, too
wire filled = count >= DEPTH[15:0] || (write_reg && count == DEPTH[15:0] - 16'd1);

always @(posedge clk) begin
    write_reg <= write && !clear;
    store_reg <= write && !filled;
    if (clear) count <= 16'd0;
    else if (write_reg && count != 16'hFFFF) count <= count + 16'd1;
end

sram #(.WIDTH(COUNTERS*32), .DEPTH(DEPTH), .LATENCY(LATENCY)) memory (
    .clk(clk),
    .wr_en(store_reg),
    .wr_addr(count[ADDR_W-1:0]),
    .wr_data(counters),
    .rd_en(1'b1),
    .rd_addr(rd_index[ADDR_W-1:0]),
    .rd_data(rd_entry)
);

// an index beyond the log shows an entry that is there
wire unused_ok = &{1'b0, rd_index[15:ADDR_W]};

endmodule

`resetall
