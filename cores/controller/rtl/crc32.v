`resetall
`default_nettype none

/*
 * One step of the CRC-32 of IEEE 802.3 (zlib.crc32) over a 64-bit beat, least significant byte first, combinational.
 *
 * crc_in and crc_out are the shift register without the final inversion: start with all ones, invert at the end. Without
 * enable crc_out is crc_in.
 */
module crc32 (
    input  wire        enable,
    input  wire [31:0] crc_in,
    input  wire [63:0] data,
    output wire [31:0] crc_out
);

localparam [31:0] POLYNOMIAL = 32'hEDB88320;

// The register after 64 zero bits when bit `index` of {data, crc_in} alone is set; the CRC is linear in these bits.
function [31:0] response(input integer index);
    integer n;
    reg [31:0] state;
    begin
        state = index < 32 ? 32'd1 << index : 32'd0;
        for (n = 0; n < 64; n = n + 1) begin
            if (index >= 32 && n == index - 32) state = state ^ 32'd1;
            state = state[0] ? (state >> 1) ^ POLYNOMIAL : state >> 1;
        end
        response = state;
    end
endfunction

wire [95:0]      in = {data, crc_in};
wire [32*96-1:0] masks;         // of output bit o, at o*96: the input bits that it is the parity of

genvar i, o;
generate
    for (i = 0; i < 96; i = i + 1) begin : g_in
        localparam [31:0] RESPONSE = response(i);
        for (o = 0; o < 32; o = o + 1) begin : g_mask
            assign masks[o*96 + i] = RESPONSE[o];
        end
    end
    for (o = 0; o < 32; o = o + 1) begin : g_out
        assign crc_out[o] = enable ? ^(in & masks[o*96 +: 96]) : crc_in[o];
    end
endgenerate

endmodule

`resetall
