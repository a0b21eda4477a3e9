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
    // Width of an accumulator address
    parameter ACC_ADDR_W = 10
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire                  start,         // a command's descriptor is taken: two cycles or more before its first pass
    input  wire [64*7-1:0]       cfg_data,
    input  wire                  take,
    input  wire [31:0]           pass_addr,
    input  wire [COORD_W-1:0]    pass_y,
    input  wire [COORD_W-1:0]    pass_x,
    input  wire [ACC_ADDR_W:0]   pass_acc_addr,
    input  wire                  advance,
    output reg                   valid,
    output wire                  last,          // of the pass
    output reg                   first,         // of the pass
    output reg  [31:0]           act_addr,
    output wire                  in_map,
    output reg  [ACC_ADDR_W:0]   acc_addr       // the top bit: beyond the accumulators, and stays there
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
reg [31:0] image_stride_reg;
reg        one_column_reg, one_row_reg, one_image_reg;

// Words from an input row to that of the next output row
wire [16:0] row_step = stride_2_reg ? {in_w_reg, 1'b0} : {1'b0, in_w_reg};
wire [1:0]  step     = stride_2_reg ? 2'd2 : 2'd1;
reg  [17:0] row_pitch_reg;          // to that of the next row of windows
reg  [17:0] down_reg, up_reg;       // from a window's second member to its third, from its fourth to the next window

always @(posedge clk) begin
    if (start) begin
        in_h_reg         <= cfg_data[64*CONV_IN_H_BEAT + CONV_IN_H_LOW +: 16];
        in_w_reg         <= cfg_in_w;
        rows_reg         <= cfg_pool ? cfg_out_h >> 1 : cfg_out_h;
        columns_reg      <= cfg_pool ? cfg_out_w >> 1 : cfg_out_w;
        images_reg       <= cfg_data[64*CONV_IMAGES_BEAT + CONV_IMAGES_LOW +: 16];
        pool_reg         <= cfg_pool;
        stride_2_reg     <= cfg_stride_2;
        image_stride_reg <= cfg_data[64*CONV_ACT_IMAGE_STRIDE_BEAT + CONV_ACT_IMAGE_STRIDE_LOW +: 32];
    end
    row_pitch_reg  <= pool_reg ? {row_step, 1'b0} : {1'b0, row_step};
    down_reg       <= {1'b0, row_step} - {16'd0, step};
    up_reg         <= {16'd0, step} - {1'b0, row_step};
    one_column_reg <= columns_reg == 16'd1;
    one_row_reg    <= rows_reg == 16'd1;
    one_image_reg  <= images_reg == 16'd1;
end

// ---- ends
reg [15:0] column_left_reg, row_left_reg, image_left_reg;
reg [1:0]  member_reg;              // of the pooling window
reg        window_end_reg, column_last_reg, row_last_reg, image_last_reg;

wire column_end = window_end_reg && column_last_reg;
wire row_end    = column_end && row_last_reg;

assign last = row_end && image_last_reg;

always @(posedge clk) begin
    if (take) begin
        valid           <= 1'b1;
        first           <= 1'b1;
        member_reg      <= 2'd0;
        window_end_reg  <= !pool_reg;
        column_left_reg <= columns_reg;
        row_left_reg    <= rows_reg;
        image_left_reg  <= images_reg;
        column_last_reg <= one_column_reg;
        row_last_reg    <= one_row_reg;
        image_last_reg  <= one_image_reg;
    end else if (advance) begin
        valid <= !last;
        first <= 1'b0;
        if (pool_reg) begin
            member_reg     <= member_reg + 2'd1;
            window_end_reg <= member_reg == 2'd2;
        end
        if (window_end_reg) begin
            column_left_reg <= column_last_reg ? columns_reg : column_left_reg - 16'd1;
            column_last_reg <= column_last_reg ? one_column_reg : column_left_reg == 16'd2;
        end
        if (column_end) begin
            row_left_reg <= row_last_reg ? rows_reg : row_left_reg - 16'd1;
            row_last_reg <= row_last_reg ? one_row_reg : row_left_reg == 16'd2;
        end
        if (row_end) begin
            image_left_reg <= image_left_reg - 16'd1;
            image_last_reg <= image_left_reg == 16'd2;
        end
    end
    if (rst) valid <= 1'b0;
end

// ---- places
reg [31:0]        next_row_reg, next_image_reg;     // addresses of the next row's and image's first position
reg [COORD_W-1:0] x0_reg, y0_reg, x_reg, y_reg;

wire [COORD_W-1:0] step_xy = {{COORD_W-2{1'b0}}, step};
wire               down    = pool_reg && member_reg == 2'd1;
wire               up      = pool_reg && member_reg == 2'd3;
wire [31:0]        row_base = take ? pass_addr : row_end ? next_image_reg : next_row_reg;

always @(posedge clk) begin
    if (take || (advance && column_end)) next_row_reg <= row_base + {14'd0, row_pitch_reg};
    if (take || (advance && row_end)) next_image_reg <= (take ? pass_addr : next_image_reg) + image_stride_reg;
    if (take) begin
        {x0_reg, x_reg} <= {2{pass_x}};
        {y0_reg, y_reg} <= {2{pass_y}};
        act_addr        <= pass_addr;
        acc_addr        <= pass_acc_addr;
    end else if (advance) begin
        acc_addr <= acc_addr + {{ACC_ADDR_W{1'b0}}, !acc_addr[ACC_ADDR_W]};
        x_reg    <= column_end ? x0_reg : down ? x_reg - step_xy : x_reg + step_xy;
        if (row_end) y_reg <= y0_reg;
        else if (column_end || down) y_reg <= y_reg + step_xy;
        else if (up) y_reg <= y_reg - step_xy;
        act_addr <= row_end ? next_image_reg : column_end ? next_row_reg :
                    act_addr + (down ? {{14{down_reg[17]}}, down_reg} : up ? {{14{up_reg[17]}}, up_reg} : {30'd0, step});
    end
end

// Coordinates before the map's first row and column appear as large numbers.
assign in_map = x_reg < {{COORD_W-16{1'b0}}, in_w_reg} && y_reg < {{COORD_W-16{1'b0}}, in_h_reg};

endmodule

`resetall
