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

wire [31:0] brought, kept;
reg  [31:0] brought_reg;
reg         valid_reg;

crc32 #(.WIDTH(128)) crc_of_data (.enable(1'b1), .crc_in(32'd0), .data(data), .crc_out(brought));
crc32 #(.WIDTH(128)) crc_of_state (.enable(1'b1), .crc_in(crc), .data(128'd0), .crc_out(kept));

always @(posedge clk) begin
    valid_reg <= enable && !clear;
    if (valid_reg) crc <= kept ^ brought_reg;
    if (clear) crc <= 32'hFFFFFFFF;
end

always @(posedge clk) if (enable) brought_reg <= brought;

endmodule

`resetall
