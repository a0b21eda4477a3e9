`resetall
`default_nettype none

/*
 * Thresholds between the decoder, which counts the places, and their loader: stream beats of STREAM_W bits in, beats of 64 bits out.
 */
module threshold_fifo #(
    // Bits of a push: 64 or 128
    parameter STREAM_W = 64,
    // Beats of 64 bits held: a power of two
    parameter DEPTH = 512,
    // Read latency of the memory: 1 or 2
    parameter LATENCY = 2
) (
    input  wire                clk,
    input  wire                rst,
    input  wire [STREAM_W-1:0] s_data,
    input  wire                s_valid,
    output wire                freed,       // 128 bits' place is free again
    output reg                 held,        // something is on its way, or was in the cycle before
    output wire [63:0]         m_data,
    output wire                m_valid,
    input  wire                m_ready
);

wire [STREAM_W-1:0] data;
wire                room, valid, ready;
wire                popped = valid && ready;

stream_fifo #(.WIDTH(STREAM_W), .DEPTH(DEPTH * 64 / STREAM_W), .LATENCY(LATENCY)) fifo (
    .clk(clk), .rst(rst),
    .s_data(s_data), .s_valid(s_valid), .s_ready(room),
    .m_data(data), .m_valid(valid), .m_ready(ready)
);

`ifndef SYNTHESIS
always @(posedge clk) begin
    if (!rst && s_valid && !room) begin
        $display("ERROR: %m: thresholds came that the FIFO has no place for");
        $stop;
    end
end
`endif

generate
    if (STREAM_W == 64) begin : g_beats
        reg odd_reg;
        always @(posedge clk) odd_reg <= !rst && (odd_reg ^ popped);
        assign freed   = popped && odd_reg;
        assign m_data  = data;
        assign m_valid = valid;
        assign ready   = m_ready;
    end else begin : g_words
        // verilator lint_off PINCONNECTEMPTY
        stream_narrow #(.WIDE(STREAM_W), .WIDTH(64)) narrow (
            .clk(clk), .rst(rst),
            .s_tdata(data), .s_tkeep({STREAM_W/8{1'b1}}), .s_tlast(1'b0), .s_tvalid(valid), .s_tready(ready),
            .m_tdata(m_data), .m_tkeep(), .m_tlast(), .m_tvalid(m_valid), .m_tready(m_ready)
        );
        // verilator lint_on PINCONNECTEMPTY
        assign freed = popped;
    end
endgenerate

// What is on its way through the FIFO, where valid does not show it
reg [LATENCY:0] way_reg;

always @(posedge clk) begin
    way_reg <= rst ? {LATENCY+1{1'b0}} : {way_reg[LATENCY-1:0], s_valid};
    held    <= !rst && (valid || m_valid || s_valid || way_reg != {LATENCY+1{1'b0}});
end

endmodule

`resetall
