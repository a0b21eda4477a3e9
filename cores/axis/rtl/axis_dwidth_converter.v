`resetall
`default_nettype none

/*
 * AXI4-Stream width converter with the ports of Xilinx's: lowest bytes first, tlast ends a beat, beats without a byte
 * behind the last one with some are left out.
 *
 *   s_axis ──► stream_widen to WIDE_BYTES ──► stream_narrow ──► m_axis, each where the widths differ
 */
module axis_dwidth_converter #(
    // Bytes of an incoming and of an outgoing beat
    parameter S_BYTES = 4,
    parameter M_BYTES = 8,
    // A multiple of both
    parameter WIDE_BYTES = 8
) (
    input  wire                 aclk,
    input  wire                 aresetn,
    input  wire [8*S_BYTES-1:0] s_axis_tdata,
    input  wire [S_BYTES-1:0]   s_axis_tkeep,
    input  wire                 s_axis_tlast,
    input  wire                 s_axis_tvalid,
    output wire                 s_axis_tready,
    output wire [8*M_BYTES-1:0] m_axis_tdata,
    output wire [M_BYTES-1:0]   m_axis_tkeep,
    output wire                 m_axis_tlast,
    output wire                 m_axis_tvalid,
    input  wire                 m_axis_tready
);

wire [8*WIDE_BYTES-1:0] wide_tdata;
wire [WIDE_BYTES-1:0]   wide_tkeep;
wire                    wide_tlast;
wire                    wide_tvalid;
wire                    wide_tready;

generate
    if (S_BYTES == WIDE_BYTES) begin : g_wide_in
        assign wide_tdata    = s_axis_tdata;
        assign wide_tkeep    = s_axis_tkeep;
        assign wide_tlast    = s_axis_tlast;
        assign wide_tvalid   = s_axis_tvalid;
        assign s_axis_tready = wide_tready;
    end else begin : g_widen
        stream_widen #(.WIDE(8*WIDE_BYTES), .WIDTH(8*S_BYTES)) widen (
            .clk(aclk), .rst(!aresetn),
            .s_tdata(s_axis_tdata), .s_tkeep(s_axis_tkeep), .s_tlast(s_axis_tlast),
            .s_tvalid(s_axis_tvalid), .s_tready(s_axis_tready),
            .m_tdata(wide_tdata), .m_tkeep(wide_tkeep), .m_tlast(wide_tlast),
            .m_tvalid(wide_tvalid), .m_tready(wide_tready)
        );
    end
    if (M_BYTES == WIDE_BYTES) begin : g_wide_out
        assign m_axis_tdata  = wide_tdata;
        assign m_axis_tkeep  = wide_tkeep;
        assign m_axis_tlast  = wide_tlast;
        assign m_axis_tvalid = wide_tvalid;
        assign wide_tready   = m_axis_tready;
    end else begin : g_narrow
        stream_narrow #(.WIDE(8*WIDE_BYTES), .WIDTH(8*M_BYTES)) narrow (
            .clk(aclk), .rst(!aresetn),
            .s_tdata(wide_tdata), .s_tkeep(wide_tkeep), .s_tlast(wide_tlast),
            .s_tvalid(wide_tvalid), .s_tready(wide_tready),
            .m_tdata(m_axis_tdata), .m_tkeep(m_axis_tkeep), .m_tlast(m_axis_tlast),
            .m_tvalid(m_axis_tvalid), .m_tready(m_axis_tready)
        );
    end
    if (S_BYTES == M_BYTES && S_BYTES == WIDE_BYTES) begin : g_same
        wire unused_ok = &{1'b0, aclk, aresetn};
    end
endgenerate

endmodule

`resetall
