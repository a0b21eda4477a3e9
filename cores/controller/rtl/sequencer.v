`resetall
`default_nettype none

/*
 * Loop nest and address generator of one CONV command: oc tile, ic tile, kernel row, kernel column, image, output row, output
 * column, from the outermost to the innermost. It issues one output position a cycle, without a gap between passes. With
 * pooling, the four members of a 2x2 window follow each other, window by window.
 *
 * A pass (one oc tile, ic tile, kernel tap) starts when its weights are in the shadow registers and the activations that it
 * reads are written (tiles_done has reached `after`, counted on by one each ic tile where asked); an oc tile's last pass waits
 * for its thresholds, or each of its positions for space for its result. With hold, sums stay in the accumulators instead, and
 * a command with resume goes on with them. Mode READ walks the same loops without weights and reads activations only, once no
 * raw result is on its way. All addresses grow by additions: no multiplier.
 */
module sequencer #(
    // Words of the activation memory
    parameter ACT_DEPTH = 8192,
    // Accumulators in a column
    parameter ACC_DEPTH = 1024,
    // Width of an activation address (derived)
    parameter ACT_ADDR_W = $clog2(ACT_DEPTH),
    // Width of an accumulator address (derived)
    parameter ACC_ADDR_W = $clog2(ACC_DEPTH)
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire                  clear,             // a program begins: convs_issued starts at 0
    // Descriptor of a CONV command, already checked field by field
    input  wire                  cfg_valid,
    output wire                  cfg_ready,
    input  wire [64*7-1:0]       cfg_data,          // its beats, the first lowest
    // Weight tiles
    input  wire                  tile_ready,
    input  wire                  tile_last,
    output wire                  tile_take,
    // Output tiles written to the activation memory
    input  wire [31:0]           tiles_done,
    // Threshold sets
    input  wire                  set_ready,
    output wire                  set_take,
    // Space for results: raw ones, and words read back
    input  wire                  result_space,
    input  wire                  result_empty,
    output wire                  result_reserve,
    input  wire                  read_space,
    output wire                  read_reserve,
    // Issued position
    output reg                   issue_valid,
    output reg                   issue_read,
    output reg                   issue_swap,
    output reg                   issue_zero,
    output reg  [ACT_ADDR_W-1:0] issue_act_addr,
    output reg                   issue_first,
    output reg                   issue_last,
    output reg                   issue_relu,
    output reg                   issue_codes,
    output reg                   issue_pool,
    output reg                   issue_shift,
    output reg                   issue_final,
    output reg  [ACC_ADDR_W-1:0] issue_acc_addr,
    // State
    output reg  [31:0]           convs_issued,      // CONV commands whose last position has been issued
    output wire                  stall_weights,
    output wire                  stall_activations,
    output wire                  stall_thresholds,
    output wire                  stall_output,
    output reg                   error_act_overflow,
    output reg                   error_acc_overflow,
    output reg                   error_weights_short,
    output reg                   error_weights_long
);

// Coordinates inside the map; negative ones appear as large unsigned numbers.
localparam COORD_W = 18;

// Accumulator addresses before they are checked: a base below 2^17 and a stride
localparam PLACE_W = 18;

