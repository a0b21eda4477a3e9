`resetall
`default_nettype none

/*
 * Which rows of the images lie in the ring of eight, and which rows of positions can go on.
 *
 * Rows come one after the other, image after image. A row of positions starts once the rows that its taps meet are there; rows above
 * them are given back before. What lies behind the last row of positions is given back, too, before the next image.
 */
module image_rows (
    input  wire        clk,
    input  wire        rst,
    // Fields, constant meanwhile
    input  wire [15:0] images,
    input  wire [15:0] rows,
    input  wire [15:0] out_h,
    input  wire [2:0]  kernel_h,
    input  wire [1:0]  stride,
    input  wire [2:0]  padding,
    input  wire        begins,
    output reg         done,            // a pulse: the last image's rows are given back
    output reg         starves,         // it waits for a row
    // Ring
    input  wire        came,            // a row is in the ring
    output reg         none,            // no row is in the ring; of the cycle before, as space
    output reg         space,           // there is a place for one more; looks at came and gives of the cycle before
    output reg  [2:0]  slot,            // that the next row goes to
    // Row of positions
    output reg         start,
    input  wire        row_done,
    output reg         last_row,        // of the image
    // Of a tap row, in the same cycle
    input  wire [2:0]  tap_row,
    output wire        in_image,
    output wire [2:0]  tap_slot
);

localparam IDLE = 0, TRIM = 1, WAIT = 2, WALK = 3, FLUSH = 4, STATES = 5;

reg [STATES-1:0] at_reg;                // one-hot; 0: none, as IDLE
reg [15:0]       images_reg, positions_reg, rows_reg;   // left; rows: of the image, those held included
reg              last_image_reg;
reg              all_reg;                   // rows of the image are given back: rows_reg is 0
reg [3:0]        held_reg;              // rows in the ring, this image's first
reg [2:0]        oldest_reg;
reg [5:0]        top_reg;               // signed: the row that the first tap row meets, counted from the oldest one held
reg              enough_reg;            // the rows that are needed are there, or all of the image

wire below = !top_reg[5] && top_reg != 6'd0;        // the oldest row is above the taps
wire any   = held_reg != 4'd0;
wire gives = (at_reg[TRIM] && below && !all_reg && any) || (at_reg[FLUSH] && !all_reg && any);
wire over  = at_reg[FLUSH] && all_reg;

wire [5:0] needed = top_reg + {3'd0, kernel_h};     // at most 7 in WAIT
wire [5:0] met    = top_reg + {3'd0, tap_row};
assign in_image   = !met[5] && {10'd0, met} < rows_reg;
assign tap_slot = oldest_reg + met[2:0];

always @(posedge clk) begin
    enough_reg <= needed[5] || {2'd0, held_reg} >= needed || {12'd0, held_reg} >= rows_reg;
    start      <= at_reg[WAIT] && enough_reg;
    last_row   <= positions_reg == 16'd1;
    done       <= over && last_image_reg;
    starves    <= (at_reg[WAIT] && !enough_reg) || ((at_reg[FLUSH] || (at_reg[TRIM] && below)) && !all_reg && !any);
    none       <= !any && !came;
    space      <= held_reg + {3'd0, came} < 4'd8;

    held_reg   <= held_reg + {3'd0, came} - {3'd0, gives};
    oldest_reg <= oldest_reg + {2'd0, gives};
    slot       <= slot + {2'd0, came};
    rows_reg   <= rows_reg - {15'd0, gives};
    if (gives) all_reg <= rows_reg == 16'd1;
    if (at_reg[TRIM] && gives) top_reg <= top_reg - 6'd1;

    if (at_reg[TRIM] && (!below || all_reg)) at_reg <= 1 << WAIT;
    if (at_reg[WAIT] && enough_reg) at_reg <= 1 << WALK;
    if (at_reg[WALK] && row_done) begin
        top_reg       <= top_reg + {4'd0, stride};
        positions_reg <= positions_reg - 16'd1;
        at_reg        <= last_row ? 1 << FLUSH : 1 << TRIM;
    end
    if (begins || over) begin
        top_reg       <= -{3'd0, padding};
        rows_reg      <= rows;
        all_reg       <= 1'b0;
        positions_reg <= out_h;
        at_reg        <= over && last_image_reg ? 1 << IDLE : 1 << TRIM;
    end
    if (begins) begin
        images_reg     <= images;
        last_image_reg <= images == 16'd1;
    end else if (over) begin
        images_reg     <= images_reg - 16'd1;
        last_image_reg <= images_reg == 16'd2;
    end
    if (rst) begin
        at_reg     <= 1 << IDLE;
        held_reg   <= 4'd0;
        oldest_reg <= 3'd0;
        slot       <= 3'd0;
        start      <= 1'b0;
        done       <= 1'b0;
    end
end

endmodule

`resetall
