`resetall
`default_nettype none

/*
 * What the buffers of results have in common: each position's beats lie in memories of their own, are read in order, and leave through
 * a queue. Whoever issues positions counts the places (DEPTH at first, stream_credits): freed gives one back the cycle after its last
 * beat has been read.
 *
 * reserve is that of a position decided the cycle before; empty, a register, says that nothing is reserved and no beat is here. A beat
 * that has been waited for leaves LATENCY + 2 cycles after `stored`.
 */
module result_reader #(
    // Positions held: a power of two
    parameter DEPTH = 64,
    // Beats of a position
    parameter BEATS = 4,
    // Bits of a beat
    parameter WIDTH = 56,
    // Read latency of the memories: 1 or 2
    parameter LATENCY = 2,
    // Width of an address (derived)
    parameter ADDR_W = $clog2(DEPTH)
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire                         reserve,
    output reg                          freed,
    output reg                          empty,
    // Memories, one a beat of a position
    input  wire                         stored, // a position is in them from the next cycle on
    output wire [BEATS-1:0]             rd_en,
    output wire [ADDR_W-1:0]            rd_addr,
    input  wire [BEATS*WIDTH-1:0]       rd_data,
    output wire [WIDTH-1:0]             m_data,
    output wire                         m_valid,
    input  wire                         m_ready
);

reg  [ADDR_W:0]  reserved_reg;
wire             taken;
wire             ahead;
wire             arrive;
wire [BEATS-1:0] part;
reg  [WIDTH-1:0] beat;

always @(posedge clk) begin
    reserved_reg <= reserved_reg + {{ADDR_W{1'b0}}, reserve} - {{ADDR_W{1'b0}}, taken};
    freed        <= taken;
    empty        <= reserved_reg == {ADDR_W+1{1'b0}} && !reserve && !ahead;
    if (rst) begin
        reserved_reg <= {ADDR_W+1{1'b0}};
        freed        <= 1'b0;
        empty        <= 1'b1;
    end
end

// verilator lint_off PINCONNECTEMPTY
stream_reader #(.DEPTH(DEPTH), .PARTS(BEATS), .LATENCY(LATENCY)) reader (
    .clk(clk), .rst(rst),
    .stored(stored), .popped(m_valid && m_ready),
    .rd_en(rd_en), .rd_addr(rd_addr), .taken(taken), .held(),
    .arrive(arrive), .part(part), .ahead(ahead)
);
// verilator lint_on PINCONNECTEMPTY

integer b;
always @* begin
    beat = {WIDTH{1'b0}};
    for (b = 0; b < BEATS; b = b + 1) beat = beat | (rd_data[b*WIDTH +: WIDTH] & {WIDTH{part[b]}});
end

stream_queue #(.WIDTH(WIDTH)) queue (
    .clk(clk), .rst(rst),
    .s_data(beat), .enter(arrive),
    .m_data(m_data), .m_valid(m_valid), .m_ready(m_ready)
);

endmodule

`resetall
