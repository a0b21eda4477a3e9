`resetall
`default_nettype none

/*
 * AXI4-Stream register slice with the ports of Xilinx's: data, valid and ready are registered, at full throughput.
 */
module axis_register_slice #(
    // Bytes of a beat
    parameter BYTES = 4,
    // Bits of the side bands; one that a stream does not have is 1 bit wide
    parameter TID_W = 1,
    parameter TDEST_W = 1,
    parameter TUSER_W = 1
) (
    input  wire               aclk,
    input  wire               aresetn,
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

stream_register #(.WIDTH(10*BYTES + 1 + TID_W + TDEST_W + TUSER_W)) slice (
    .clk(aclk), .rst(!aresetn),
    .s_data({s_axis_tuser, s_axis_tdest, s_axis_tid, s_axis_tlast, s_axis_tkeep, s_axis_tstrb, s_axis_tdata}),
    .s_valid(s_axis_tvalid), .s_ready(s_axis_tready),
    .m_data({m_axis_tuser, m_axis_tdest, m_axis_tid, m_axis_tlast, m_axis_tkeep, m_axis_tstrb, m_axis_tdata}),
    .m_valid(m_axis_tvalid), .m_ready(m_axis_tready)
);

endmodule

`resetall
