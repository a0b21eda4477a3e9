`resetall
`default_nettype none

/*
 * First-in first-out buffer over an sram of read latency 1 or 2, first word falls through, one word a cycle.
 *
 * s_ready, m_valid and m_data are registers. Whoever counts places (stream_credits) has DEPTH and needs no s_ready.
 *
 * Capacity: DEPTH words in the memory and LATENCY + 3 that are read ahead. From s_valid to m_valid: LATENCY + 2 cycles. When
 * full, a word that leaves makes s_ready rise three cycles later.
 */
module stream_fifo #(
    // Width of a word in bits
    parameter WIDTH = 64,
    // Words in the memory: a power of two
    parameter DEPTH = 512,
    // Read latency of the memory: 1 or 2
    parameter LATENCY = 2
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [WIDTH-1:0] s_data,
    input  wire             s_valid,
    output wire             s_ready,
    output wire [WIDTH-1:0] m_data,
    output wire             m_valid,
    input  wire             m_ready
);

localparam PTR_W       = $clog2(DEPTH);
localparam NEARLY_FULL = DEPTH - 1;

generate
    if (DEPTH != (1 << PTR_W)) begin : g_check_depth
        ERROR_stream_fifo_DEPTH_must_be_a_power_of_two error();
    end
endgenerate

reg [PTR_W-1:0] wr_ptr_reg;
reg             ready_reg;

wire             push = s_valid && ready_reg;
wire             read;
wire [PTR_W-1:0] rd_addr;
wire [PTR_W:0]   held;
wire             arrive;
wire [WIDTH-1:0] rd_data;

assign s_ready = ready_reg;

always @(posedge clk) begin
    wr_ptr_reg <= wr_ptr_reg + {{PTR_W-1{1'b0}}, push};
    ready_reg  <= held < NEARLY_FULL[PTR_W:0] || (held == NEARLY_FULL[PTR_W:0] && (read || !push)) ||
                  (held == DEPTH[PTR_W:0] && read && !push);
    if (rst) begin
        wr_ptr_reg <= {PTR_W{1'b0}};
        ready_reg  <= 1'b0;
    end
end

sram #(.WIDTH(WIDTH), .DEPTH(DEPTH), .LATENCY(LATENCY)) memory (
    .clk(clk),
    .wr_en(push),
    .wr_addr(wr_ptr_reg),
    .wr_data(s_data),
    .rd_en(read),
    .rd_addr(rd_addr),
    .rd_data(rd_data)
);

// verilator lint_off PINCONNECTEMPTY
stream_reader #(.DEPTH(DEPTH), .LATENCY(LATENCY)) reader (
    .clk(clk), .rst(rst),
    .stored(push), .popped(m_valid && m_ready),
    .rd_en(read), .rd_addr(rd_addr), .taken(), .held(held),
    .arrive(arrive), .ahead()
);
// verilator lint_on PINCONNECTEMPTY

stream_queue #(.WIDTH(WIDTH)) queue (
    .clk(clk), .rst(rst),
    .s_data(rd_data), .enter(arrive),
    .m_data(m_data), .m_valid(m_valid), .m_ready(m_ready)
);

endmodule

`resetall
