`resetall
`default_nettype none

/*
 * Looks at one channel with valid and ready: valid stays, and with it the payload, until ready (A3.2.1, of a stream 2.2.1);
 * valid is low in reset (A3.1.2, 2.7.2). A finding is printed, and stops the simulation. Not for synthesis.
 */
module channel_monitor #(
    // What messages call the port and the channel
    parameter PORT        = "port",
    parameter CHANNEL     = "t",
    // Paragraphs of the specification
    parameter HOLD_RULE   = "A3.2.1",
    parameter RESET_RULE  = "A3.1.2",
    // Bits of the payload
    parameter WIDTH       = 64,
    // Cycles in reset from which on valid must be low
    parameter RESET_CYCLE = 4
) (
    input  wire             clk,
    input  wire             resetn,
    input  wire             valid,
    input  wire             ready,
    input  wire [WIDTH-1:0] payload
);

localparam [7:0] LAST_CYCLE = RESET_CYCLE[7:0];

reg             held_reg;
reg [WIDTH-1:0] payload_reg;
reg [7:0]       reset_reg;

initial begin
    held_reg  = 1'b0;
    reset_reg = 8'd0;
end

always @(posedge clk) begin
    held_reg    <= resetn && valid && !ready;
    payload_reg <= payload;
    reset_reg   <= resetn ? 8'd0 : reset_reg + {7'd0, reset_reg != LAST_CYCLE};
    if (resetn && held_reg && !valid) begin
        $display("%0s: %0svalid fell before %0sready (%0s)", PORT, CHANNEL, CHANNEL, HOLD_RULE);
        $stop;
    end
    if (resetn && held_reg && valid && payload != payload_reg) begin
        $display("%0s: the payload of %0svalid changed before %0sready (%0s)", PORT, CHANNEL, CHANNEL, HOLD_RULE);
        $stop;
    end
    if (!resetn && reset_reg == LAST_CYCLE && valid) begin
        $display("%0s: %0svalid is high in reset (%0s)", PORT, CHANNEL, RESET_RULE);
        $stop;
    end
end

endmodule

`resetall
