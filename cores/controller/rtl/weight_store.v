`resetall
`default_nettype none

/*
 * Weights from the decoder to the array: a memory that gives them out in whole tiles of N / ROWS groups.
 *
 * Every push is taken: who pushes counts the free groups (stream_credits; freed gives back a tile's). A tile's groups leave one a
 * cycle, LATENCY cycles after they are read, once the shadow weights are free: from the cycle of the last tile's swap on. tile_ready
 * says that the next tile is in the shadow, or will be when the swap of a pass that is taken in the cycle after this one gets to
 * the array. tile_take clears it; that tile's swap comes a cycle later or more. tile_last says that the tile's last group carried
 * the end mark of its CONV command. torn is set when an end mark comes inside a tile; no tile is complete after that.
 */
module weight_store #(
    // Rows of the array
    parameter N = 8,
    // Weight rows a group
    parameter ROWS = 2,
    // Bits of a group
    parameter GROUP_W = 64,
    // Groups held: a power of two, two tiles or more
    parameter DEPTH = 4096,
    // Read latency of the memory: 1 or 2
    parameter LATENCY = 2,
    // Width of the group's index (derived)
    parameter INDEX_W = $clog2(N / ROWS)
) (
    input  wire               clk,
    input  wire               rst,
    input  wire [GROUP_W-1:0] s_group,
    input  wire               s_end,
    input  wire               s_valid,
    output reg                freed,
    output reg                tile_ready,
    output wire               tile_last,
    input  wire               tile_take,
    input  wire               swap,
    output reg                leftover,         // groups are held that no swap has put to use
    output reg                torn,
    output wire               load_valid,
    output wire [INDEX_W-1:0] load_index,
    output wire [GROUP_W-1:0] load_data
);

localparam GROUPS  = N / ROWS;
localparam PTR_W   = $clog2(DEPTH);
localparam TILES_W = PTR_W - INDEX_W + 1;
// Of the groups of a tile, the one whose reading makes tile_ready come in time: the first where there are four
localparam ANNOUNCED = GROUPS - 4;
localparam LAST      = GROUPS - 1;

generate
    if (DEPTH != (1 << PTR_W) || DEPTH < 2 * GROUPS) begin : g_check_depth
        ERROR_weight_store_DEPTH_must_be_a_power_of_two_and_hold_two_tiles error();
    end
    if (GROUPS < 4) begin : g_check_groups
        ERROR_weight_store_a_tile_must_have_4_groups_or_more error();
    end
endgenerate

// ---- tiles held whole, and not begun to be read
reg  [TILES_W-1:0] tiles_reg;
reg                held_reg;            // there is one
wire               begin_tile;

// ---- writing
reg [PTR_W-1:0]   wr_ptr_reg;
wire              wr_last  = wr_ptr_reg[INDEX_W-1:0] == LAST[INDEX_W-1:0];
wire              complete = s_valid && wr_last && !torn;

always @(posedge clk) begin
    if (s_valid) wr_ptr_reg <= wr_ptr_reg + 1'b1;
    torn      <= torn || (s_valid && s_end && !wr_last);
    tiles_reg <= tiles_reg + {{TILES_W-1{1'b0}}, complete} - {{TILES_W-1{1'b0}}, begin_tile};
    held_reg  <= complete || (held_reg && !(begin_tile && tiles_reg == {{TILES_W-1{1'b0}}, 1'b1}));
    if (rst) begin
        wr_ptr_reg <= {PTR_W{1'b0}};
        torn       <= 1'b0;
        tiles_reg  <= {TILES_W{1'b0}};
        held_reg   <= 1'b0;
    end
end

// ---- end marks, one a tile
reg               last_reg;
wire              last_next;
reg [PTR_W-1:0]   rd_ptr_reg;

lutram #(.WIDTH(1), .DEPTH(DEPTH / GROUPS)) memory_last (
    .clk(clk),
    .wr_en(s_valid && wr_last), .wr_addr(wr_ptr_reg[PTR_W-1:INDEX_W]), .wr_data(s_end),
    .rd_addr(rd_ptr_reg[PTR_W-1:INDEX_W]), .rd_data(last_next));

// ---- reading
reg                reading_reg;         // a tile's second group and those behind it
reg                shadow_reg;          // the shadow holds a tile, or part of one, whose swap has not come

assign begin_tile = held_reg && (!shadow_reg || swap);
wire read         = begin_tile || reading_reg;
wire announce     = ANNOUNCED == 0 ? begin_tile : reading_reg && rd_ptr_reg[INDEX_W-1:0] == ANNOUNCED[INDEX_W-1:0];
assign tile_last  = last_reg;

always @(posedge clk) begin
    if (read) rd_ptr_reg <= rd_ptr_reg + 1'b1;
    reading_reg <= begin_tile || (reading_reg && rd_ptr_reg[INDEX_W-1:0] != LAST[INDEX_W-1:0]);
    shadow_reg  <= begin_tile || (shadow_reg && !swap);
    tile_ready  <= announce || (tile_ready && !tile_take);
    if (begin_tile) last_reg <= last_next;
    freed       <= begin_tile;
    leftover    <= shadow_reg || held_reg || torn || wr_ptr_reg[INDEX_W-1:0] != {INDEX_W{1'b0}};
    if (rst) begin
        rd_ptr_reg  <= {PTR_W{1'b0}};
        reading_reg <= 1'b0;
        shadow_reg  <= 1'b0;
        tile_ready  <= 1'b0;
        freed       <= 1'b0;
        leftover    <= 1'b0;
    end
end

// Enabled without a look at `swap`: what is read before it is no tile's, for load_valid tells
sram #(.WIDTH(GROUP_W), .DEPTH(DEPTH), .LATENCY(LATENCY)) memory (
    .clk(clk),
    .wr_en(s_valid), .wr_addr(wr_ptr_reg), .wr_data(s_group),
    .rd_en(held_reg || reading_reg), .rd_addr(rd_ptr_reg), .rd_data(load_data)
);

delay_line #(.WIDTH(1), .CYCLES(LATENCY), .RESETTABLE(1)) delay_valid (.clk(clk), .rst(rst), .in(read), .out(load_valid));
delay_line #(.WIDTH(INDEX_W), .CYCLES(LATENCY)) delay_index (
    .clk(clk), .rst(rst), .in(rd_ptr_reg[INDEX_W-1:0]), .out(load_index));

endmodule

`resetall