`include "program_format.vh"

// ---- fields of the descriptor
wire [15:0] cfg_in_h         = cfg_data[64*CONV_IN_H_BEAT + CONV_IN_H_LOW +: 16];
wire [15:0] cfg_in_w         = cfg_data[64*CONV_IN_W_BEAT + CONV_IN_W_LOW +: 16];
wire [15:0] cfg_out_h        = cfg_data[64*CONV_OUT_H_BEAT + CONV_OUT_H_LOW +: 16];
wire [15:0] cfg_out_w        = cfg_data[64*CONV_OUT_W_BEAT + CONV_OUT_W_LOW +: 16];
wire [15:0] cfg_ic_tiles     = cfg_data[64*CONV_IC_TILES_BEAT + CONV_IC_TILES_LOW +: 16];
wire [15:0] cfg_oc_tiles     = cfg_data[64*CONV_OC_TILES_BEAT + CONV_OC_TILES_LOW +: 16];
wire [15:0] cfg_images       = cfg_data[64*CONV_IMAGES_BEAT + CONV_IMAGES_LOW +: 16];
wire [2:0]  cfg_kernel_h     = cfg_data[64*CONV_KERNEL_H_BEAT + CONV_KERNEL_H_LOW +: 3];
wire [2:0]  cfg_kernel_w     = cfg_data[64*CONV_KERNEL_W_BEAT + CONV_KERNEL_W_LOW +: 3];
wire [15:0] cfg_origin_y     = cfg_data[64*CONV_ORIGIN_Y_BEAT + CONV_ORIGIN_Y_LOW +: 16];
wire [15:0] cfg_origin_x     = cfg_data[64*CONV_ORIGIN_X_BEAT + CONV_ORIGIN_X_LOW +: 16];
wire [31:0] cfg_act_base     = cfg_data[64*CONV_ACT_BASE_BEAT + CONV_ACT_BASE_LOW +: 32];
wire [31:0] cfg_tile_stride  = cfg_data[64*CONV_ACT_TILE_STRIDE_BEAT + CONV_ACT_TILE_STRIDE_LOW +: 32];
wire [31:0] cfg_image_stride = cfg_data[64*CONV_ACT_IMAGE_STRIDE_BEAT + CONV_ACT_IMAGE_STRIDE_LOW +: 32];
wire [15:0] cfg_acc_base     = cfg_data[64*CONV_ACC_BASE_BEAT + CONV_ACC_BASE_LOW +: 16];
wire [15:0] cfg_acc_stride   = cfg_data[64*CONV_ACC_TILE_STRIDE_BEAT + CONV_ACC_TILE_STRIDE_LOW +: 16];
wire [31:0] cfg_after        = cfg_data[64*CONV_AFTER_BEAT + CONV_AFTER_LOW +: 32];
wire [1:0]  cfg_mode         = cfg_data[64*CONV_MODE_BEAT + CONV_MODE_LOW +: 2];
wire        cfg_pool         = cfg_data[64*CONV_POOL_BEAT + CONV_POOL_LOW];
wire        cfg_nibbles      = cfg_data[64*CONV_NIBBLES_BEAT + CONV_NIBBLES_LOW];
wire        cfg_step         = cfg_data[64*CONV_STEP_BEAT + CONV_STEP_LOW];
wire        cfg_resume       = cfg_data[64*CONV_RESUME_BEAT + CONV_RESUME_LOW];
wire        cfg_hold         = cfg_data[64*CONV_HOLD_BEAT + CONV_HOLD_LOW];
wire        cfg_stride_2    = cfg_data[64*CONV_STRIDE_BEAT + CONV_STRIDE_HIGH];

// ---- the CONV command in work
reg                busy_reg;
reg [15:0]         in_h_reg, in_w_reg, rows_reg, columns_reg, ic_tiles_reg, images_reg;
reg [2:0]          kernel_h_reg, kernel_w_reg;
reg                stride_2_reg;
reg [COORD_W-1:0]  origin_y_reg, origin_x_reg;
reg [31:0]         act_base_reg, tile_stride_reg, image_stride_reg, after_reg;
reg [1:0]          mode_reg;
reg                pool_reg, nibbles_reg, step_reg, resume_reg, hold_reg;
reg [15:0]         acc_base_reg, acc_stride_reg;

assign cfg_ready = !busy_reg;
wire accept = cfg_valid && cfg_ready;

wire        codes = mode_reg == MODE_CODES;
wire        read  = mode_reg == MODE_READ;
wire [1:0]  step  = stride_2_reg ? 2'd2 : 2'd1;
wire [31:0] row_step = stride_2_reg ? {15'd0, in_w_reg, 1'b0} : {16'd0, in_w_reg};

// ---- passes: the next one is prepared while the positions of the current one go out
reg                pass_start_reg;   // the registers below hold a new CONV command's first pass once computed
reg                pass_valid_reg;
reg [31:0]         pass_addr_reg;
reg [31:0]         tile_addr_reg;
reg [COORD_W-1:0]  pass_y_reg, pass_x_reg;
reg [15:0]         oc_left_reg, ic_left_reg;
reg [2:0]          ky_left_reg, kx_left_reg;
reg                first_reg;
reg                shift_reg;
reg [31:0]         needed_reg;       // tiles_done that the pass waits for
reg [PLACE_W-1:0]  place_reg;        // first accumulator of the oc tile

wire kx_end = kx_left_reg == 3'd1;
wire ky_end = kx_end && ky_left_reg == 3'd1;
wire ic_end = ky_end && ic_left_reg == 16'd1;
wire oc_end = ic_end && oc_left_reg == 16'd1;

wire pass_take;
wire last_issued;
wire place_ok = {{32-PLACE_W{1'b0}}, place_reg} < ACC_DEPTH;

always @(posedge clk) begin
    if (accept) begin
        busy_reg         <= 1'b1;
        in_h_reg         <= cfg_in_h;
        in_w_reg         <= cfg_in_w;
        rows_reg         <= cfg_pool ? cfg_out_h >> 1 : cfg_out_h;
        columns_reg      <= cfg_pool ? cfg_out_w >> 1 : cfg_out_w;
        ic_tiles_reg     <= cfg_ic_tiles;
        images_reg       <= cfg_images;
        kernel_h_reg     <= cfg_kernel_h;
        kernel_w_reg     <= cfg_kernel_w;
        stride_2_reg     <= cfg_stride_2;
        origin_y_reg     <= {{COORD_W-16{cfg_origin_y[15]}}, cfg_origin_y};
        origin_x_reg     <= {{COORD_W-16{cfg_origin_x[15]}}, cfg_origin_x};
        act_base_reg     <= cfg_act_base;
        tile_stride_reg  <= cfg_tile_stride;
        image_stride_reg <= cfg_image_stride;
        after_reg        <= cfg_after;
        mode_reg         <= cfg_mode;
        pool_reg         <= cfg_pool;
        nibbles_reg      <= cfg_nibbles;
        step_reg         <= cfg_step;
        resume_reg       <= cfg_resume;
        hold_reg         <= cfg_hold;
        acc_base_reg     <= cfg_acc_base;
        acc_stride_reg   <= cfg_acc_stride;
        oc_left_reg      <= cfg_oc_tiles;
    end
    if (last_issued) busy_reg <= 1'b0;
    pass_start_reg <= accept;
    if (pass_start_reg) begin
        pass_valid_reg <= 1'b1;
        tile_addr_reg  <= act_base_reg;
        pass_addr_reg  <= act_base_reg;
        pass_y_reg     <= origin_y_reg;
        pass_x_reg     <= origin_x_reg;
        ic_left_reg    <= ic_tiles_reg;
        ky_left_reg    <= kernel_h_reg;
        kx_left_reg    <= kernel_w_reg;
        first_reg      <= 1'b1;
        shift_reg      <= nibbles_reg;
        needed_reg     <= after_reg;
        place_reg      <= {2'b0, acc_base_reg};
    end else if (pass_take) begin
        pass_valid_reg <= !oc_end;
        first_reg      <= ic_end;
        if (!kx_end) begin
            kx_left_reg   <= kx_left_reg - 3'd1;
            pass_x_reg    <= pass_x_reg + 1'b1;
            pass_addr_reg <= pass_addr_reg + 32'd1;
        end else begin
            kx_left_reg <= kernel_w_reg;
            pass_x_reg  <= origin_x_reg;
            if (!ky_end) begin
                ky_left_reg   <= ky_left_reg - 3'd1;
                pass_y_reg    <= pass_y_reg + 1'b1;
                pass_addr_reg <= pass_addr_reg + {16'd0, in_w_reg} - {29'd0, kernel_w_reg} + 32'd1;
            end else begin
                ky_left_reg   <= kernel_h_reg;
                pass_y_reg    <= origin_y_reg;
                ic_left_reg   <= ic_end ? ic_tiles_reg : ic_left_reg - 16'd1;
                if (ic_end) oc_left_reg <= oc_left_reg - 16'd1;
                tile_addr_reg <= ic_end ? act_base_reg : tile_addr_reg + tile_stride_reg;
                pass_addr_reg <= ic_end ? act_base_reg : tile_addr_reg + tile_stride_reg;
                shift_reg     <= nibbles_reg && (ic_end || !shift_reg);
                needed_reg    <= ic_end ? after_reg : needed_reg + {31'd0, step_reg};
                if (ic_end && place_ok) place_reg <= place_reg + {2'b0, acc_stride_reg};
            end
        end
    end
    if (rst) begin
        busy_reg       <= 1'b0;
        pass_start_reg <= 1'b0;
        pass_valid_reg <= 1'b0;
    end
end

// ---- positions of the current pass
reg                  position_valid_reg;
reg                  start_reg;            // first position of its pass
reg                  pass_first_reg, pass_last_reg, pass_final_reg, pass_shift_reg;
reg [31:0]           pass_needed_reg;
reg [1:0]            member_reg;           // of the pooling window
reg [COORD_W-1:0]    x0_reg, y0_reg, x_reg, y_reg;
reg [31:0]           addr_reg, row_addr_reg, image_addr_reg;
reg [15:0]           column_left_reg, row_left_reg, image_left_reg;
reg [ACC_ADDR_W:0]   acc_addr_reg;

wire        weights_wait = start_reg && !read && !tile_ready;
wire        acts_wait    = start_reg && (tiles_done < pass_needed_reg || (read && !result_empty));
wire        set_wait     = start_reg && pass_last_reg && codes && !set_ready;
wire        space_wait   = read ? !read_space : pass_last_reg && !codes && !result_space;
wire        issue        = position_valid_reg && !weights_wait && !acts_wait && !set_wait && !space_wait;

wire window_end = !pool_reg || member_reg == 2'd3;
wire column_end = window_end && column_left_reg == 16'd1;
wire row_end    = column_end && row_left_reg == 16'd1;
wire image_end  = row_end && image_left_reg == 16'd1;

assign tile_take         = issue && start_reg && !read;
assign set_take          = issue && start_reg && pass_last_reg && codes;
assign result_reserve    = issue && pass_last_reg && !codes && !read;
assign read_reserve      = issue && read;
assign pass_take         = pass_valid_reg && (!position_valid_reg || (issue && image_end));
assign last_issued       = issue && image_end && pass_final_reg;
assign stall_weights     = position_valid_reg && weights_wait;
assign stall_activations = position_valid_reg && !weights_wait && acts_wait;
assign stall_thresholds  = position_valid_reg && !weights_wait && !acts_wait && set_wait;
assign stall_output      = position_valid_reg && !weights_wait && !acts_wait && !set_wait && space_wait;

// The next row of windows begins two map rows further down than the last, and the second row of a window one.
wire [31:0]        row_pitch       = pool_reg ? row_step << 1 : row_step;
wire [31:0]        next_row_addr   = row_addr_reg + row_pitch;
wire [31:0]        next_image_addr = image_addr_reg + image_stride_reg;
wire [COORD_W-1:0] step_x          = {16'd0, step};
wire               down            = pool_reg && member_reg == 2'd1;
wire               up              = pool_reg && member_reg == 2'd3;

always @(posedge clk) begin
    if (pass_take) begin
        position_valid_reg <= 1'b1;
        start_reg          <= 1'b1;
        pass_first_reg     <= first_reg && !resume_reg;
        pass_last_reg      <= ic_end && !hold_reg;
        pass_final_reg     <= oc_end;
        pass_shift_reg     <= shift_reg;
        pass_needed_reg    <= needed_reg;
        member_reg         <= 2'd0;
        {x0_reg, x_reg}    <= {2{pass_x_reg}};
        {y0_reg, y_reg}    <= {2{pass_y_reg}};
        addr_reg           <= pass_addr_reg;
        row_addr_reg       <= pass_addr_reg;
        image_addr_reg     <= pass_addr_reg;
        column_left_reg    <= columns_reg;
        row_left_reg       <= rows_reg;
        image_left_reg     <= images_reg;
        acc_addr_reg       <= place_ok ? {1'b0, place_reg[ACC_ADDR_W-1:0]} : {1'b1, {ACC_ADDR_W{1'b0}}};
    end else if (issue) begin
        position_valid_reg <= !image_end;
        start_reg          <= 1'b0;
        acc_addr_reg       <= acc_addr_reg + {{ACC_ADDR_W{1'b0}}, !acc_addr_reg[ACC_ADDR_W]};
        if (pool_reg) member_reg <= member_reg + 2'd1;
        if (window_end) column_left_reg <= column_end ? columns_reg : column_left_reg - 16'd1;
        if (!column_end) begin
            x_reg    <= down ? x_reg - step_x : x_reg + step_x;
            y_reg    <= down ? y_reg + step_x : up ? y_reg - step_x : y_reg;
            addr_reg <= addr_reg + (down ? row_step - {30'd0, step} : up ? {30'd0, step} - row_step : {30'd0, step});
        end else begin
            x_reg <= x0_reg;
            if (!row_end) begin
                row_left_reg <= row_left_reg - 16'd1;
                y_reg        <= y_reg + step_x;
                addr_reg     <= next_row_addr;
                row_addr_reg <= next_row_addr;
            end else begin
                row_left_reg   <= rows_reg;
                image_left_reg <= image_left_reg - 16'd1;
                y_reg          <= y0_reg;
                addr_reg       <= next_image_addr;
                row_addr_reg   <= next_image_addr;
                image_addr_reg <= next_image_addr;
            end
        end
    end
    if (rst) position_valid_reg <= 1'b0;
end

// ---- issue
wire in_map = x_reg < {2'b0, in_w_reg} && y_reg < {2'b0, in_h_reg};

always @(posedge clk) begin
    issue_valid    <= issue && !read && !rst;
    issue_read     <= issue && read && !rst;
    issue_swap     <= tile_take && !rst;
    issue_final    <= last_issued && !rst;
    issue_zero     <= !in_map;
    issue_act_addr <= addr_reg[ACT_ADDR_W-1:0];
    issue_first    <= pass_first_reg;
    issue_last     <= pass_last_reg;
    issue_relu     <= mode_reg == MODE_RELU;
    issue_codes    <= codes;
    issue_pool     <= pool_reg;
    issue_shift    <= pass_shift_reg;
    issue_acc_addr <= acc_addr_reg[ACC_ADDR_W-1:0];
    convs_issued   <= rst || clear ? 32'd0 : convs_issued + {31'd0, last_issued};

    error_act_overflow  <= !rst && issue && in_map && addr_reg >= ACT_DEPTH;
    error_acc_overflow  <= !rst && issue && !read && {{31-ACC_ADDR_W{1'b0}}, acc_addr_reg} >= ACC_DEPTH;
    error_weights_short <= !rst && tile_take && tile_last && !pass_final_reg;
    error_weights_long  <= !rst && tile_take && !tile_last && pass_final_reg;
end

endmodule

`resetall
