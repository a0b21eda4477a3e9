`resetall
`default_nettype none

/*
 * Whether a CONV descriptor's fields have values that the sequencer may work with; combinational.
 *
 * Addresses and sizes against memories are checked where they are used.
 */
module descriptor_check #(
    // Bits of a descriptor (derived)
    parameter CFG_W = 64*7
) (
    input  wire [CFG_W-1:0] descriptor,     // its beats, the first lowest
    output wire             ok
);

`include "program_format.vh"

generate
    if (CFG_W != 64*CONV_BEATS) begin : g_check_width
        ERROR_descriptor_check_CFG_W_must_hold_a_descriptor error();
    end
endgenerate

wire [15:0] in_h         = descriptor[64*CONV_IN_H_BEAT + CONV_IN_H_LOW +: 16];
wire [15:0] in_w         = descriptor[64*CONV_IN_W_BEAT + CONV_IN_W_LOW +: 16];
wire [15:0] out_h        = descriptor[64*CONV_OUT_H_BEAT + CONV_OUT_H_LOW +: 16];
wire [15:0] out_w        = descriptor[64*CONV_OUT_W_BEAT + CONV_OUT_W_LOW +: 16];
wire [15:0] ic_tiles     = descriptor[64*CONV_IC_TILES_BEAT + CONV_IC_TILES_LOW +: 16];
wire [15:0] oc_tiles     = descriptor[64*CONV_OC_TILES_BEAT + CONV_OC_TILES_LOW +: 16];
wire [15:0] images       = descriptor[64*CONV_IMAGES_BEAT + CONV_IMAGES_LOW +: 16];
wire [3:0]  kernel_h     = descriptor[64*CONV_KERNEL_H_BEAT + CONV_KERNEL_H_LOW +: 4];
wire [3:0]  kernel_w     = descriptor[64*CONV_KERNEL_W_BEAT + CONV_KERNEL_W_LOW +: 4];
wire [1:0]  stride       = descriptor[64*CONV_STRIDE_BEAT + CONV_STRIDE_LOW +: 2];
wire [1:0]  mode         = descriptor[64*CONV_MODE_BEAT + CONV_MODE_LOW +: 2];
wire        pool         = descriptor[64*CONV_POOL_BEAT + CONV_POOL_LOW];
wire        resume       = descriptor[64*CONV_RESUME_BEAT + CONV_RESUME_LOW];
wire        hold         = descriptor[64*CONV_HOLD_BEAT + CONV_HOLD_LOW];
wire [1:0]  dilation     = descriptor[64*CONV_DILATION_BEAT + CONV_DILATION_LOW +: 2];
wire        upsample     = descriptor[64*CONV_UPSAMPLE_BEAT + CONV_UPSAMPLE_LOW];
wire [1:0]  pool_window  = descriptor[64*CONV_POOL_WINDOW_BEAT + CONV_POOL_WINDOW_LOW +: 2];
wire        pool_padding = descriptor[64*CONV_POOL_PADDING_BEAT + CONV_POOL_PADDING_LOW];

wire counts_ok   = in_h != 0 && in_w != 0 && out_h != 0 && out_w != 0 && ic_tiles != 0 && oc_tiles != 0 && images != 0;
wire kernel_ok   = kernel_h[2:0] != 0 && kernel_w[2:0] != 0 && !kernel_h[3] && !kernel_w[3];
wire stride_ok   = stride == 2'd1 || stride == 2'd2;
wire pool_ok     = !pool || ((mode == MODE_CODES || hold) && !out_h[0] && !out_w[0]);
wire sums_ok     = (!hold || mode == MODE_RAW) && (!resume || mode != MODE_READ);
wire reserved_ok = (descriptor[64*1 +: 64] & CONV_1_RESERVED) == 64'd0 && (descriptor[64*6 +: 64] & CONV_6_RESERVED) == 64'd0;
wire built_ok    = dilation == CONV_DILATION && upsample == CONV_UPSAMPLE && pool_window == CONV_POOL_WINDOW &&
                   pool_padding == CONV_POOL_PADDING;

assign ok = counts_ok && kernel_ok && stride_ok && pool_ok && sums_ok && reserved_ok && built_ok;

// the fields that any value is allowed in
wire unused_ok = &{1'b0, descriptor};

endmodule

`resetall
