`resetall
`default_nettype none

/*
 * Properties of a width converter (DUT: stream_narrow or stream_widen, IN_W to OUT_W bits): bytes and ends of packets come out
 * unchanged, in order, none lost, none invented; tkeep has no holes and is full before tlast; a beat stays until it is taken.
 *
 * One byte or end, picked by the solver, is watched from its entry: it must leave after exactly as many as were inside.
 */
module stream_bytes (
    input wire                clk,
    input wire                rst,
    input wire [`IN_W-1:0]    s_tdata,
    input wire [`IN_W/8-1:0]  s_tkeep,
    input wire                s_tlast,
    input wire                s_tvalid,
    input wire                m_tready,
    input wire                pick,
    input wire [3:0]          pick_place
);

localparam COUNT_W = 5;

wire                 s_tready;
wire [`OUT_W-1:0]    m_tdata;
wire [`OUT_W/8-1:0]  m_tkeep;
wire                 m_tlast;
wire                 m_tvalid;

`DUT dut (
    .clk(clk), .rst(rst),
    .s_tdata(s_tdata), .s_tkeep(s_tkeep), .s_tlast(s_tlast), .s_tvalid(s_tvalid), .s_tready(s_tready),
    .m_tdata(m_tdata), .m_tkeep(m_tkeep), .m_tlast(m_tlast), .m_tvalid(m_tvalid), .m_tready(m_tready)
);

function [COUNT_W-1:0] ones(input [7:0] bits);
    ones = bits[0] + bits[1] + bits[2] + bits[3] + bits[4] + bits[5] + bits[6] + bits[7];
endfunction

wire               take      = s_tvalid && s_tready;
wire               give      = m_tvalid && m_tready;
wire [COUNT_W-1:0] in_bytes  = ones(s_tkeep);
wire [COUNT_W-1:0] out_bytes = ones(m_tkeep);
wire [COUNT_W-1:0] in_items  = in_bytes + s_tlast;
wire [COUNT_W-1:0] out_items = out_bytes + m_tlast;

reg               started_reg = 1'b0;
reg [COUNT_W-1:0] inside_reg  = 0;     // bytes and ends in the module
reg               watched_reg = 1'b0;
reg [COUNT_W-1:0] before_reg;          // those that must leave before the watched one
reg               end_reg;             // it is an end, not a byte
reg [7:0]         byte_reg;

always @(posedge clk) begin
    started_reg <= 1'b1;
    inside_reg  <= inside_reg + (take ? in_items : 5'd0) - (give ? out_items : 5'd0);
    if (watched_reg && give) begin
        before_reg  <= before_reg - out_items;
        watched_reg <= before_reg >= out_items;
    end
    if (!watched_reg && take && pick && pick_place < in_items) begin
        watched_reg <= 1'b1;
        before_reg  <= inside_reg + pick_place - (give ? out_items : 5'd0);
        end_reg     <= pick_place == in_bytes;
        byte_reg    <= s_tdata >> (8 * pick_place);
    end
    if (rst) begin
        inside_reg  <= 0;
        watched_reg <= 1'b0;
    end
end

always @* begin
    assume (rst == !started_reg);
    if (s_tvalid) begin
        assume ((s_tkeep & (s_tkeep + 1'b1)) == 0);
        assume (s_tlast || &s_tkeep);
    end
    if (started_reg && m_tvalid) begin
        assert ((m_tkeep & (m_tkeep + 1'b1)) == 0);
        assert (m_tlast || &m_tkeep);
        assert (out_items <= inside_reg);
        if (watched_reg && before_reg < out_items) begin
            assert (end_reg == (before_reg == out_bytes));
            if (!end_reg) assert (byte_reg == ((m_tdata >> (8 * before_reg)) & 8'hff));
        end
        cover (watched_reg && end_reg && before_reg < out_items && before_reg > 0 && give);
    end
    if (started_reg) cover (watched_reg && !end_reg && before_reg == 5'd2 && m_tvalid);
end

always @(posedge clk) begin
    if (started_reg && $past(started_reg) && $past(m_tvalid && !m_tready))
        assert (m_tvalid && m_tdata == $past(m_tdata) && m_tkeep == $past(m_tkeep) && m_tlast == $past(m_tlast));
end

endmodule

`resetall
