`resetall
`default_nettype none

/*
 * Gathers the beats of a CONV descriptor, checks it and holds it until it is taken; one at a time.
 *
 * With the last beat taken in cycle t: full from t + 1 on; bad in t + 1, or else cfg_valid from t + 2 on, if the packet does not
 * end with that beat. A descriptor that is not handed over stays until reset. No beat may be taken while full.
 */
module descriptor_buffer #(
    // Bits of a descriptor (derived)
    parameter CFG_W = 64*7
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [63:0]      beat,
    input  wire             tlast,
    input  wire             take,
    input  wire             header,         // it is a CONV command's: its descriptor begins with the next that is taken
    input  wire [15:0]      sequence_number, // of the command, by the cycle behind its last beat
    output reg              full,
    output wire             bad,
    output reg              cfg_valid,
    input  wire             cfg_ready,
    output wire [CFG_W-1:0] cfg_data,       // its beats, the first lowest
    output reg  [15:0]      cfg_sequence
);

`include "program_format.vh"

reg [CONV_BEATS-1:0] slot_reg;              // one-hot: the beat that comes next
reg                  whole_reg;
wire                 last_take = take && slot_reg[CONV_BEATS-1];
wire                 ok;

descriptor_check #(.CFG_W(CFG_W)) u_descriptor_check (.descriptor(cfg_data), .ok(ok));

assign bad = whole_reg && !ok;

always @(posedge clk) begin
    if (take) slot_reg <= {slot_reg[CONV_BEATS-2:0], header};
    whole_reg <= last_take && !tlast;
    if (last_take) full <= 1'b1;
    if (whole_reg) begin
        cfg_valid    <= ok;
        cfg_sequence <= sequence_number;
    end
    if (cfg_valid && cfg_ready) {full, cfg_valid} <= 2'b00;
    if (rst) begin
        slot_reg  <= {CONV_BEATS{1'b0}};
        whole_reg <= 1'b0;
        full      <= 1'b0;
        cfg_valid <= 1'b0;
    end
end

genvar k;
generate
    for (k = 0; k < CONV_BEATS; k = k + 1) begin : g_slot
        // What is not taken is overwritten: no handshake reaches the clock enables.
        reg [63:0] data_reg;
        always @(posedge clk) if (slot_reg[k] && !full) data_reg <= beat;
        assign cfg_data[64*k +: 64] = data_reg;
    end
endgenerate

endmodule

`resetall
