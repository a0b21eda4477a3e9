`resetall
`default_nettype none

/*
 * Cuts a row of positions into pieces: bytes of one row of the image that go into the same LANES bytes of a tile of taps.
 *
 * A position's taps are, for each tap row, run_bytes bytes that follow each other, from first_byte + position * step_bytes on;
 * tap row after tap row they fill tiles of N bytes. A piece leaves in each enabled cycle from the one behind start on, until the row's
 * last.
 */
module image_pieces #(
    // Bytes of a tile
    parameter N = 8,
    // Bytes that a piece has at most: of a tile, that begin at a multiple of it
    parameter LANES = 8,
    // Bits of a byte's number in a row, signed
    parameter PLACE_W = 14,
    // Bits of a place in a tile (derived)
    parameter TILE_W = $clog2(N),
    // Bits of a piece's length (derived)
    parameter COUNT_W = $clog2(LANES) + 1
) (
    input  wire                      clk,
    input  wire                      rst,
    // Fields, constant meanwhile
    input  wire [15:0]               out_w,
    input  wire [PLACE_W-1:0]        run_bytes,
    input  wire [PLACE_W-1:0]        step_bytes,
    input  wire [PLACE_W-1:0]        first_byte,    // signed
    input  wire [2:0]                kernel_h,
    // Row of positions
    input  wire                      start,
    // Pieces
    input  wire                      enable,
    output reg                       valid,
    output reg  [2:0]                tap_row,
    output reg  [PLACE_W-1:0]        source,        // signed: first byte of the row
    output reg  [TILE_W-1:0]         target,        // first byte of the tile
    output reg  [COUNT_W-1:0]        count,
    output reg                       tile_first,
    output reg                       tile_last,
    output reg                       position_last,
    output reg                       row_last
);

localparam LANE_W = COUNT_W - 1;
localparam [PLACE_W-1:0] TWICE = 2 * LANES;
localparam [COUNT_W-1:0] ONCE  = LANES;

reg [15:0]        positions_reg;        // left, this one included
reg               last_position_reg;
reg [2:0]         tap_row_reg;
reg               last_tap_row_reg;
reg [PLACE_W-1:0] run_reg;              // bytes left of the run
reg [PLACE_W-1:0] source_reg, position_reg;
reg [TILE_W-1:0]  target_reg;
reg [COUNT_W-1:0] room_reg;             // bytes up to the end of the LANES bytes of the tile that the piece goes to
reg               run_ends_reg;         // with this piece
reg               short_reg;            // a run has LANES bytes at most
reg [LANE_W-1:0]  most_lane_reg;        // then: the last byte of LANES that it can begin at and be a piece

reg               busy_reg;

wire [PLACE_W-1:0] room_ex  = {{PLACE_W-COUNT_W{1'b0}}, room_reg};
wire [COUNT_W-1:0] bytes    = run_ends_reg ? run_reg[COUNT_W-1:0] : room_reg;
wire [TILE_W:0]    filled   = {1'b0, target_reg} + {{TILE_W+1-COUNT_W{1'b0}}, bytes};
wire               all_taps = run_ends_reg && last_tap_row_reg;
wire               ends     = all_taps && last_position_reg;

// Whether the next piece is its run's last: of the same run, whose rest begins with LANES bytes; of the next, behind the last byte
wire [PLACE_W-1:0] reached   = run_reg + {{PLACE_W-LANE_W{1'b0}}, target_reg[LANE_W-1:0]};
wire               rest_ends = reached <= TWICE;
wire [LANE_W-1:0]  next_lane = target_reg[LANE_W-1:0] + run_reg[LANE_W-1:0];
wire               next_ends = short_reg && next_lane <= most_lane_reg;
wire [PLACE_W-1:0] next_position = position_reg + step_bytes;

// Where no row is under way, the registers hold anything; then nothing holds up the pieces, and a start is seen
always @(posedge clk) begin
    short_reg     <= run_bytes <= {{PLACE_W-COUNT_W{1'b0}}, ONCE};
    most_lane_reg <= -run_bytes[LANE_W-1:0];
    if (enable) begin
        valid         <= busy_reg;
        tap_row       <= tap_row_reg;
        source        <= source_reg;
        target        <= target_reg;
        count         <= bytes;
        tile_first    <= target_reg == {TILE_W{1'b0}};
        tile_last     <= filled[TILE_W] || all_taps;
        position_last <= all_taps;
        row_last      <= ends;
        target_reg    <= all_taps ? {TILE_W{1'b0}} : filled[TILE_W-1:0];
        room_reg      <= run_ends_reg && !all_taps ? ONCE - {1'b0, next_lane} : ONCE;
        run_reg       <= run_ends_reg ? run_bytes : run_reg - room_ex;
        run_ends_reg  <= all_taps ? short_reg : run_ends_reg ? next_ends : rest_ends;
        source_reg    <= all_taps ? next_position : run_ends_reg ? position_reg : source_reg + room_ex;
        if (run_ends_reg) begin
            tap_row_reg      <= last_tap_row_reg ? 3'd0 : tap_row_reg + 3'd1;
            last_tap_row_reg <= last_tap_row_reg ? kernel_h == 3'd1 : tap_row_reg + 3'd2 == kernel_h;
        end
        if (all_taps) begin
            position_reg      <= next_position;
            positions_reg     <= positions_reg - 16'd1;
            last_position_reg <= positions_reg == 16'd2;
        end
        if (ends) busy_reg <= 1'b0;
        if (start) begin
            busy_reg          <= 1'b1;
            positions_reg     <= out_w;
            last_position_reg <= out_w == 16'd1;
            tap_row_reg       <= 3'd0;
            last_tap_row_reg  <= kernel_h == 3'd1;
            run_reg           <= run_bytes;
            run_ends_reg      <= short_reg;
            position_reg      <= first_byte;
            source_reg        <= first_byte;
            target_reg        <= {TILE_W{1'b0}};
            room_reg          <= ONCE;
        end
    end
    if (rst) begin
        busy_reg <= 1'b0;
        valid    <= 1'b0;
    end
end

endmodule

`resetall
