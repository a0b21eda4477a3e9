`resetall
`default_nettype none

/*
 * Loop nest and address generator of one CONV command: oc tile, ic tile, kernel row, kernel column, image, oy, ox, from the
 * outermost to the innermost. It issues one output position a cycle, without a gap between passes.
 *
 * A pass (one oc tile, ic tile, kernel tap) starts when its weights are in the shadow registers; a position of an oc tile's
 * last pass needs space for its result. All addresses grow by additions: no multiplier.
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
    // Descriptor of a CONV command, already checked field by field
    input  wire                  cfg_valid,
    output wire                  cfg_ready,
    input  wire [15:0]           cfg_in_h,
    input  wire [15:0]           cfg_in_w,
    input  wire [15:0]           cfg_out_h,
    input  wire [15:0]           cfg_out_w,
    input  wire [15:0]           cfg_ic_tiles,
    input  wire [15:0]           cfg_oc_tiles,
    input  wire [15:0]           cfg_images,
    input  wire [2:0]            cfg_kernel_h,
    input  wire [2:0]            cfg_kernel_w,
    input  wire                  cfg_stride_2,
    input  wire [1:0]            cfg_padding,
    input  wire [31:0]           cfg_act_base,
    input  wire [31:0]           cfg_tile_stride,
    input  wire [31:0]           cfg_image_stride,
    input  wire                  cfg_relu,
    // Weight tiles
    input  wire                  tile_ready,
    input  wire                  tile_last,
    output wire                  tile_take,
    // Space for results
    input  wire                  result_space,
    output wire                  result_reserve,
    // Issued position
    output reg                   issue_valid,
    output reg                   issue_swap,
    output reg                   issue_zero,
    output reg  [ACT_ADDR_W-1:0] issue_act_addr,
    output reg                   issue_first,
    output reg                   issue_last,
    output reg                   issue_relu,
    output reg                   issue_final,
    output reg  [ACC_ADDR_W-1:0] issue_acc_addr,
    // State
    output wire                  stall_weights,
    output wire                  stall_output,
    output reg                   error_act_overflow,
    output reg                   error_acc_overflow,
    output reg                   error_weights_short,
    output reg                   error_weights_long
);

// Coordinates inside the map; negative ones appear as large unsigned numbers.
localparam COORD_W = 18;

// ---- the CONV command in work
reg                busy_reg;
reg [15:0]         in_h_reg, in_w_reg, out_h_reg, out_w_reg, ic_tiles_reg, images_reg;
reg [2:0]          kernel_h_reg, kernel_w_reg;
reg                stride_2_reg;
reg [1:0]          padding_reg;
reg [31:0]         act_base_reg, tile_stride_reg, image_stride_reg;
reg                relu_reg;

assign cfg_ready = !busy_reg;
wire accept = cfg_valid && cfg_ready;

wire [17:0]        padding_rows = (padding_reg[0] ? {2'b0, in_w_reg} : 18'd0) + (padding_reg[1] ? {1'b0, in_w_reg, 1'b0} : 18'd0);
wire [31:0]        padding_offset = {14'd0, padding_rows} + {30'd0, padding_reg};
wire [COORD_W-1:0] origin = -{16'd0, padding_reg};
wire [31:0]        row_step = stride_2_reg ? {15'd0, in_w_reg, 1'b0} : {16'd0, in_w_reg};
wire [1:0]         step = stride_2_reg ? 2'd2 : 2'd1;

// ---- passes: the next one is prepared while the positions of the current one go out
reg                pass_start_reg;   // the registers below hold a new CONV command's first pass once computed
reg                pass_valid_reg;
reg [31:0]         pass_addr_reg;
reg [31:0]         tile_addr_reg;
reg [COORD_W-1:0]  pass_y_reg, pass_x_reg;
reg [15:0]         oc_left_reg, ic_left_reg;
reg [2:0]          ky_left_reg, kx_left_reg;
reg                first_reg;

wire kx_end = kx_left_reg == 3'd1;
wire ky_end = kx_end && ky_left_reg == 3'd1;
wire ic_end = ky_end && ic_left_reg == 16'd1;
wire oc_end = ic_end && oc_left_reg == 16'd1;

wire pass_take;
wire last_issued;

always @(posedge clk) begin
    if (accept) begin
        busy_reg         <= 1'b1;
        in_h_reg         <= cfg_in_h;
        in_w_reg         <= cfg_in_w;
        out_h_reg        <= cfg_out_h;
        out_w_reg        <= cfg_out_w;
        ic_tiles_reg     <= cfg_ic_tiles;
        images_reg       <= cfg_images;
        kernel_h_reg     <= cfg_kernel_h;
        kernel_w_reg     <= cfg_kernel_w;
        stride_2_reg     <= cfg_stride_2;
        padding_reg      <= cfg_padding;
        act_base_reg     <= cfg_act_base;
        tile_stride_reg  <= cfg_tile_stride;
        image_stride_reg <= cfg_image_stride;
        relu_reg         <= cfg_relu;
        oc_left_reg      <= cfg_oc_tiles;
    end
    if (last_issued) busy_reg <= 1'b0;
    pass_start_reg <= accept;
    if (pass_start_reg) begin
        pass_valid_reg <= 1'b1;
        tile_addr_reg  <= act_base_reg;
        pass_addr_reg  <= act_base_reg - padding_offset;
        pass_y_reg     <= origin;
        pass_x_reg     <= origin;
        ic_left_reg    <= ic_tiles_reg;
        ky_left_reg    <= kernel_h_reg;
        kx_left_reg    <= kernel_w_reg;
        first_reg      <= 1'b1;
    end else if (pass_take) begin
        pass_valid_reg <= !oc_end;
        first_reg      <= ic_end;
        if (!kx_end) begin
            kx_left_reg   <= kx_left_reg - 3'd1;
            pass_x_reg    <= pass_x_reg + 1'b1;
            pass_addr_reg <= pass_addr_reg + 32'd1;
        end else begin
            kx_left_reg <= kernel_w_reg;
            pass_x_reg  <= origin;
            if (!ky_end) begin
                ky_left_reg   <= ky_left_reg - 3'd1;
                pass_y_reg    <= pass_y_reg + 1'b1;
                pass_addr_reg <= pass_addr_reg + {16'd0, in_w_reg} - {29'd0, kernel_w_reg} + 32'd1;
            end else begin
                ky_left_reg <= kernel_h_reg;
                pass_y_reg  <= origin;
                ic_left_reg <= ic_end ? ic_tiles_reg : ic_left_reg - 16'd1;
                if (ic_end) oc_left_reg <= oc_left_reg - 16'd1;
                tile_addr_reg <= ic_end ? act_base_reg : tile_addr_reg + tile_stride_reg;
                pass_addr_reg <= (ic_end ? act_base_reg : tile_addr_reg + tile_stride_reg) - padding_offset;
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
reg                  pass_first_reg, pass_last_reg, pass_final_reg;
reg [COORD_W-1:0]    x0_reg, y0_reg, x_reg, y_reg;
reg [31:0]           addr_reg, row_addr_reg, image_addr_reg;
reg [15:0]           ox_left_reg, oy_left_reg, image_left_reg;
reg [ACC_ADDR_W:0]   acc_addr_reg;

wire weights_ok = !start_reg || tile_ready;
wire space_ok   = !pass_last_reg || result_space;
wire issue      = position_valid_reg && weights_ok && space_ok;

wire ox_end    = ox_left_reg == 16'd1;
wire oy_end    = ox_end && oy_left_reg == 16'd1;
wire image_end = oy_end && image_left_reg == 16'd1;

assign tile_take      = issue && start_reg;
assign result_reserve = issue && pass_last_reg;
assign pass_take      = pass_valid_reg && (!position_valid_reg || (issue && image_end));
assign last_issued    = issue && image_end && pass_final_reg;
assign stall_weights  = position_valid_reg && !weights_ok;
assign stall_output   = position_valid_reg && weights_ok && !space_ok;

wire [31:0] next_row_addr   = row_addr_reg + row_step;
wire [31:0] next_image_addr = image_addr_reg + image_stride_reg;

always @(posedge clk) begin
    if (pass_take) begin
        position_valid_reg <= 1'b1;
        start_reg          <= 1'b1;
        pass_first_reg     <= first_reg;
        pass_last_reg      <= ic_end;
        pass_final_reg     <= oc_end;
        {x0_reg, x_reg}    <= {2{pass_x_reg}};
        {y0_reg, y_reg}    <= {2{pass_y_reg}};
        addr_reg           <= pass_addr_reg;
        row_addr_reg       <= pass_addr_reg;
        image_addr_reg     <= pass_addr_reg;
        ox_left_reg        <= out_w_reg;
        oy_left_reg        <= out_h_reg;
        image_left_reg     <= images_reg;
        acc_addr_reg       <= {ACC_ADDR_W+1{1'b0}};
    end else if (issue) begin
        position_valid_reg <= !image_end;
        start_reg          <= 1'b0;
        acc_addr_reg       <= acc_addr_reg + {{ACC_ADDR_W{1'b0}}, !acc_addr_reg[ACC_ADDR_W]};
        if (!ox_end) begin
            ox_left_reg <= ox_left_reg - 16'd1;
            x_reg       <= x_reg + {16'd0, step};
            addr_reg    <= addr_reg + {30'd0, step};
        end else begin
            ox_left_reg <= out_w_reg;
            x_reg       <= x0_reg;
            if (!oy_end) begin
                oy_left_reg  <= oy_left_reg - 16'd1;
                y_reg        <= y_reg + {16'd0, step};
                addr_reg     <= next_row_addr;
                row_addr_reg <= next_row_addr;
            end else begin
                oy_left_reg    <= out_h_reg;
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
    issue_valid    <= issue && !rst;
    issue_swap     <= tile_take && !rst;
    issue_zero     <= !in_map;
    issue_act_addr <= addr_reg[ACT_ADDR_W-1:0];
    issue_first    <= pass_first_reg;
    issue_last     <= pass_last_reg;
    issue_relu     <= relu_reg;
    issue_final    <= last_issued;
    issue_acc_addr <= acc_addr_reg[ACC_ADDR_W-1:0];

    error_act_overflow  <= !rst && issue && in_map && addr_reg >= ACT_DEPTH;
    error_acc_overflow  <= !rst && issue && acc_addr_reg >= ACC_DEPTH;
    error_weights_short <= !rst && tile_take && tile_last && !pass_final_reg;
    error_weights_long  <= !rst && tile_take && !tile_last && pass_final_reg;
end

endmodule

`resetall
