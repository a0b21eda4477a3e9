`resetall
`default_nettype none

/*
 * Properties of writeback: it holds at most two commands, carries them out in order, and gives each exactly its words.
 *
 * Sizes are 1 or 2. Words of a command, picked by the solver, must lie where four counters written out here put them; the
 * environment sends a word only while a command is there for it.
 */
module writeback_order (
    input wire        clk,
    input wire        rst,
    input wire        cfg_valid,
    input wire [3:0]  cfg_double,       // height, width, images, output tiles are 2, not 1
    input wire [3:0]  cfg_base,
    input wire [3:0]  cfg_tile_stride,
    input wire [3:0]  cfg_image_stride,
    input wire        in_valid,
    input wire        pick
);

localparam DEPTH = 64;

wire        cfg_ready, wr_valid, wr_none, tile_done, busy, error_overflow;
wire [5:0]  wr_addr;
wire [23:0] tiles_done;
wire [15:0] error_sequence;

writeback #(.WORD_W(1), .ACT_DEPTH(DEPTH)) dut (
    .clk(clk), .rst(rst), .clear(1'b0),
    .cfg_valid(cfg_valid), .cfg_ready(cfg_ready),
    .cfg_h(16'd1 + cfg_double[0]), .cfg_w(16'd1 + cfg_double[1]), .cfg_images(16'd1 + cfg_double[2]),
    .cfg_oc_tiles(16'd1 + cfg_double[3]),
    .cfg_base({20'd0, cfg_base}), .cfg_tile_stride({20'd0, cfg_tile_stride}), .cfg_image_stride({20'd0, cfg_image_stride}),
    .cfg_sequence(16'd0),
    .in_valid(in_valid), .in_word(1'b0),
    .wr_valid(wr_valid), .wr_none(wr_none), .wr_addr(wr_addr), .wr_word(),
    .tile_done(tile_done), .tiles_done(tiles_done), .busy(busy), .error_overflow(error_overflow),
    .error_sequence(error_sequence)
);

function [4:0] words(input [3:0] double);
    words = 5'd1 << (3'd0 + double[0] + double[1] + double[2] + double[3]);
endfunction

wire accept = cfg_valid && cfg_ready;

reg       started_reg = 1'b0;
reg [1:0] held_reg    = 0;      // commands whose words have not all come
reg [4:0] left_reg    = 0;      // words of the older one that have not come
reg [4:0] next_reg;             // and of the younger one
reg [1:0] fresh_reg   = 0;      // the older one came, or became the older one, in the cycle before, or in the one before that

wire last = in_valid && left_reg == 1;

// The command that is watched, and how many words come before its own
reg       watched_reg = 1'b0;
reg       mine_reg;             // the older one is the watched one
reg [3:0] double_reg, base_reg, tile_stride_reg, image_stride_reg;
reg       x_reg, y_reg, image_reg, tile_reg;
reg       check_reg = 1'b0;     // its word came in the cycle before
reg       write_reg = 1'b0;     // in the one before that
reg [5:0] write_address_reg;
reg [5:0] address_reg;
reg       ends_reg;

wire x_end     = x_reg == double_reg[1];
wire y_end     = x_end && y_reg == double_reg[0];
wire image_end = y_end && image_reg == double_reg[2];

always @(posedge clk) begin
    started_reg <= 1'b1;
    held_reg    <= held_reg + accept - last;
    fresh_reg   <= {fresh_reg[0], (accept && (held_reg == 0 || (held_reg == 1 && last))) || (last && held_reg == 2)};
    if (last) left_reg <= held_reg == 2 ? next_reg : words(cfg_double);
    else if (accept && held_reg == 0) left_reg <= words(cfg_double);
    else if (in_valid) left_reg <= left_reg - 1'b1;
    if (accept) next_reg <= words(cfg_double);

    check_reg         <= 1'b0;
    write_reg         <= check_reg;
    write_address_reg <= address_reg;
    if (watched_reg && last) begin
        mine_reg    <= 1'b1;
        watched_reg <= !mine_reg;
    end
    if (!watched_reg && accept && pick) begin
        watched_reg      <= 1'b1;
        mine_reg         <= held_reg == 0 || (held_reg == 1 && last);
        double_reg       <= cfg_double;
        base_reg         <= cfg_base;
        tile_stride_reg  <= cfg_tile_stride;
        image_stride_reg <= cfg_image_stride;
        {x_reg, y_reg, image_reg, tile_reg} <= 4'd0;
    end
    if (watched_reg && mine_reg && in_valid) begin
        check_reg   <= 1'b1;
        address_reg <= base_reg + (tile_reg ? tile_stride_reg : 6'd0) + (image_reg ? image_stride_reg : 6'd0) +
                       (y_reg ? 6'd1 + double_reg[1] : 6'd0) + x_reg;
        ends_reg    <= image_end;
        x_reg       <= !x_end;
        if (x_end) y_reg <= !y_end;
        if (y_end) image_reg <= !image_end;
        if (image_end) tile_reg <= 1'b1;
    end
    if (rst) begin
        held_reg    <= 0;
        watched_reg <= 1'b0;
        check_reg   <= 1'b0;
        write_reg   <= 1'b0;
        fresh_reg   <= 0;
    end
end

always @* begin
    assume (rst == !started_reg);
    // A word comes at the earliest in the third cycle after its command, or after the last word before it.
    assume (!in_valid || (held_reg != 0 && fresh_reg == 0));
    if (started_reg) begin
        assert (held_reg <= 2);
        assert (!(cfg_ready && held_reg == 2));
        assert (busy || (held_reg == 0 && !check_reg && !wr_valid));
        assert (!error_overflow);
        assert (wr_none == !wr_valid);
        if (check_reg) assert (tile_done == ends_reg);
        if (write_reg) assert (wr_valid && wr_addr == write_address_reg);
        cover (accept && held_reg == 1 && watched_reg);
        cover (watched_reg && mine_reg && last && double_reg == 4'b0111);
        cover (watched_reg && mine_reg && last && double_reg == 4'b1110);
        cover (held_reg == 2 && watched_reg && mine_reg && last);
    end
end

endmodule

`resetall
