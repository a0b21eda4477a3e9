`resetall
`default_nettype none

/*
 * One step of the CRC-32 of IEEE 802.3 (zlib.crc32) over a 64-bit beat, least significant byte first, combinational.
 *
 * crc_in and crc_out are the shift register without the final inversion: start with all ones, invert at the end.
 */
module crc32 (
    input  wire [31:0] crc_in,
    input  wire [63:0] data,
    output reg  [31:0] crc_out
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
wire [96*32-1:0] terms;

genvar i;
generate
    for (i = 0; i < 96; i = i + 1) begin : g_term
        localparam [31:0] RESPONSE = response(i);
        assign terms[i*32 +: 32] = in[i] ? RESPONSE : 32'd0;
    end
endgenerate

integer k;
always @* begin
    crc_out = 32'd0;
    for (k = 0; k < 96; k = k + 1) crc_out = crc_out ^ terms[k*32 +: 32];
end

endmodule

`resetall
