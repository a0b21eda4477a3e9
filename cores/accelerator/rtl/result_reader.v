`resetall
`default_nettype none

/*
 * What the buffers of results have in common: space for each position is reserved when it is issued, and given back when its
 * last beat has been read; its beats lie in memories of their own, are read in order, and leave through a queue.
 *
 * reserve is that of a position decided the cycle before. space and empty are registers; as long as space says so, three more
 * positions than those reserved up to this cycle fit, so that a decision may be based on a space two cycles old. empty says that
 * nothing is reserved and no beat is here. A beat that has been waited for leaves LATENCY + 2 cycles after `stored`.
 */
module result_reader #(
    // Positions held: a power of two, at least 8
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
    output wire                         space,
    output wire                         empty,
    // Memories, one a beat of a position
    input  wire                         stored, // a position is in them from the next cycle on
    output wire [BEATS-1:0]             rd_en,
    output wire [ADDR_W-1:0]            rd_addr,
    input  wire [BEATS*WIDTH-1:0]       rd_data,
    output wire [WIDTH-1:0]             m_data,
    output wire                         m_valid,
    input  wire                         m_ready
);

localparam SPACE = DEPTH - 4;

generate
    if (DEPTH != (1 << ADDR_W) || DEPTH < 8) begin : g_check_depth
        ERROR_result_reader_DEPTH_must_be_a_power_of_two_from_8_on error();
    end
endgenerate

reg  [ADDR_W:0]  reserved_reg;
reg              space_reg;
reg              empty_reg;
wire             taken;
wire             ahead;
wire             arrive;
wire [BEATS-1:0] part;
reg  [WIDTH-1:0] beat;

assign space = space_reg;
assign empty = empty_reg;

always @(posedge clk) begin
    reserved_reg <= reserved_reg + {{ADDR_W{1'b0}}, reserve} - {{ADDR_W{1'b0}}, taken};
    space_reg    <= reserved_reg <= SPACE[ADDR_W:0];
    empty_reg    <= reserved_reg == {ADDR_W+1{1'b0}} && !reserve && !ahead;
    if (rst) begin
        reserved_reg <= {ADDR_W+1{1'b0}};
        space_reg    <= 1'b0;
        empty_reg    <= 1'b1;
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
