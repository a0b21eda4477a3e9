`resetall
`default_nettype none

/*
 * The inner loops of a CONV command: image, output row, output column of one pass, a position a cycle. With pooling, the four members
 * of a 2x2 window follow each other, window by window.
 *
 * `take` loads a pass's first position, `advance` goes on to the next; both only as `valid` and `last` allow (the loop's user decides). The outputs
 * belong to the position that is due. That a row, image or pass ends with it stands in registers, computed a position ahead; the
 * first position of the next row and image, too. All addresses grow by additions: no multiplier.
 */
module position_loop #(
    // Width of a coordinate
    parameter COORD_W = 18,
    // Width of a descriptor (derived)
    parameter CFG_W = 64*7,
    // Width of an accumulator address
    parameter ACC_ADDR_W = 10
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire                  start,         // a command's descriptor is taken: two cycles or more before its first pass
    input  wire [CFG_W-1:0]      cfg_data,
    input  wire                  take,
    input  wire [23:0]           pass_addr,
    input  wire [COORD_W-1:0]    pass_y,
    input  wire [COORD_W-1:0]    pass_x,
    input  wire [ACC_ADDR_W:0]   pass_acc_addr,
    input  wire                  advance,
    output reg                   valid,
    output reg                   last,          // of the pass
    output reg                   first,         // of the pass
    output reg  [23:0]           act_addr,
    output wire                  in_map,
    output reg  [ACC_ADDR_W:0]   acc_addr       // the top bit: beyond the accumulators
);

