`resetall
`default_nettype none

/*
 * 2x2 max-pooling of words of N codes whose windows arrive one after the other, four words each; needs no line buffer.
 *
 * Words without `pool` pass. A result follows its (last) word by one cycle.
 */
module max_pool #(
    // Codes a word
    parameter N = 8,
    // Bits of a code
    parameter CODE_W = 4
) (
    input  wire                clk,
    input  wire                rst,
    input  wire                in_valid,
    input  wire                in_pool,
    input  wire [N*CODE_W-1:0] in_word,
    output reg                 out_valid,
    output wire [N*CODE_W-1:0] out_word
);

reg [1:0]          member_reg;      // of the window
reg [N*CODE_W-1:0] largest_reg;

wire alone = !in_pool || member_reg == 2'd0;

assign out_word = largest_reg;

always @(posedge clk) begin
    out_valid <= in_valid && (!in_pool || member_reg == 2'd3);
    if (in_valid && in_pool) member_reg <= member_reg + 2'd1;
    if (rst) begin
        out_valid  <= 1'b0;
        member_reg <= 2'd0;
    end
end

genvar c;
generate
    for (c = 0; c < N; c = c + 1) begin : g_code
        wire [CODE_W-1:0] code = in_word[c*CODE_W +: CODE_W];
        always @(posedge clk)
            if (in_valid && (alone || code > largest_reg[c*CODE_W +: CODE_W])) largest_reg[c*CODE_W +: CODE_W] <= code;
    end
endgenerate

endmodule

`resetall
