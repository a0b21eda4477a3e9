`resetall
`default_nettype none

/*
 * When completed packets interrupt: after as many as the threshold, or when packets wait for that and the delay has passed since
 * the last of them. The delay is in units of 125 cycles; 0: no delay interrupt.
 */
module axi_dma_sg_interrupts (
    input  wire       clk,
    input  wire       rst,
    input  wire       packet_done,
    input  wire [7:0] threshold,
    input  wire [7:0] delay,
    // threshold or delay has changed: count anew
    input  wire       restart,
    output wire       ioc,
    output wire       delayed,
    // Packets still to come, and units that have passed
    output wire [7:0] threshold_status,
    output wire [7:0] delay_status
);

localparam [6:0] UNIT = 7'd125;

reg [7:0] packets_reg;
reg       waiting_reg;
reg [6:0] cycles_reg;
reg [7:0] units_reg;
wire      reached = packet_done && packets_reg == 8'd1;
wire      unit    = cycles_reg == UNIT - 1'b1;
wire      expired = waiting_reg && delay != 0 && units_reg == delay;

assign ioc              = reached;
assign delayed          = expired && !packet_done;
assign threshold_status = packets_reg;
assign delay_status     = units_reg;

always @(posedge clk) begin
    if (reached || restart || delayed) packets_reg <= threshold;
    else if (packet_done) packets_reg <= packets_reg - 1'b1;
    waiting_reg <= !reached && !restart && (packet_done || (waiting_reg && !expired));
    if (!waiting_reg || packet_done || expired || restart) begin
        cycles_reg <= 7'd0;
        units_reg  <= 8'd0;
    end else begin
        cycles_reg <= unit ? 7'd0 : cycles_reg + 1'b1;
        units_reg  <= units_reg + {7'd0, unit && delay != 0};
    end
    if (rst) begin
        packets_reg <= 8'd1;
        waiting_reg <= 1'b0;
        units_reg   <= 8'd0;
    end
end

endmodule

`resetall
