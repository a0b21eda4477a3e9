`resetall
`default_nettype none

/*
 * Credits of whoever sends where nothing may be refused: COUNT places at first, one less for each `take`, STEP more for each `give`.
 *
 * available, a register, says in this cycle that a take in this cycle is covered. It is exact, so that no place is left unused for
 * the flag's sake.
 */
module stream_credits #(
    // Places in all
    parameter COUNT = 64,
    // Places that a `give` frees
    parameter STEP = 1
) (
    input  wire clk,
    input  wire rst,
    input  wire take,
    input  wire give,
    output wire next_available, // what available will be
    output reg  available
);

localparam COUNT_W = $clog2(COUNT + 1);

generate
    if (STEP < 1 || STEP > COUNT) begin : g_check_step
        ERROR_stream_credits_STEP_must_be_1_to_COUNT error();
    end
endgenerate

// take comes late in the cycle, so the count knows of it a cycle later.
reg  [COUNT_W-1:0] left_reg;
reg                take_reg;
wire [COUNT_W-1:0] given = give ? STEP[COUNT_W-1:0] : {COUNT_W{1'b0}};

wire [COUNT_W+1:0] left     = {2'b00, left_reg};
wire               above_0  = left != 0;
wire               above_1  = left[COUNT_W+1:1] != 0;
wire               above_2  = left[COUNT_W+1:2] != 0 || left[1:0] == 2'd3;
wire               one_left = take_reg ? above_1 : above_0;
wire               two_left = take_reg ? above_2 : above_1;

assign next_available = give || (take ? two_left : one_left);

always @(posedge clk) begin
    take_reg  <= take;
    left_reg  <= left_reg + given - {{COUNT_W-1{1'b0}}, take_reg};
    available <= next_available;
    if (rst) begin
        take_reg  <= 1'b0;
        left_reg  <= COUNT[COUNT_W-1:0];
        available <= 1'b0;
    end
end

endmodule

`resetall
