`resetall
`default_nettype none

/*
 * Properties of stream_credits: available says exactly whether a place is left; no more are ever taken than there are.
 */
module credits_exact (
    input wire clk,
    input wire rst,
    input wire take,
    input wire give
);

wire next_available, available;

stream_credits dut (
    .clk(clk), .rst(rst), .take(take), .give(give), .next_available(next_available), .available(available));

reg       started_reg = 1'b0;
reg       settled_reg = 1'b0;       // a cycle behind the reset
reg [3:0] taken_reg   = 4'd0;
reg       next_reg;

always @(posedge clk) begin
    started_reg <= 1'b1;
    settled_reg <= started_reg;
    taken_reg   <= rst ? 4'd0 : taken_reg + take - (give ? `STEP : 0);
    next_reg    <= next_available;
end

always @* begin
    assume (rst == !started_reg);
    assume (!take || available);
    assume (!give || taken_reg >= `STEP);
    if (settled_reg) begin
        assert (available == (taken_reg < `COUNT));
        assert (available == next_reg);
        cover (taken_reg == `COUNT);
    end else if (started_reg) assert (!available);
end

endmodule

`resetall
