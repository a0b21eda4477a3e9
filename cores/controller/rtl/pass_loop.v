`resetall
`default_nettype none

/*
 * The outer loops of a CONV command, a pass ahead of the positions: oc tile, ic tile, kernel row, kernel column.
 *
 * The outputs belong to the next pass: two cycles after `start` valid says so, and from the third cycle after a take on settled says
 * that they are right again, and so are the flags that others change upon a take; act_addr and acc_addr come a
 * cycle later, in time for the next take. needed_ok: tiles_done had reached what the pass needs a cycle ago. raise belongs to the
 * first pass of input tile raise_from and, with raise_each, of those after it: counted down anew for each output tile.
 */
module pass_loop #(
    // Width of a coordinate
    parameter COORD_W = 18,
    // Accumulators in a column
    parameter ACC_DEPTH = 1024,
    // Width of a descriptor (derived)
    parameter CFG_W = 64*7,
    // Width of an accumulator address (derived)
    parameter ACC_ADDR_W = $clog2(ACC_DEPTH)
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire                  start,         // a command's descriptor is taken
    input  wire [CFG_W-1:0]      cfg_data,
    input  wire                  take,          // the pass is taken
    input  wire [23:0]           tiles_done,
    output reg                   valid,
    output wire                  settled,
    output reg                   needed_ok,
    output reg  [23:0]           act_addr,      // of its first position
    output reg  [COORD_W-1:0]    y,
    output reg  [COORD_W-1:0]    x,
    output reg  [ACC_ADDR_W:0]   acc_addr,      // of its first position; the top bit: beyond the accumulators
    output reg                   first,         // of its oc tile
    output reg                   last,          // of its oc tile
    output reg                   command_last,
    output reg                   raise          // the stored sums count 16-fold
);

