`resetall
`default_nettype none

/*
 * Writes the groups of a LOAD command into the activation memory, one after the other, through a skid register.
 *
 * group_ready, bad and refused are registers, and so is act_wr_valid: it falls when everything is written. reached follows
 * convs_issued and the address beat by a cycle.
 */
module load_writer #(
    // Words of the activation memory: whole multiples of ALIGN, two groups or more
    parameter ACT_DEPTH = 8192,
    // Words of 128 bits, or 1 where they have more: addresses are multiples of it
    parameter ALIGN = 4,
    // Activation words a group: 1 or 2
    parameter WORDS = 2,
    // Bits of a group
    parameter GROUP_W = 64,
    // Width of a group's address (derived)
    parameter GROUP_ADDR_W = $clog2(ACT_DEPTH / WORDS)
) (
    input  wire                    clk,
    input  wire                    rst,
    // Address beat
    input  wire [63:0]             beat,
    input  wire                    beat_take,
    // So many CONV commands as it says are issued; asked while `waiting`
    input  wire                    waiting,
    input  wire [23:0]             convs_issued,
    output reg                     reached,
    // Groups
    input  wire [GROUP_W-1:0]      group,
    input  wire                    group_valid,
    output wire                    group_ready,
    output reg                     bad,             // the next group has no place in the memory: it is dropped
    output reg                     refused,         // so are all, for the address beat is none that a LOAD may have
    // Activation memory
    output wire                    act_wr_valid,
    input  wire                    act_wr_ready,
    output wire [GROUP_ADDR_W-1:0] act_wr_addr,
    output wire [GROUP_W-1:0]      act_wr_data
);

`include "program_format.vh"

localparam GROUPS    = ACT_DEPTH / WORDS;
localparam UNALIGNED = ALIGN - 1;           // bits that an address must not have

generate
    if (ACT_DEPTH % ALIGN != 0 || GROUPS < 2) begin : g_check_depth
        ERROR_load_writer_ACT_DEPTH_must_be_whole_128_bits_and_two_groups_or_more error();
    end
endgenerate

wire [23:0] address = beat[LOAD_ADDRESS_HIGH:LOAD_ADDRESS_LOW];
wire        wrong   = (address & UNALIGNED[23:0]) != 24'd0 || (beat & LOAD_0_RESERVED) != 64'd0;

reg [GROUP_ADDR_W-1:0] place_reg;
reg [23:0]             after_reg;

always @(posedge clk) begin
    reached <= waiting && convs_issued >= after_reg;
    if (beat_take) begin
        place_reg <= address[GROUP_ADDR_W+WORDS-2:WORDS-1];
        bad       <= {8'd0, address} >= ACT_DEPTH || wrong;
        refused   <= wrong;
        after_reg <= beat[LOAD_AFTER_HIGH:LOAD_AFTER_LOW];
    end else if (group_valid && group_ready) begin
        place_reg <= place_reg + 1'b1;
        bad       <= bad || {{32-GROUP_ADDR_W{1'b0}}, place_reg} == GROUPS - 1;
    end
end

stream_register #(.WIDTH(GROUP_ADDR_W + GROUP_W)) skid (
    .clk(clk), .rst(rst),
    .s_data({place_reg, group}), .s_valid(group_valid && !bad), .s_ready(group_ready),
    .m_data({act_wr_addr, act_wr_data}), .m_valid(act_wr_valid), .m_ready(act_wr_ready)
);

endmodule

`resetall
