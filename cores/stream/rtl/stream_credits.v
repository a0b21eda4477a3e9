`resetall
`default_nettype none

/*
 * Credits of whoever sends where nothing may be refused: COUNT places at first, one less for each `take`, STEP more for each `give`.
 *
 * available and full are registers: available in this cycle says that a take in this cycle is covered. It is exact, so that no
 * place is left unused for the flag's sake.
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
    output reg  available,
    output reg  full            // all places are free
);

localparam COUNT_W = $clog2(COUNT + 1);

generate
    if (STEP < 1 || STEP > COUNT) begin : g_check_step
        ERROR_stream_credits_STEP_must_be_1_to_COUNT error();
    end
endgenerate

reg  [COUNT_W-1:0] left_reg;
wire [COUNT_W-1:0] given = give ? STEP[COUNT_W-1:0] : {COUNT_W{1'b0}};

assign next_available = give || (left_reg != {COUNT_W{1'b0}} && !(take && left_reg == {{COUNT_W-1{1'b0}}, 1'b1}));

always @(posedge clk) begin
    left_reg  <= left_reg + given - {{COUNT_W-1{1'b0}}, take};
    available <= next_available;
    full      <= left_reg == COUNT[COUNT_W-1:0] && !take;
    if (rst) begin
        left_reg  <= COUNT[COUNT_W-1:0];
        available <= 1'b0;
        full      <= 1'b0;
    end
end

endmodule

`resetall
