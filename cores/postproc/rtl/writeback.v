`resetall
`default_nettype none

/*
 * Gives output words their addresses in the activation memory: output tile, image, row, column, from the outermost to the
 * innermost. It works behind the sequencer and holds two CONV commands: the one whose words arrive and the next.
 *
 * A word is written in the cycle after it came; tile_done comes with an output tile's last word, tiles_done counts them.
 */
module writeback #(
    // Bits of a word
    parameter WORD_W = 32,
    // Words of the activation memory
    parameter ACT_DEPTH = 8192,
    // Width of an activation address (derived)
    parameter ACT_ADDR_W = $clog2(ACT_DEPTH)
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire                  clear,         // a program begins: tiles_done starts at 0
    // A CONV command that writes codes; sizes are those of the map that it writes
    input  wire                  cfg_valid,
    output wire                  cfg_ready,
    input  wire [15:0]           cfg_h,
    input  wire [15:0]           cfg_w,
    input  wire [15:0]           cfg_images,
    input  wire [15:0]           cfg_oc_tiles,
    input  wire [31:0]           cfg_base,
    input  wire [31:0]           cfg_tile_stride,
    input  wire [31:0]           cfg_image_stride,
    input  wire [15:0]           cfg_sequence,
    input  wire                  in_valid,
    input  wire [WORD_W-1:0]     in_word,
    output reg                   wr_valid,
    output reg  [ACT_ADDR_W-1:0] wr_addr,
    output reg  [WORD_W-1:0]     wr_word,
    output reg                   tile_done,
    output reg  [31:0]           tiles_done,
    output wire                  busy,
    output reg                   error_overflow,
    output wire [15:0]           error_sequence     // of the command that the word belongs to
);

localparam CFG_W = 5*16 + 3*32;

reg              next_valid_reg;
reg [CFG_W-1:0]  next_reg;
reg              valid_reg;
reg [15:0]       h_reg, w_reg, images_reg;
reg [31:0]       tile_stride_reg, image_stride_reg;
reg [15:0]       sequence_reg;
reg [15:0]       x_left_reg, y_left_reg, image_left_reg, tile_left_reg;
reg [31:0]       addr_reg, image_addr_reg, tile_addr_reg;

wire [15:0] next_h, next_w, next_images, next_oc_tiles;
wire [31:0] next_base, next_tile_stride, next_image_stride;
wire [15:0] next_sequence;
assign {next_h, next_w, next_images, next_oc_tiles, next_base, next_tile_stride, next_image_stride, next_sequence} = next_reg;

wire row_end   = x_left_reg == 16'd1;
wire image_end = row_end && y_left_reg == 16'd1;
wire tile_end  = image_end && image_left_reg == 16'd1;
wire conv_end  = tile_end && tile_left_reg == 16'd1;
wire advance   = next_valid_reg && !valid_reg;

wire [31:0] next_image_addr = image_addr_reg + image_stride_reg;
wire [31:0] next_tile_addr  = tile_addr_reg + tile_stride_reg;

assign cfg_ready = !next_valid_reg;
assign busy      = next_valid_reg || valid_reg || wr_valid;
assign error_sequence = sequence_reg;

always @(posedge clk) begin
    if (cfg_valid && cfg_ready) begin
        next_valid_reg <= 1'b1;
        next_reg       <= {cfg_h, cfg_w, cfg_images, cfg_oc_tiles, cfg_base, cfg_tile_stride, cfg_image_stride, cfg_sequence};
    end
    if (advance) begin
        next_valid_reg   <= 1'b0;
        valid_reg        <= 1'b1;
        h_reg            <= next_h;
        w_reg            <= next_w;
        images_reg       <= next_images;
        tile_stride_reg  <= next_tile_stride;
        image_stride_reg <= next_image_stride;
        sequence_reg     <= next_sequence;
        x_left_reg       <= next_w;
        y_left_reg       <= next_h;
        image_left_reg   <= next_images;
        tile_left_reg    <= next_oc_tiles;
        addr_reg         <= next_base;
        image_addr_reg   <= next_base;
        tile_addr_reg    <= next_base;
    end else if (in_valid) begin
        valid_reg  <= !conv_end;
        x_left_reg <= row_end ? w_reg : x_left_reg - 16'd1;
        addr_reg   <= addr_reg + 32'd1;
        if (row_end) y_left_reg <= image_end ? h_reg : y_left_reg - 16'd1;
        if (image_end) begin
            image_left_reg <= tile_end ? images_reg : image_left_reg - 16'd1;
            image_addr_reg <= tile_end ? next_tile_addr : next_image_addr;
            addr_reg       <= tile_end ? next_tile_addr : next_image_addr;
        end
        if (tile_end) begin
            tile_left_reg <= tile_left_reg - 16'd1;
            tile_addr_reg <= next_tile_addr;
        end
    end
    wr_valid       <= in_valid && addr_reg < ACT_DEPTH;
    error_overflow <= in_valid && addr_reg >= ACT_DEPTH;
    tile_done      <= in_valid && tile_end;
    tiles_done     <= rst || clear ? 32'd0 : tiles_done + {31'd0, tile_done};
    if (rst) begin
        next_valid_reg <= 1'b0;
        valid_reg      <= 1'b0;
        wr_valid       <= 1'b0;
        error_overflow <= 1'b0;
        tile_done      <= 1'b0;
    end
end

always @(posedge clk) begin
    wr_addr <= addr_reg[ACT_ADDR_W-1:0];
    wr_word <= in_word;
end

`ifndef SYNTHESIS
always @(posedge clk) begin
    if (!rst && in_valid && !valid_reg) begin
        $display("ERROR: %m: a word came before its command");
        $stop;
    end
end
`endif

endmodule

`resetall