`include "program_format.vh"

// A base and a stride below 2^16: one beyond the accumulators is an error before the next is asked for
localparam PLACE_W = 18;

// ---- the command
wire [23:0] cfg_act_base = cfg_data[64*CONV_ACT_BASE_BEAT + CONV_ACT_BASE_LOW +: 24];
wire [15:0] cfg_origin_y = cfg_data[64*CONV_ORIGIN_Y_BEAT + CONV_ORIGIN_Y_LOW +: 16];
wire [15:0] cfg_origin_x = cfg_data[64*CONV_ORIGIN_X_BEAT + CONV_ORIGIN_X_LOW +: 16];
wire [2:0]  cfg_kernel_h = cfg_data[64*CONV_KERNEL_H_BEAT + CONV_KERNEL_H_LOW +: 3];
wire [2:0]  cfg_kernel_w = cfg_data[64*CONV_KERNEL_W_BEAT + CONV_KERNEL_W_LOW +: 3];
wire [15:0] cfg_ic_tiles = cfg_data[64*CONV_IC_TILES_BEAT + CONV_IC_TILES_LOW +: 16];
wire [23:0] cfg_after    = cfg_data[64*CONV_AFTER_BEAT + CONV_AFTER_LOW +: 24];
wire [15:0] cfg_acc_base = cfg_data[64*CONV_ACC_BASE_BEAT + CONV_ACC_BASE_LOW +: 16];
wire [15:0] cfg_raise    = cfg_data[64*CONV_RAISE_FROM_BEAT + CONV_RAISE_FROM_LOW +: 16];

reg [23:0]        tile_stride_reg, oc_stride_reg, after_reg;
reg [COORD_W-1:0] origin_y_reg, origin_x_reg;
reg [15:0]        in_w_reg, ic_tiles_reg, acc_stride_reg, raise_from_reg;
reg [2:0]         kernel_h_reg, kernel_w_reg;
reg               raise_each_reg, one_each_reg;

always @(posedge clk) if (start) begin
    tile_stride_reg <= cfg_data[64*CONV_ACT_TILE_STRIDE_BEAT + CONV_ACT_TILE_STRIDE_LOW +: 24];
    oc_stride_reg   <= cfg_data[64*CONV_ACT_OC_STRIDE_BEAT + CONV_ACT_OC_STRIDE_LOW +: 24];
    after_reg       <= cfg_after;
    origin_y_reg    <= {{COORD_W-16{cfg_origin_y[15]}}, cfg_origin_y};
    origin_x_reg    <= {{COORD_W-16{cfg_origin_x[15]}}, cfg_origin_x};
    in_w_reg        <= cfg_data[64*CONV_IN_W_BEAT + CONV_IN_W_LOW +: 16];
    ic_tiles_reg    <= cfg_ic_tiles;
    acc_stride_reg  <= cfg_data[64*CONV_ACC_TILE_STRIDE_BEAT + CONV_ACC_TILE_STRIDE_LOW +: 16];
    kernel_h_reg    <= cfg_kernel_h;
    kernel_w_reg    <= cfg_kernel_w;
    raise_from_reg  <= cfg_raise;
    raise_each_reg  <= cfg_data[64*CONV_RAISE_EACH_BEAT + CONV_RAISE_EACH_LOW];
    one_each_reg    <= cfg_data[64*CONV_STEP_BEAT + CONV_STEP_LOW];
end

// ---- what the pass after this one differs in: in registers before it is asked for
reg [15:0]        oc_left_reg, ic_left_reg;
reg [2:0]         ky_left_reg, kx_left_reg;
reg               kx_end_reg, ky_end_reg, ic_end_reg, oc_end_reg;    // all inner loops end too
reg [23:0]        needed_reg, next_needed_reg;
reg [23:0]        oc_addr_reg, tile_addr_reg;       // of the present output and input tile's first position
reg [23:0]        next_oc_addr_reg, next_tile_addr_reg, next_addr_reg;
reg [15:0]        raise_left_reg;                   // input tiles until the one that raises
reg               tile_first_reg, raise_stays_reg;  // the input tile's first pass; the next tile raises as this one does
reg [PLACE_W-1:0] place_reg;

wire kx_end = kx_left_reg == 3'd1;
wire ky_end = kx_end && ky_left_reg == 3'd1;
wire ic_end = ky_end && ic_left_reg == 16'd1;
wire oc_end = ic_end && oc_left_reg == 16'd1;

// From a kernel row's last tap to the first of the next one
wire [3:0] back = 4'd1 - {1'b0, kernel_w_reg};
reg [16:0] row_jump_reg;

always @(posedge clk) begin
    kx_end_reg         <= kx_end;
    ky_end_reg         <= ky_end;
    ic_end_reg         <= ic_end;
    oc_end_reg         <= oc_end;
    last               <= ic_end;
    command_last       <= oc_end;
    next_oc_addr_reg   <= oc_addr_reg + oc_stride_reg;
    next_tile_addr_reg <= ic_end ? next_oc_addr_reg : tile_addr_reg + tile_stride_reg;
    row_jump_reg       <= {1'b0, in_w_reg} + {{13{back[3]}}, back};
    next_addr_reg      <= act_addr + (kx_end ? {{7{row_jump_reg[16]}}, row_jump_reg} : 24'd1);
    next_needed_reg    <= ic_end ? after_reg : needed_reg + {23'd0, one_each_reg};
    raise              <= tile_first_reg && raise_left_reg == 16'd0;
    raise_stays_reg    <= raise_each_reg && raise_left_reg == 16'd0;
    needed_ok          <= tiles_done >= needed_reg;
    acc_addr           <= {{32-PLACE_W{1'b0}}, place_reg} < ACC_DEPTH ? {1'b0, place_reg[ACC_ADDR_W-1:0]} : {1'b1, {ACC_ADDR_W{1'b0}}};
end

// ---- the pass
reg start_reg, step_reg;        // step_reg: a cycle after a take, which so decides little at once

always @(posedge clk) begin
    start_reg <= start;
    step_reg  <= take;
    if (start_reg) valid <= 1'b1;
    if (take) valid <= !oc_end_reg;
    if (start) begin
        act_addr       <= cfg_act_base;
        oc_addr_reg    <= cfg_act_base;
        tile_addr_reg  <= cfg_act_base;
        y              <= {{COORD_W-16{cfg_origin_y[15]}}, cfg_origin_y};
        x              <= {{COORD_W-16{cfg_origin_x[15]}}, cfg_origin_x};
        oc_left_reg    <= cfg_data[64*CONV_OC_TILES_BEAT + CONV_OC_TILES_LOW +: 16];
        ic_left_reg    <= cfg_ic_tiles;
        ky_left_reg    <= cfg_kernel_h;
        kx_left_reg    <= cfg_kernel_w;
        first          <= 1'b1;
        tile_first_reg <= 1'b1;
        raise_left_reg <= cfg_raise;
        needed_reg     <= cfg_after;
        place_reg      <= {{PLACE_W-16{1'b0}}, cfg_acc_base};
    end else if (step_reg) begin
        first          <= ic_end_reg;
        tile_first_reg <= ky_end_reg;
        kx_left_reg    <= kx_end_reg ? kernel_w_reg : kx_left_reg - 3'd1;
        x              <= kx_end_reg ? origin_x_reg : x + 1'b1;
        act_addr       <= ky_end_reg ? next_tile_addr_reg : next_addr_reg;
        if (kx_end_reg) begin
            ky_left_reg <= ky_end_reg ? kernel_h_reg : ky_left_reg - 3'd1;
            y           <= ky_end_reg ? origin_y_reg : y + 1'b1;
        end
        if (ky_end_reg) begin
            ic_left_reg    <= ic_end_reg ? ic_tiles_reg : ic_left_reg - 16'd1;
            tile_addr_reg  <= next_tile_addr_reg;
            raise_left_reg <= ic_end_reg ? raise_from_reg : raise_left_reg - {15'd0, !raise_stays_reg};
            needed_reg     <= next_needed_reg;
        end
        if (ic_end_reg) begin
            oc_left_reg <= oc_left_reg - 16'd1;
            oc_addr_reg <= next_oc_addr_reg;
            place_reg   <= place_reg + {{PLACE_W-16{1'b0}}, acc_stride_reg};
        end
    end
    if (rst) begin
        start_reg <= 1'b0;
        step_reg  <= 1'b0;
        valid     <= 1'b0;
    end
end

reg [1:0] settling_reg;

assign settled = settling_reg[1];

always @(posedge clk) begin
    settling_reg <= {settling_reg[0] || settling_reg[1], 1'b1};
    if (take) settling_reg <= 2'b00;
end

endmodule

`resetall
