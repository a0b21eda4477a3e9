`resetall
`default_nettype none

/*
 * Finds programs that can never go on: `waiting` (something is there to be done, and it is not the outside that holds it up) for
 * LIMIT cycles in which nothing moved. stuck is a pulse.
 */
module watchdog #(
    // Cycles: more than any wait of a program that goes on
    parameter LIMIT = 1024,
    // Width of the counter (derived)
    parameter COUNT_W = $clog2(LIMIT + 1)
) (
    input  wire clk,
    input  wire rst,
    input  wire waiting,
    input  wire moved,
    output reg  stuck
);

reg [COUNT_W-1:0] count_reg;

always @(posedge clk) begin
    count_reg <= rst || moved || !waiting || stuck ? {COUNT_W{1'b0}} : count_reg + 1'b1;
    stuck     <= !rst && waiting && !moved && count_reg == LIMIT[COUNT_W-1:0];
end

endmodule

`resetall
