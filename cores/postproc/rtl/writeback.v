`resetall
`default_nettype none

/*
 * Gives output words their addresses in the activation memory: output tile, image, row, column, from the outermost to the
 * innermost. It works behind the sequencer and holds two CONV commands: the one whose words arrive and the next.
 *
 * In the cycle after a word came it is known what ends with it, and where it goes; in the next it is written. tile_done comes in the
 * cycle before an output tile's last write, tiles_done counts them: who sees it there and reads in the cycle after, reads the word.
 * Addresses are modulo 2^24. A command's first word comes at the earliest in the third cycle after the command, or after the last word before it.
 */
module writeback #(
    // Bits of a word
    parameter WORD_W = 32,
    // Words of the activation memory: up to 2^24
    parameter ACT_DEPTH = 8192,
    // Width of an activation address (derived)
    parameter ACT_ADDR_W = $clog2(ACT_DEPTH)
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire                  clear,         // a program begins: tiles_done starts at 0
    // A CONV command that writes codes; sizes are those of the map that it writes
    input  wire                  cfg_valid,
    output reg                   cfg_ready,
    input  wire [15:0]           cfg_h,
    input  wire [15:0]           cfg_w,
    input  wire [15:0]           cfg_images,
    input  wire [15:0]           cfg_oc_tiles,
    input  wire [23:0]           cfg_base,
    input  wire [23:0]           cfg_tile_stride,
    input  wire [23:0]           cfg_image_stride,
    input  wire [15:0]           cfg_sequence,
    input  wire                  in_valid,
    input  wire [WORD_W-1:0]     in_word,
    output reg                   wr_valid,
    output reg                   wr_none,       // a register of its own: no word is written
    output reg  [ACT_ADDR_W-1:0] wr_addr,
    output reg  [WORD_W-1:0]     wr_word,
    output reg                   tile_done,
    output reg  [23:0]           tiles_done,
    output reg                   busy,
    output reg                   error_overflow,
    output reg  [15:0]           error_sequence     // of the command that the word belongs to
);

localparam CFG_W   = 5*16 + 3*24;
// Counters hold what is left after the next one, so that their sign is the last one's.
localparam COUNT_W = 17;

// The command after the current one
reg [CFG_W-1:0] next_reg;           // there is one while cfg_ready is low

wire [15:0] next_h, next_w, next_images, next_oc_tiles, next_sequence;
wire [23:0] next_base, next_tile_stride, next_image_stride;
assign {next_h, next_w, next_images, next_oc_tiles, next_base, next_tile_stride, next_image_stride, next_sequence} = next_reg;

// The current command: sizes less two, strides
reg               idle_reg;         // there is none
reg               begin_reg;        // the step before its first word: as if the tile before its first ended
reg [COUNT_W-1:0] h_reg, w_reg, images_reg;
reg [23:0]        image_stride_reg, tile_stride_reg;
reg [15:0]        sequence_reg;

// Where its next word lies
reg [COUNT_W-1:0] x_left_reg, y_left_reg, image_left_reg, tile_left_reg;

wire row_end   = x_left_reg[COUNT_W-1];
wire image_end = row_end && y_left_reg[COUNT_W-1];
wire tile_end  = image_end && image_left_reg[COUNT_W-1];
wire conv_end  = tile_end && tile_left_reg[COUNT_W-1];
wire step      = in_valid || begin_reg;

// The word of the cycle before, what ends with it, and its address; then where the next image and the next tile begin
reg              step_reg, word_valid_reg, image_end_reg, tile_end_reg;
reg [WORD_W-1:0] word_reg;
reg [23:0]       addr_reg, next_image_reg, next_tile_reg;

wire [23:0] next_place = tile_end_reg ? next_tile_reg : next_image_reg;
wire        outside    = {1'b0, addr_reg} >= ACT_DEPTH[24:0];

always @(posedge clk) begin
    cfg_ready <= cfg_ready ? !cfg_valid : idle_reg;
    if (cfg_ready)
        next_reg <= {cfg_h, cfg_w, cfg_images, cfg_oc_tiles, cfg_base, cfg_tile_stride, cfg_image_stride, cfg_sequence};
    begin_reg <= idle_reg && !cfg_ready;
    if (step) begin
        x_left_reg <= row_end ? w_reg : x_left_reg - 17'd1;
        if (row_end) y_left_reg <= image_end ? h_reg : y_left_reg - 17'd1;
        if (image_end) image_left_reg <= tile_end ? images_reg : image_left_reg - 17'd1;
        if (tile_end) tile_left_reg <= tile_left_reg - 17'd1;
        if (conv_end) idle_reg <= 1'b1;
    end
    step_reg       <= step;
    word_valid_reg <= in_valid;
    image_end_reg  <= image_end;
    tile_end_reg   <= tile_end;
    if (step_reg) begin
        addr_reg <= image_end_reg ? next_place : addr_reg + 24'd1;
        if (image_end_reg) next_image_reg <= next_place + image_stride_reg;
        if (tile_end_reg) next_tile_reg <= next_tile_reg + tile_stride_reg;
    end
    // Without a command whatever is in next_reg is taken over, so that nothing but a register decides.
    if (idle_reg) begin
        idle_reg                  <= cfg_ready;
        h_reg                     <= {1'b0, next_h} - 17'd2;
        w_reg                     <= {1'b0, next_w} - 17'd2;
        images_reg                <= {1'b0, next_images} - 17'd2;
        tile_stride_reg           <= next_tile_stride;
        image_stride_reg          <= next_image_stride;
        sequence_reg              <= next_sequence;
        next_tile_reg             <= next_base;
        tile_left_reg             <= {1'b0, next_oc_tiles} - 17'd1;
        x_left_reg[COUNT_W-1]     <= 1'b1;
        y_left_reg[COUNT_W-1]     <= 1'b1;
        image_left_reg[COUNT_W-1] <= 1'b1;
    end
    busy           <= cfg_valid || !cfg_ready || !idle_reg || word_valid_reg;
    wr_valid       <= word_valid_reg && !outside;
    wr_none        <= !word_valid_reg || outside;
    error_overflow <= word_valid_reg && outside;
    tile_done      <= in_valid && tile_end;
    tiles_done     <= rst || clear ? 24'd0 : tiles_done + {23'd0, tile_done};
    if (rst) begin
        cfg_ready      <= 1'b1;
        idle_reg       <= 1'b1;
        word_valid_reg <= 1'b0;
        busy           <= 1'b0;
        wr_valid       <= 1'b0;
        wr_none        <= 1'b1;
        error_overflow <= 1'b0;
        tile_done      <= 1'b0;
    end
end

always @(posedge clk) begin
    word_reg       <= in_word;
    wr_addr        <= addr_reg[ACT_ADDR_W-1:0];
    wr_word        <= word_reg;
    error_sequence <= sequence_reg;
end

`ifndef SYNTHESIS
always @(posedge clk) begin
    if (!rst && in_valid && (idle_reg || begin_reg)) begin
        $display("ERROR: %m: a word came before its command");
        $stop;
    end
end
`endif

endmodule

`resetall
