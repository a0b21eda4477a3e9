`resetall
`default_nettype none

/*
 * Packs the activation words that a READ brings into stream words of 128 bits, the first word lowest, holds them and sends them. The last
 * word of a command ends its stream word; what is missing is 0. A word of 256 bits leaves as two.
 *
 * A place holds a stream word, or a word of 256 bits. Whoever issues READs counts them (DEPTH at first, stream_credits) and takes one with
 * the word that begins it (reserve, a register behind that decision); freed, a register, gives it back when it has left. The packing's
 * register takes words as they come: the way from the activation memory is long. empty, a register: no place is taken.
 */
module read_buffer #(
    // Bits of a word: 32, 64, 128 or 256
    parameter WORD_W = 32,
    // Places: a power of two
    parameter DEPTH = 16
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              reserve,
    output reg               freed,
    input  wire              in_valid,
    input  wire              in_last,   // of its command
    input  wire [WORD_W-1:0] in_word,
    output wire [127:0]      m_data,
    output wire              m_valid,
    input  wire              m_ready,
    output reg               empty
);

localparam WORDS   = WORD_W < 128 ? 128 / WORD_W : 1;  // of a place
localparam PLACE_W = WORDS * WORD_W;
localparam COUNT_W = $clog2(DEPTH + 1);

generate
    if (PLACE_W != 128 && PLACE_W != 256) begin : g_check_word
        ERROR_read_buffer_WORD_W_must_be_32_64_128_or_256 error();
    end
endgenerate

// ---- packing
reg  [PLACE_W-1:0] packed_reg;
reg                whole_reg;
wire [WORDS-1:0]   place;       // one-hot: where the next word goes

always @(posedge clk) whole_reg <= !rst && in_valid && (place[WORDS-1] || in_last);

genvar w;
generate
    for (w = 0; w < WORDS; w = w + 1) begin : g_word
        always @(posedge clk) if (in_valid && (place[w] || place[0]))
            packed_reg[w*WORD_W +: WORD_W] <= place[w] ? in_word : {WORD_W{1'b0}};
    end
    if (WORDS == 1) begin : g_single
        assign place = 1'b1;
    end else begin : g_several
        reg [WORDS-1:0] place_reg;
        always @(posedge clk) begin
            if (in_valid) place_reg <= {place_reg[WORDS-2:0], place_reg[WORDS-1]};
            if (rst || (in_valid && in_last)) place_reg <= {{WORDS-1{1'b0}}, 1'b1};
        end
        assign place = place_reg;
    end
endgenerate

// ---- places
wire [PLACE_W-1:0] data;
wire               valid, ready;

stream_queue #(.WIDTH(PLACE_W), .DEPTH(DEPTH)) queue (
    .clk(clk), .rst(rst),
    .s_data(packed_reg), .enter(whole_reg),
    .m_data(data), .m_valid(valid), .m_ready(ready)
);

wire               m_end;       // the last of its place

generate
    if (PLACE_W == 128) begin : g_whole
        assign m_data  = data;
        assign m_valid = valid;
        assign m_end   = 1'b1;
        assign ready   = m_ready;
    end else begin : g_halves
        // verilator lint_off PINCONNECTEMPTY
        stream_narrow #(.WIDE(PLACE_W), .WIDTH(128)) halves (
            .clk(clk), .rst(rst),
            .s_tdata(data), .s_tkeep({PLACE_W/8{1'b1}}), .s_tlast(1'b1), .s_tvalid(valid), .s_tready(ready),
            .m_tdata(m_data), .m_tkeep(), .m_tlast(m_end), .m_tvalid(m_valid), .m_tready(m_ready)
        );
        // verilator lint_on PINCONNECTEMPTY
    end
endgenerate

reg [COUNT_W-1:0] reserved_reg;

always @(posedge clk) begin
    freed        <= !rst && m_valid && m_ready && m_end;
    reserved_reg <= reserved_reg + {{COUNT_W-1{1'b0}}, reserve} - {{COUNT_W-1{1'b0}}, freed};
    empty        <= rst || (reserved_reg == {COUNT_W{1'b0}} && !reserve);
    if (rst) reserved_reg <= {COUNT_W{1'b0}};
end

endmodule

`resetall
