`resetall
`default_nettype none

/*
 * CRC-32 of IEEE 802.3 (zlib.crc32) over stream words of 128 bits, least significant byte first, a word a cycle.
 *
 * The CRC is linear: what a word brings to it is a register, a cycle behind the word, and joins the CRC, a cycle behind that. So crc counts
 * a word from the second cycle after `enable` on. It is the shift register without the final inversion; clear sets it to all ones.
 */
module result_crc (
    input  wire         clk,
    input  wire         clear,
    input  wire         enable,
    input  wire [127:0] data,
    output reg  [31:0]  crc
);

localparam [31:0] POLYNOMIAL = 32'hEDB88320;

// The register after 128 zero bits when bit `index` of {data, crc} alone is set
function [31:0] response(input integer index);
    integer n;
    reg [31:0] state;
    begin
        state = index < 32 ? 32'd1 << index : 32'd0;
        for (n = 0; n < 128; n = n + 1) begin
            if (index >= 32 && n == index - 32) state = state ^ 32'd1;
            state = state[0] ? (state >> 1) ^ POLYNOMIAL : state >> 1;
        end
        response = state;
    end
endfunction

wire [32*160-1:0] masks;        // of output bit o, at o*160: the bits of {data, crc} that it is the parity of
wire [31:0]       brought, kept;
reg  [31:0]       brought_reg;
reg               valid_reg;

genvar i, o;
generate
    for (i = 0; i < 160; i = i + 1) begin : g_in
        localparam [31:0] RESPONSE = response(i);
        for (o = 0; o < 32; o = o + 1) begin : g_mask
            assign masks[o*160 + i] = RESPONSE[o];
        end
    end
    for (o = 0; o < 32; o = o + 1) begin : g_out
        assign brought[o] = ^(data & masks[o*160 + 32 +: 128]);
        assign kept[o]    = ^(crc & masks[o*160 +: 32]);
    end
endgenerate

always @(posedge clk) begin
    valid_reg <= enable && !clear;
    if (valid_reg) crc <= kept ^ brought_reg;
    if (clear) crc <= 32'hFFFFFFFF;
end

always @(posedge clk) brought_reg <= brought;

endmodule

`resetall
