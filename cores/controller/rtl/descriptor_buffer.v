`resetall
`default_nettype none

/*
 * Gathers a CONV descriptor from its header's word, whose high half is its first beat, and the three behind it, checks it and holds
 * it until it is taken; one at a time.
 *
 * With the last word taken in cycle t: full from t + 1 on; bad in t + 1, or else cfg_valid from t + 2 on, if the packet does not
 * end with that word. A descriptor that is not handed over stays until reset. But for headers no word may be taken while full.
 */
module descriptor_buffer #(
    // Bits of a descriptor (derived)
    parameter CFG_W = 64*7
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [127:0]     word,
    input  wire             tlast,
    input  wire             take,
    input  wire             at_header,      // if it is taken, it is a header
    input  wire             conv,           // a CONV command's, if it is one: its descriptor goes on with the next that is taken
    input  wire [15:0]      sequence_number, // of the command, by the cycle behind its last word
    output reg              full,
    output wire             bad,
    output reg              cfg_valid,
    input  wire             cfg_ready,
    output wire [CFG_W-1:0] cfg_data,       // its beats, the first lowest
    output reg  [15:0]      cfg_sequence
);

`include "program_format.vh"

localparam WORDS = (CONV_BEATS - 1) / 2;    // behind the header's

reg [WORDS-1:0] slot_reg;                   // one-hot: the word that comes next
reg [63:0]      first_reg;                  // the first beat, for the descriptor before may still be there
reg             whole_reg;
wire            last_take = take && slot_reg[WORDS-1];
wire            ok;

descriptor_check #(.CFG_W(CFG_W)) u_descriptor_check (.descriptor(cfg_data), .ok(ok));

assign bad = whole_reg && !ok;

always @(posedge clk) begin
    if (take) slot_reg <= {slot_reg[WORDS-2:0], at_header && conv};
    whole_reg <= last_take && !tlast;
    if (last_take) full <= 1'b1;
    if (whole_reg) begin
        cfg_valid    <= ok;
        cfg_sequence <= sequence_number;
    end
    if (cfg_valid && cfg_ready) {full, cfg_valid} <= 2'b00;
    if (rst) begin
        slot_reg  <= {WORDS{1'b0}};
        whole_reg <= 1'b0;
        full      <= 1'b0;
        cfg_valid <= 1'b0;
    end
end

// What is not taken is overwritten: no handshake reaches the clock enables.
reg [63:0] beat_0_reg;

always @(posedge clk) begin
    if (at_header) first_reg <= word[127:64];
    if (slot_reg[0] && !full) beat_0_reg <= first_reg;
end

assign cfg_data[63:0] = beat_0_reg;

genvar k;
generate
    for (k = 0; k < WORDS; k = k + 1) begin : g_slot
        reg [127:0] data_reg;
        always @(posedge clk) if (slot_reg[k] && !full) data_reg <= word;
        assign cfg_data[64 + 128*k +: 128] = data_reg;
    end
endgenerate

endmodule

`resetall
