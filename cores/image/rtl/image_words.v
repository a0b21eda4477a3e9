`resetall
`default_nettype none

/*
 * Puts pieces together to tiles of N bytes, and sends each as two activation words: its high nibbles, then its low ones.
 *
 * A piece is clipped to its row of the image: what lies outside is 128, code 0, as is what no piece brings. Its bytes come from
 * image_lines, three enabled cycles behind it. `enable`, a register, holds the whole pipeline from the cycle on behind one in which
 * a tile that is whole could not leave: the piece that came to the tile meanwhile waits beside. Addresses follow the tiles; from the first word beyond the memory on all are dropped, and overflow stays until rst.
 */
module image_words #(
    // Bytes of a tile: activations of a word
    parameter N = 8,
    // Bytes of a piece at most
    parameter LANES = 8,
    // Bits of a byte's number in a row, signed
    parameter PLACE_W = 14,
    // Words of the activation memory
    parameter ACT_DEPTH = 8192,
    // Width of its address (derived)
    parameter ADDR_W = $clog2(ACT_DEPTH),
    // Bits of a place in a tile (derived)
    parameter TILE_W = $clog2(N),
    // Bits of a piece's length (derived)
    parameter COUNT_W = $clog2(LANES) + 1
) (
    input  wire               clk,
    input  wire               rst,
    input  wire               busy,             // a command is under way, from cycles before its first piece on
    // Fields, constant meanwhile
    input  wire               begins,           // the first tile's address is `address`
    input  wire [ADDR_W-1:0]  address,
    input  wire [ADDR_W-1:0]  tile_stride,
    input  wire [ADDR_W-1:0]  low_stride,
    input  wire [ADDR_W-1:0]  image_stride,
    input  wire [PLACE_W-1:0] row_bytes,
    // Pieces, and what their rows are
    output reg                enable,
    input  wire               s_valid,
    input  wire               s_inside,         // the row is one of the image
    input  wire [PLACE_W-1:0] s_source,
    input  wire [TILE_W-1:0]  s_target,
    input  wire [COUNT_W-1:0] s_count,
    input  wire               s_tile_first,
    input  wire               s_tile_last,
    input  wire               s_position_last,
    input  wire               s_row_last,
    input  wire               last_row,         // of the image; constant while a row's tiles are under way
    input  wire [8*LANES-1:0] even,
    input  wire [8*LANES-1:0] odd,
    output reg                row_done,         // the row's last tile leaves
    // Words
    output reg                wr_valid,
    input  wire               wr_ready,
    output reg  [ADDR_W-1:0]  wr_addr,
    output reg  [4*N-1:0]     wr_word,
    output wire               empty,            // all are taken
    output reg                overflow
);

localparam LANE_W = COUNT_W - 1;
localparam FLAGS  = 5;
localparam BLOCKS = N / LANES;

// ---- flags of the pieces, by the enabled cycles since they came
reg [FLAGS-1:0] flags1_reg, flags2_reg, flags3_reg, flags4_reg, flags5_reg;

// ---- the part of a piece that lies within its row
reg [PLACE_W-1:0] behind_reg;                   // bytes from its first to the row's end; signed
reg               before_reg, before_near_reg;  // it begins before the row, and at most LANES bytes
reg               inside_reg;
reg [COUNT_W-1:0] count1_reg, skip_reg, keep_reg;
reg [TILE_W-1:0]  target1_reg, target2_reg, target3_reg;
reg [COUNT_W-1:0] low_reg, high_reg;            // of LANES bytes of the tile
reg [LANES-1:0]   mask_reg;
reg [BLOCKS-1:0]  block4_reg, block5_reg;       // one-hot: which LANES bytes of the tile
reg [COUNT_W-1:0] skip3_reg, keep3_reg;

localparam [COUNT_W-1:0] NONE = 0, WHOLE = LANES;
wire behind_far  = behind_reg[PLACE_W-2:LANE_W+1] != 0;
wire behind_more = behind_far || behind_reg[COUNT_W-1:0] >= count1_reg;

// ---- lanes
reg [LANE_W:0]      offset1_reg, offset2_reg;   // of the first byte: lane, and whether its line is odd
reg [LANES-1:0]     odd_lane_reg;
reg [LANE_W-1:0]    turn1_reg, turn2_reg, turn3_reg, turn4_reg;
reg [8*LANES-1:0]   chosen_reg, turned_reg;

