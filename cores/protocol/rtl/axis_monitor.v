`resetall
`default_nettype none

/*
 * Looks at an AXI4-Stream: handshake and reset (channel_monitor), and tkeep, which has no holes and is full before tlast, as AXI DMA
 * demands (2.4.3). A finding is printed, and stops the simulation. Not for synthesis.
 */
module axis_monitor #(
    // What messages call the port
    parameter PORT        = "stream",
    // Bytes of a beat
    parameter BYTES       = 8,
    // Cycles in reset from which on tvalid must be low
    parameter RESET_CYCLE = 4
) (
    input  wire               clk,
    input  wire               resetn,
    input  wire [8*BYTES-1:0] tdata,
    input  wire [BYTES-1:0]   tkeep,
    input  wire               tlast,
    input  wire               tvalid,
    input  wire               tready
);

wire [BYTES-1:0] above = tkeep + {{BYTES-1{1'b0}}, 1'b1};

channel_monitor #(
    .PORT(PORT), .CHANNEL("t"), .HOLD_RULE("2.2.1"), .RESET_RULE("2.7.2"), .WIDTH(9 * BYTES + 1), .RESET_CYCLE(RESET_CYCLE)
) handshake (
    .clk(clk), .resetn(resetn), .valid(tvalid), .ready(tready), .payload({tlast, tkeep, tdata})
);

always @(posedge clk) begin
    if (resetn && tvalid && ((tkeep & above) != {BYTES{1'b0}} || (!tlast && tkeep != {BYTES{1'b1}}))) begin
        $display("%0s: tkeep is %b, tlast %b (2.4.3)", PORT, tkeep, tlast);
        $stop;
    end
end

endmodule

`resetall
