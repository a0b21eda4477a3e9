`resetall
`default_nettype none

/*
 * AXI4-Stream FIFO with the ports of Xilinx's AXI4-Stream Data FIFO, of one clock.
 *
 * In packet mode a packet is offered when all of it is stored, or when the FIFO is full.
 */
module axis_data_fifo #(
    // Bytes of a beat
    parameter BYTES = 4,
    // Beats: a power of two
    parameter DEPTH = 512,
    // 1: packet mode
    parameter PACKET = 0,
    // Bits of the side bands; one that a stream does not have is 1 bit wide
    parameter TID_W = 1,
    parameter TDEST_W = 1,
    parameter TUSER_W = 1
) (
    input  wire               s_axis_aclk,
    input  wire               s_axis_aresetn,
    input  wire [8*BYTES-1:0] s_axis_tdata,
    input  wire [BYTES-1:0]   s_axis_tstrb,
    input  wire [BYTES-1:0]   s_axis_tkeep,
    input  wire               s_axis_tlast,
    input  wire [TID_W-1:0]   s_axis_tid,
    input  wire [TDEST_W-1:0] s_axis_tdest,
    input  wire [TUSER_W-1:0] s_axis_tuser,
    input  wire               s_axis_tvalid,
    output wire               s_axis_tready,
    output wire [8*BYTES-1:0] m_axis_tdata,
    output wire [BYTES-1:0]   m_axis_tstrb,
    output wire [BYTES-1:0]   m_axis_tkeep,
    output wire               m_axis_tlast,
    output wire [TID_W-1:0]   m_axis_tid,
    output wire [TDEST_W-1:0] m_axis_tdest,
    output wire [TUSER_W-1:0] m_axis_tuser,
    output wire               m_axis_tvalid,
    input  wire               m_axis_tready
);

// stream_fifo holds DEPTH + 4 words
localparam COUNT_W = $clog2(DEPTH + 5);

wire offered;
wire open;
wire push = s_axis_tvalid && s_axis_tready;
wire pop  = m_axis_tvalid && m_axis_tready;

assign m_axis_tvalid = offered && open;

stream_fifo #(.WIDTH(10*BYTES + 1 + TID_W + TDEST_W + TUSER_W), .DEPTH(DEPTH), .LATENCY(1)) fifo (
    .clk(s_axis_aclk), .rst(!s_axis_aresetn),
    .s_data({s_axis_tuser, s_axis_tdest, s_axis_tid, s_axis_tlast, s_axis_tkeep, s_axis_tstrb, s_axis_tdata}),
    .s_valid(s_axis_tvalid), .s_ready(s_axis_tready),
    .m_data({m_axis_tuser, m_axis_tdest, m_axis_tid, m_axis_tlast, m_axis_tkeep, m_axis_tstrb, m_axis_tdata}),
    .m_valid(offered), .m_ready(m_axis_tready && open)
);

generate
    if (PACKET) begin : g_packet
        // Whole packets held, and whether one that is too long for the FIFO is on its way out
        reg [COUNT_W-1:0] packets_reg;
        reg               long_reg;
        wire              more = push && s_axis_tlast;
        wire              less = pop && m_axis_tlast;

        assign open = packets_reg != 0 || long_reg;

        always @(posedge s_axis_aclk) begin
            packets_reg <= packets_reg + {{COUNT_W-1{1'b0}}, more} - {{COUNT_W-1{1'b0}}, less};
            long_reg    <= (long_reg && !less) || (packets_reg == 0 && offered && !s_axis_tready);
            if (!s_axis_aresetn) begin
                packets_reg <= {COUNT_W{1'b0}};
                long_reg    <= 1'b0;
            end
        end
    end else begin : g_beats
        assign open = 1'b1;
        wire unused_ok = &{1'b0, push, pop};
    end
endgenerate

endmodule

`resetall
