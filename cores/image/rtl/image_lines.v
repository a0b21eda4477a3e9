`resetall
`default_nettype none

/*
 * Rows of images in a ring of eight: written a stream word a cycle, read at any byte, LANES bytes a cycle.
 *
 * A row lies in lines of LANES bytes, even ones in one bank, odd ones in the other, so that two lines that follow each other are read
 * at once. Byte k of what is read stands in lane (offset + k) modulo LANES of m_even or m_odd, three enabled cycles behind offset.
 */
module image_lines #(
    // Bytes read in a cycle: 8 or 16
    parameter LANES = 16,
    // Bytes of the longest row: a power of two, 128 or more
    parameter IMAGE_LINE = 2048,
    // Bits of a stream word's number in its row (derived)
    parameter WORD_W = $clog2(IMAGE_LINE / 16),
    // Bits of a byte's offset in its row (derived)
    parameter BYTE_W = $clog2(IMAGE_LINE)
) (
    input  wire               clk,
    // Stream words
    input  wire               wr_en,
    input  wire [2:0]         wr_slot,
    input  wire [WORD_W-1:0]  wr_place,
    input  wire [127:0]       wr_word,
    // Bytes
    input  wire               enable,
    input  wire [2:0]         slot,
    input  wire [BYTE_W-1:0]  offset,      // modulo IMAGE_LINE
    output reg  [8*LANES-1:0] m_even,
    output reg  [8*LANES-1:0] m_odd
);

localparam LANE_W = $clog2(LANES);
localparam PAIR_W = BYTE_W - LANE_W - 1;    // of a row's pairs of lines
localparam DEPTH  = 8 << PAIR_W;
localparam BOTH   = LANES == 8;             // a stream word is a line of each bank

generate
    if (LANES != 8 && LANES != 16) begin : g_check_lanes
        ERROR_image_lines_LANES_must_be_8_or_16 error();
    end
    if ((IMAGE_LINE & (IMAGE_LINE - 1)) != 0 || IMAGE_LINE < 128) begin : g_check_line
        ERROR_image_lines_IMAGE_LINE_must_be_a_power_of_two_and_128_or_more error();
    end
endgenerate

wire [PAIR_W+2:0] wr_addr;
wire [1:0]        wr_bank;
wire [8*LANES-1:0] wr_even, wr_odd;
generate
    if (BOTH) begin : g_both
        assign wr_addr = {wr_slot, wr_place};
        assign wr_bank = 2'b11;
        assign wr_even = wr_word[63:0];
        assign wr_odd  = wr_word[127:64];
    end else begin : g_one
        assign wr_addr = {wr_slot, wr_place[WORD_W-1:1]};
        assign wr_bank = wr_place[0] ? 2'b10 : 2'b01;
        assign wr_even = wr_word;
        assign wr_odd  = wr_word;
    end
endgenerate

wire [PAIR_W-1:0] pair     = offset[BYTE_W-1:LANE_W+1];
wire              line_odd = offset[LANE_W];

reg  [PAIR_W+2:0] even_addr_reg, odd_addr_reg;
wire [8*LANES-1:0] even_latch, odd_latch;

always @(posedge clk) if (enable) begin
    even_addr_reg <= {slot, pair + {{PAIR_W-1{1'b0}}, line_odd}};
    odd_addr_reg  <= {slot, pair};
    m_even        <= even_latch;
    m_odd         <= odd_latch;
end

// Their output registers are the ones above: held as the pipeline is, which LATENCY = 2 does a cycle late
sram #(.WIDTH(8*LANES), .DEPTH(DEPTH), .LATENCY(1)) even (
    .clk(clk), .wr_en(wr_en && wr_bank[0]), .wr_addr(wr_addr), .wr_data(wr_even),
    .rd_en(enable), .rd_addr(even_addr_reg), .rd_data(even_latch));
sram #(.WIDTH(8*LANES), .DEPTH(DEPTH), .LATENCY(1)) odd (
    .clk(clk), .wr_en(wr_en && wr_bank[1]), .wr_addr(wr_addr), .wr_data(wr_odd),
    .rd_en(enable), .rd_addr(odd_addr_reg), .rd_data(odd_latch));

endmodule

`resetall
