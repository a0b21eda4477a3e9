`resetall
`default_nettype none

/*
 * Writes the words of a LOAD command into the activation memory group by group, one after the other, through a skid register.
 *
 * bad and refused are registers, and so is act_wr_valid: with words in every second cycle at most where a word is two groups, it falls
 * when everything is written. reached follows convs_issued by a cycle, and is not there before the second cycle of `waiting`.
 */
module load_writer #(
    // Words of N activations in the memory: whole multiples of ALIGN, two groups or more
    parameter ACT_DEPTH = 8192,
    // Activation words in 128 bits, or 1 where they have more: addresses are multiples of it
    parameter ALIGN = 4,
    // Bits of a group: 64, 128 or 256
    parameter GROUP_W = 64,
    // Activation words a group: 1 or 2
    parameter WORDS = 2,
    // Width of a group's address (derived)
    parameter GROUP_ADDR_W = $clog2(ACT_DEPTH / WORDS)
) (
    input  wire                    clk,
    input  wire                    rst,
    // A word may be a header; the last that was, or would have been, is the LOAD's
    input  wire                    at_header,
    // So many CONV commands as it says are issued; asked while `waiting`
    input  wire                    waiting,
    input  wire [23:0]             convs_issued,
    output reg                     reached,
    // Stream words: the header's, and those of data
    input  wire [127:0]            word,
    input  wire                    word_valid,
    output wire                    word_ready,
    output reg                     bad,             // the next word has no place in the memory: it is dropped
    output reg                     refused,         // so are all, for the address beat is none that a LOAD may have
    // Activation memory
    output wire                    act_wr_valid,
    input  wire                    act_wr_ready,
    output wire [GROUP_ADDR_W-1:0] act_wr_addr,
    output wire [GROUP_W-1:0]      act_wr_data
);

`include "program_format.vh"

localparam UNALIGNED = ALIGN - 1;           // bits that an address must not have
// Places in the memory, of 128 bits or, where it has more, a group
localparam PLACES    = ACT_DEPTH / ALIGN;
localparam PLACE_W   = $clog2(PLACES);

generate
    if (ACT_DEPTH % ALIGN != 0 || ACT_DEPTH / WORDS < 2) begin : g_check_depth
        ERROR_load_writer_ACT_DEPTH_must_be_whole_128_bits_and_two_groups_or_more error();
    end
    if (GROUP_W != 64 && GROUP_W != 128 && GROUP_W != 256) begin : g_check_group
        ERROR_load_writer_GROUP_W_must_be_64_128_or_256 error();
    end
endgenerate

// The address beat, with the header
wire [63:0] beat    = word[127:64];
wire [23:0] address = beat[LOAD_ADDRESS_HIGH:LOAD_ADDRESS_LOW];
wire        wrong   = (address & UNALIGNED[23:0]) != 24'd0 || (beat & LOAD_0_RESERVED) != 64'd0;

reg [PLACE_W-1:0] place_reg;
reg [23:0]        after_reg;
reg               waited_reg;
wire              word_take = word_valid && word_ready;
wire              place_take;               // the last word of a place

always @(posedge clk) begin
    waited_reg <= waiting;
    reached    <= waited_reg && convs_issued >= after_reg;
    if (at_header) begin
        place_reg <= address[$clog2(ALIGN) +: PLACE_W];
        bad       <= {8'd0, address} >= ACT_DEPTH || wrong;
        refused   <= wrong;
        after_reg <= beat[LOAD_AFTER_HIGH:LOAD_AFTER_LOW];
    end else if (place_take) begin
        place_reg <= place_reg + 1'b1;
        bad       <= bad || {{32-PLACE_W{1'b0}}, place_reg} == PLACES - 1;
    end
end

// ---- groups: half a word, a word or two
wire [GROUP_ADDR_W-1:0] group_addr;
wire [GROUP_W-1:0]      group;
wire                    group_valid, group_ready;

generate
    if (GROUP_W == 64) begin : g_half
        reg               valid_reg, low_reg;
        reg [PLACE_W-1:0] held_place_reg;
        reg [127:0]       word_reg;
        assign word_ready  = !valid_reg || (group_ready && !low_reg);
        assign place_take  = word_take;
        assign group_valid = valid_reg;
        assign group       = word_reg[63:0];
        assign group_addr  = {held_place_reg, !low_reg};
        always @(posedge clk) begin
            if (word_ready) begin
                valid_reg      <= word_valid && !bad;
                low_reg        <= 1'b1;
                held_place_reg <= place_reg;
                word_reg       <= word;
            end else if (group_ready) begin
                low_reg        <= 1'b0;
                word_reg[63:0] <= word_reg[127:64];
            end
            if (rst) valid_reg <= 1'b0;
        end
    end else begin : g_whole
        assign word_ready = group_ready;
        assign group_addr = place_reg;
        assign group_valid = place_take && !bad;
        if (GROUP_W == 128) begin : g_one
            assign place_take = word_take;
            assign group      = word;
        end else begin : g_two
            reg         second_reg;
            reg [127:0] low_reg;
            assign place_take = word_take && second_reg;
            assign group      = {word, low_reg};
            always @(posedge clk) begin
                if (!second_reg) low_reg <= word;
                second_reg <= second_reg ^ word_take;
                if (rst || at_header) second_reg <= 1'b0;
            end
        end
    end
endgenerate

stream_register #(.WIDTH(GROUP_ADDR_W + GROUP_W)) skid (
    .clk(clk), .rst(rst),
    .s_data({group_addr, group}), .s_valid(group_valid), .s_ready(group_ready),
    .m_data({act_wr_addr, act_wr_data}), .m_valid(act_wr_valid), .m_ready(act_wr_ready)
);

endmodule

`resetall