`include "program_format.vh"

// ---- the command
wire        cfg_pool     = cfg_data[64*CONV_POOL_BEAT + CONV_POOL_LOW];
wire        cfg_stride_2 = cfg_data[64*CONV_STRIDE_BEAT + CONV_STRIDE_HIGH];
wire [15:0] cfg_in_w     = cfg_data[64*CONV_IN_W_BEAT + CONV_IN_W_LOW +: 16];
wire [15:0] cfg_out_h    = cfg_data[64*CONV_OUT_H_BEAT + CONV_OUT_H_LOW +: 16];
wire [15:0] cfg_out_w    = cfg_data[64*CONV_OUT_W_BEAT + CONV_OUT_W_LOW +: 16];

reg [15:0] in_h_reg, in_w_reg, rows_reg, columns_reg, images_reg;
reg        pool_reg, stride_2_reg;
reg [23:0] image_stride_reg;
// Counts of one and two, and what ends with a pass's first position
reg        one_column_reg, one_row_reg, one_image_reg, two_columns_reg, two_rows_reg, two_images_reg;
reg        first_column_end_reg, first_row_end_reg, first_last_reg;

// Words from an input row to that of the next output row
wire [16:0] row_step = stride_2_reg ? {in_w_reg, 1'b0} : {1'b0, in_w_reg};
wire [1:0]  step     = stride_2_reg ? 2'd2 : 2'd1;
reg  [17:0] row_pitch_reg;          // to that of the next row of windows
reg  [17:0] down_step_reg, up_step_reg; // from a window's second member to its third, from its fourth to the next window

always @(posedge clk) begin
    if (start) begin
        in_h_reg         <= cfg_data[64*CONV_IN_H_BEAT + CONV_IN_H_LOW +: 16];
        in_w_reg         <= cfg_in_w;
        rows_reg         <= cfg_pool ? cfg_out_h >> 1 : cfg_out_h;
        columns_reg      <= cfg_pool ? cfg_out_w >> 1 : cfg_out_w;
        images_reg       <= cfg_data[64*CONV_IMAGES_BEAT + CONV_IMAGES_LOW +: 16];
        pool_reg         <= cfg_pool;
        stride_2_reg     <= cfg_stride_2;
        image_stride_reg <= cfg_data[64*CONV_ACT_IMAGE_STRIDE_BEAT + CONV_ACT_IMAGE_STRIDE_LOW +: 24];
    end
    row_pitch_reg  <= pool_reg ? {row_step, 1'b0} : {1'b0, row_step};
    down_step_reg  <= {1'b0, row_step} - {16'd0, step};
    up_step_reg    <= {16'd0, step} - {1'b0, row_step};
    one_column_reg  <= columns_reg == 16'd1;
    one_row_reg     <= rows_reg == 16'd1;
    one_image_reg   <= images_reg == 16'd1;
    two_columns_reg <= columns_reg == 16'd2;
    two_rows_reg    <= rows_reg == 16'd2;
    two_images_reg  <= images_reg == 16'd2;
    first_column_end_reg <= !pool_reg && one_column_reg;
    first_row_end_reg    <= !pool_reg && one_column_reg && one_row_reg;
    first_last_reg       <= !pool_reg && one_column_reg && one_row_reg && one_image_reg;
end

// ---- ends: of this position in registers, and for the next one whether a count is two, which will be one
reg [15:0] column_left_reg, row_left_reg, image_left_reg;
reg [1:0]  member_reg;              // of the pooling window
reg        window_end_reg, column_last_reg, row_last_reg, image_last_reg;
reg        column_two_reg, row_two_reg, image_two_reg;
reg        column_end_reg, row_end_reg;
reg        below_reg;               // the next position is in the row below, of windows or of the window
reg        down_reg, up_reg;        // the next position is in the window's second row; back in the first one of the next

wire next_window_end  = !pool_reg || member_reg == 2'd2;
wire next_column_last = !window_end_reg ? column_last_reg : column_last_reg ? one_column_reg : column_two_reg;
wire next_row_last    = !column_end_reg ? row_last_reg : row_last_reg ? one_row_reg : row_two_reg;
wire next_image_last  = row_end_reg ? image_two_reg : image_last_reg;

always @(posedge clk) begin
    if (take) begin
        valid           <= 1'b1;
        first           <= 1'b1;
        member_reg      <= 2'd0;
        down_reg        <= 1'b0;
        up_reg          <= 1'b0;
        window_end_reg  <= !pool_reg;
        column_left_reg <= columns_reg;
        row_left_reg    <= rows_reg;
        image_left_reg  <= images_reg;
        column_last_reg <= one_column_reg;
        row_last_reg    <= one_row_reg;
        image_last_reg  <= one_image_reg;
        column_two_reg  <= two_columns_reg;
        row_two_reg     <= two_rows_reg;
        image_two_reg   <= two_images_reg;
        column_end_reg  <= first_column_end_reg;
        below_reg       <= first_column_end_reg;
        row_end_reg     <= first_row_end_reg;
        last            <= first_last_reg;
    end else if (advance) begin
        valid           <= !last;
        first           <= 1'b0;
        member_reg      <= member_reg + {1'b0, pool_reg};
        down_reg        <= pool_reg && member_reg == 2'd0;
        up_reg          <= pool_reg && member_reg == 2'd2;
        window_end_reg  <= next_window_end;
        column_last_reg <= next_column_last;
        row_last_reg    <= next_row_last;
        image_last_reg  <= next_image_last;
        column_end_reg  <= next_window_end && next_column_last;
        below_reg       <= (next_window_end && next_column_last) || (pool_reg && member_reg == 2'd0);
        row_end_reg     <= next_window_end && next_column_last && next_row_last;
        last            <= next_window_end && next_column_last && next_row_last && next_image_last;
        if (window_end_reg) begin
            column_left_reg <= column_last_reg ? columns_reg : column_left_reg - 16'd1;
            column_two_reg  <= column_last_reg ? two_columns_reg : column_left_reg == 16'd3;
        end
        if (column_end_reg) begin
            row_left_reg <= row_last_reg ? rows_reg : row_left_reg - 16'd1;
            row_two_reg  <= row_last_reg ? two_rows_reg : row_left_reg == 16'd3;
        end
        if (row_end_reg) begin
            image_left_reg <= image_left_reg - 16'd1;
            image_two_reg  <= image_left_reg == 16'd3;
        end
    end
    if (rst) valid <= 1'b0;
end

// ---- places
reg [23:0]        next_row_reg, next_image_reg;     // addresses of the next row's and image's first position
reg [23:0]        pass_row_reg, pass_image_reg;     // the same of the pass that comes
reg [COORD_W-1:0] x0_reg, y0_reg, x_reg, y_reg;

// What is added to x, to y, to the address of the next position in the row of windows
wire [2:0]  back      = {1'b1, 1'b1, !stride_2_reg};           // -step
wire [2:0]  step_x    = down_reg ? back : {1'b0, step};
wire [2:0]  step_y    = below_reg ? {1'b0, step} : up_reg ? back : 3'd0;
wire [17:0] step_addr = down_reg ? down_step_reg : up_reg ? up_step_reg : {16'd0, step};
wire [23:0] row_base  = row_end_reg ? next_image_reg : next_row_reg;

always @(posedge clk) begin
    pass_row_reg   <= pass_addr + {6'd0, row_pitch_reg};
    pass_image_reg <= pass_addr + image_stride_reg;
    if (take || (advance && column_end_reg)) next_row_reg <= take ? pass_row_reg : row_base + {6'd0, row_pitch_reg};
    if (take || (advance && row_end_reg)) next_image_reg <= take ? pass_image_reg : next_image_reg + image_stride_reg;
    if (take) begin
        {x0_reg, x_reg} <= {2{pass_x}};
        {y0_reg, y_reg} <= {2{pass_y}};
        act_addr        <= pass_addr;
        acc_addr        <= pass_acc_addr;
    end else if (advance) begin
        acc_addr <= acc_addr + 1'b1;
        x_reg    <= column_end_reg ? x0_reg : x_reg + {{COORD_W-3{step_x[2]}}, step_x};
        y_reg    <= row_end_reg ? y0_reg : y_reg + {{COORD_W-3{step_y[2]}}, step_y};
        act_addr <= row_end_reg ? next_image_reg : column_end_reg ? next_row_reg : act_addr + {{6{step_addr[17]}}, step_addr};
    end
end

// Coordinates before the map's first row and column appear as large numbers.
assign in_map = x_reg < {{COORD_W-16{1'b0}}, in_w_reg} && y_reg < {{COORD_W-16{1'b0}}, in_h_reg};

endmodule

`resetall
