`resetall
`default_nettype none

/*
 * Activation memory: words of N activations, read a word a cycle, written by the post-processor a word at a time and by LOAD
 * commands a group (64 bits or more) at a time, by IMAGE commands a word at a time.
 *
 * The post-processor's words are taken at once; a group waits (ld_ready) while a word is written, an image's word (im_ready) while
 * one of the others is. rd_data follows rd_addr by
 * LATENCY cycles; rd_zero gives a word of zeros instead (a position outside the map).
 */
module act_buffer #(
    // Bits of a word: N activations
    parameter WORD_W = 32,
    // Words in the memory
    parameter DEPTH = 8192,
    // Words a group: 1 or 2
    parameter BANKS = 2,
    // Read latency of the memory: 1 or 2
    parameter LATENCY = 2,
    // 1: UltraRAM, on UltraScale+
    parameter ULTRA = 0,
    // Width of a word address (derived)
    parameter ADDR_W = $clog2(DEPTH),
    // Width of a group address (derived)
    parameter GROUP_ADDR_W = $clog2(DEPTH / BANKS)
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire                    wr_valid,
    input  wire                    wr_none,     // !wr_valid, a register of its own for those that wait
    input  wire [ADDR_W-1:0]       wr_addr,
    input  wire [WORD_W-1:0]       wr_word,
    input  wire                    ld_valid,
    output wire                    ld_ready,
    input  wire [GROUP_ADDR_W-1:0] ld_addr,
    input  wire [BANKS*WORD_W-1:0] ld_data,
    input  wire                    im_valid,
    output wire                    im_ready,
    input  wire [ADDR_W-1:0]       im_addr,
    input  wire [WORD_W-1:0]       im_word,
    input  wire                    rd_zero,
    input  wire [ADDR_W-1:0]       rd_addr,
    output wire [WORD_W-1:0]       rd_data
);

wire [BANKS*WORD_W-1:0] bank_data;
wire                    zero;
wire [WORD_W-1:0]       word;
wire                    single = wr_valid || !ld_valid;
wire [ADDR_W-1:0]       addr   = wr_valid ? wr_addr : im_addr;
wire [WORD_W-1:0]       single_word = wr_valid ? wr_word : im_word;
wire [GROUP_ADDR_W-1:0] group = single ? addr[ADDR_W-1 -: GROUP_ADDR_W] : ld_addr;

assign ld_ready = wr_none;
assign im_ready = wr_none && !ld_valid;

delay_line #(.WIDTH(1), .CYCLES(LATENCY)) delay_zero (.clk(clk), .rst(rst), .in(rd_zero), .out(zero));

genvar b;
generate
    for (b = 0; b < BANKS; b = b + 1) begin : g_bank
        wire chosen;
        if (BANKS == 1) begin : g_all
            assign chosen = 1'b1;
        end else begin : g_one
            assign chosen = {31'd0, addr[0]} == b;
        end
        sram #(.WIDTH(WORD_W), .DEPTH(DEPTH / BANKS), .LATENCY(LATENCY), .ULTRA(ULTRA)) memory (
            .clk(clk),
            .wr_en(single ? chosen && (wr_valid || im_valid) : ld_valid),
            .wr_addr(group),
            .wr_data(single ? single_word : ld_data[b*WORD_W +: WORD_W]),
            .rd_en(1'b1),
            .rd_addr(rd_addr[ADDR_W-1 -: GROUP_ADDR_W]),
            .rd_data(bank_data[b*WORD_W +: WORD_W])
        );
    end
    if (BANKS == 1) begin : g_single
        assign word = bank_data;
    end else if (BANKS == 2) begin : g_double
        wire odd;
        delay_line #(.WIDTH(1), .CYCLES(LATENCY)) delay_odd (.clk(clk), .rst(rst), .in(rd_addr[0]), .out(odd));
        assign word = odd ? bank_data[WORD_W +: WORD_W] : bank_data[0 +: WORD_W];
    end else begin : g_check_banks
        ERROR_act_buffer_BANKS_must_be_1_or_2 error();
    end
endgenerate

assign rd_data = zero ? {WORD_W{1'b0}} : word;

endmodule

`resetall
