`resetall
`default_nettype none

/*
 * One step of the CRC-32 of IEEE 802.3 (zlib.crc32) over WIDTH bits, least significant byte first, combinational.
 *
 * crc_in and crc_out are the shift register without the final inversion: start with all ones, invert at the end. Without
 * enable crc_out is crc_in. It is linear: what crc_in and data bring about, each with the other 0, are two halves of an exclusive or.
 */
module crc32 #(
    // Bits of data: whole bytes
    parameter WIDTH = 64
) (
    input  wire             enable,
    input  wire [31:0]      crc_in,
    input  wire [WIDTH-1:0] data,
    output wire [31:0]      crc_out
);

localparam [31:0] POLYNOMIAL = 32'hEDB88320;
localparam        IN_W       = 32 + WIDTH;

// The register after WIDTH zero bits when bit `index` of {data, crc_in} alone is set; the CRC is linear in these bits.
function [31:0] response(input integer index);
    integer n;
    reg [31:0] state;
    begin
        state = index < 32 ? 32'd1 << index : 32'd0;
        for (n = 0; n < WIDTH; n = n + 1) begin
            if (index >= 32 && n == index - 32) state = state ^ 32'd1;
            state = state[0] ? (state >> 1) ^ POLYNOMIAL : state >> 1;
        end
        response = state;
    end
endfunction

wire [IN_W-1:0]    in = {data, crc_in};
wire [32*IN_W-1:0] masks;       // of output bit o, at o*IN_W: the input bits that it is the parity of

genvar i, o;
generate
    for (i = 0; i < IN_W; i = i + 1) begin : g_in
        localparam [31:0] RESPONSE = response(i);
        for (o = 0; o < 32; o = o + 1) begin : g_mask
            assign masks[o*IN_W + i] = RESPONSE[o];
        end
    end
    for (o = 0; o < 32; o = o + 1) begin : g_out
        assign crc_out[o] = enable ? ^(in & masks[o*IN_W +: IN_W]) : crc_in[o];
    end
endgenerate

endmodule

`resetall