always @(posedge clk) begin
    if (enable) begin
        flags1_reg <= {s_row_last, s_position_last, s_tile_last, s_tile_first, 1'b1} & {FLAGS{s_valid}};
        flags2_reg <= flags1_reg;
        flags3_reg <= flags2_reg;
        flags4_reg <= flags3_reg;
        flags5_reg <= flags4_reg;
    end
    if (rst) {flags1_reg[0], flags2_reg[0], flags3_reg[0], flags4_reg[0], flags5_reg[0]} <= 5'd0;
end

// Lane i takes lane i + turn4_reg, modulo LANES: by 0 to 3 lanes, then by the fours
wire [8*LANES-1:0] turned_some, turned;
genvar g;
generate
    for (g = 0; g < LANES; g = g + 1) begin : g_turn
        assign turned_some[8*g +: 8] =
            turn4_reg[1] ? (turn4_reg[0] ? chosen_reg[8*((g + 3) % LANES) +: 8] : chosen_reg[8*((g + 2) % LANES) +: 8])
                         : (turn4_reg[0] ? chosen_reg[8*((g + 1) % LANES) +: 8] : chosen_reg[8*g +: 8]);
        if (LANES == 8) begin : g_two
            assign turned[8*g +: 8] = turn4_reg[2] ? turned_some[8*((g + 4) % LANES) +: 8] : turned_some[8*g +: 8];
        end else begin : g_four
            assign turned[8*g +: 8] =
                turn4_reg[3] ? (turn4_reg[2] ? turned_some[8*((g + 12) % LANES) +: 8] : turned_some[8*((g + 8) % LANES) +: 8])
                             : (turn4_reg[2] ? turned_some[8*((g + 4) % LANES) +: 8] : turned_some[8*g +: 8]);
        end
    end
endgenerate

integer i;
always @(posedge clk) if (enable) begin
    before_reg  <= s_source[PLACE_W-1];
    before_near_reg <= s_source[PLACE_W-1:LANE_W] == {PLACE_W-LANE_W{1'b1}};
    behind_reg  <= row_bytes - s_source;
    inside_reg  <= s_inside;
    count1_reg  <= s_count;
    target1_reg <= s_target;
    offset1_reg <= s_source[LANE_W:0];
    turn1_reg   <= s_source[LANE_W-1:0] - s_target[LANE_W-1:0];

    skip_reg    <= !before_reg ? NONE : before_near_reg ? WHOLE - {1'b0, offset1_reg[LANE_W-1:0]} : WHOLE;
    keep_reg    <= !inside_reg || behind_reg[PLACE_W-1] ? NONE : behind_more ? count1_reg : behind_reg[COUNT_W-1:0];
    target2_reg <= target1_reg;
    offset2_reg <= offset1_reg;
    turn2_reg   <= turn1_reg;

    skip3_reg   <= skip_reg;
    keep3_reg   <= keep_reg;
    target3_reg <= target2_reg;
    turn3_reg   <= turn2_reg;
    for (i = 0; i < LANES; i = i + 1) odd_lane_reg[i] <= offset2_reg[LANE_W] ^ (i[LANE_W-1:0] < offset2_reg[LANE_W-1:0]);

    low_reg     <= {1'b0, target3_reg[LANE_W-1:0]} + skip3_reg;     // no less than high_reg: none
    high_reg    <= {1'b0, target3_reg[LANE_W-1:0]} + keep3_reg;
    for (i = 0; i < BLOCKS; i = i + 1) block4_reg[i] <= {1'b0, target3_reg} >> LANE_W == i[TILE_W:0];
    turn4_reg   <= turn3_reg;
    for (i = 0; i < LANES; i = i + 1) chosen_reg[8*i +: 8] <= odd_lane_reg[i] ? odd[8*i +: 8] : even[8*i +: 8];

    block5_reg  <= flags4_reg[0] ? block4_reg : {BLOCKS{1'b0}};
    for (i = 0; i < LANES; i = i + 1) mask_reg[i] <= i[COUNT_W-1:0] >= low_reg && i[COUNT_W-1:0] < high_reg;
    turned_reg <= turned;
end

// ---- what comes to the tile: what waits beside, or else the pipeline's end
reg               held_reg;
reg [FLAGS-1:0]   held_flags_reg;
reg [BLOCKS-1:0]  held_block_reg;
reg [LANES-1:0]   held_mask_reg;
reg [8*LANES-1:0] held_turned_reg;
wire [FLAGS-1:0]   flags = held_reg ? held_flags_reg : flags5_reg;
wire [BLOCKS-1:0]  block = held_reg ? held_block_reg : block5_reg;
wire [LANES-1:0]   mask  = held_reg ? held_mask_reg : mask_reg;
wire [8*LANES-1:0] bytes = held_reg ? held_turned_reg : turned_reg;
wire               write     = flags[0];
wire               first     = flags[1];
wire               tile_last = flags[2];

// ---- tile, and the words that it leaves as
reg           whole_reg;                // the tile is
reg           position_last_reg, row_last_reg;
reg [8*N-1:0] tile_reg;
reg [4*N-1:0] low_word_reg;
reg [1:0]     left_reg;                 // words that wait, the one at the output included
wire          taken = left_reg != 2'd0 && wr_ready;
wire          free  = left_reg == 2'd0 || (left_reg == 2'd1 && wr_ready);
wire          leaves = whole_reg && free;

wire          moves = !whole_reg || free;       // what comes to the tile is taken
assign empty  = left_reg == 2'd0;

always @(posedge clk) begin
    enable   <= busy && moves;
    held_reg <= !moves && (enable || held_reg);
    if (enable && !moves) begin
        held_flags_reg  <= flags5_reg;
        held_block_reg  <= block5_reg;
        held_mask_reg   <= mask_reg;
        held_turned_reg <= turned_reg;
    end
    if (moves) begin
        whole_reg         <= write && tile_last;
        position_last_reg <= flags[3];
        row_last_reg      <= flags[4];
    end
    row_done <= leaves && row_last_reg;
    if (rst) {whole_reg, enable, held_reg} <= 3'd0;
end

// In this order a byte's 128 is its registers' set and reset, not logic before them
always @(posedge clk) for (i = 0; i < N; i = i + 1) begin
    if (moves && write && first && !(mask[i % LANES] && block[i / LANES])) tile_reg[8*i +: 8] <= 8'h80;
    else if (moves && mask[i % LANES] && block[i / LANES]) tile_reg[8*i +: 8] <= bytes[8*(i % LANES) +: 8];
end

always @(posedge clk) begin
    if (leaves || taken) for (i = 0; i < N; i = i + 1) begin
        wr_word[4*i +: 4] <= leaves ? tile_reg[8*i + 4 +: 4] : low_word_reg[4*i +: 4];
        if (leaves) low_word_reg[4*i +: 4] <= tile_reg[8*i +: 4];
    end
end

// ---- addresses: what may come next is a register before it does, for a tile leaves every second cycle at most. They have a bit more
// than the memory's, and the first one that is beyond it is the last: none comes round.
reg [ADDR_W:0] tile_addr_reg, position_addr_reg, image_addr_reg;
reg [ADDR_W-1:0] low_addr_reg;
reg [ADDR_W:0] next_tile_reg, next_position_reg, next_image_reg, next_low_reg;
wire           image_ends = row_last_reg && last_row;
reg            tile_beyond_reg, low_beyond_reg;
wire           beyond     = overflow || (leaves ? tile_beyond_reg : low_beyond_reg);

always @(posedge clk) begin
    next_tile_reg     <= tile_addr_reg + {1'b0, tile_stride};
    next_position_reg <= position_addr_reg + 1'b1;
    next_image_reg    <= image_addr_reg + {1'b0, image_stride};
    next_low_reg      <= tile_addr_reg + {1'b0, low_stride};
    tile_beyond_reg   <= {{31-ADDR_W{1'b0}}, tile_addr_reg} >= ACT_DEPTH;
    if (leaves) begin
        tile_addr_reg <= !position_last_reg ? next_tile_reg : image_ends ? next_image_reg : next_position_reg;
        if (position_last_reg) position_addr_reg <= image_ends ? next_image_reg : next_position_reg;
        if (image_ends) image_addr_reg <= next_image_reg;
    end
    if (begins) begin
        tile_addr_reg     <= {1'b0, address};
        position_addr_reg <= {1'b0, address};
        image_addr_reg    <= {1'b0, address};
    end
    if (leaves) begin
        wr_addr        <= tile_addr_reg[ADDR_W-1:0];
        low_addr_reg   <= next_low_reg[ADDR_W-1:0];
        low_beyond_reg <= {{31-ADDR_W{1'b0}}, next_low_reg} >= ACT_DEPTH;
    end else if (taken) wr_addr <= low_addr_reg;
end

always @(posedge clk) begin
    if (leaves || taken) begin
        left_reg <= leaves ? 2'd2 : left_reg - 2'd1;
        wr_valid <= (leaves || left_reg == 2'd2) && !beyond;
        if ((leaves || left_reg == 2'd2) && beyond) overflow <= 1'b1;
    end
    if (rst) begin
        left_reg <= 2'd0;
        wr_valid <= 1'b0;
        overflow <= 1'b0;
    end
end

endmodule

`resetall
