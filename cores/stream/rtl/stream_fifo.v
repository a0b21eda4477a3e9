`resetall
`default_nettype none

/*
 * First-in first-out buffer over an sram of read latency 1 or 2, first word falls through, one word a cycle.
 *
 * Words are read ahead into a queue of LATENCY + 2 registers, so that the memory's latency costs no throughput; while the
 * memory is empty words go straight to the queue. Capacity: DEPTH + LATENCY + 2 words. From s_valid to m_valid: one cycle
 * when empty. With SLACK, s_ready says that so many words fit, and words are taken without it.
 */
module stream_fifo #(
    // Width of a word in bits
    parameter WIDTH = 64,
    // Words in the memory: a power of two
    parameter DEPTH = 512,
    // Read latency of the memory: 1 or 2
    parameter LATENCY = 2,
    // Words that still fit when s_ready falls; 0: a handshake
    parameter SLACK = 0
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

localparam PTR_W   = $clog2(DEPTH);
localparam QUEUE   = LATENCY + 2;
localparam QUEUE_W = 3;
localparam MOST    = SLACK == 0 ? DEPTH - 1 : DEPTH - SLACK;   // words in the memory while s_ready is high

generate
    if (DEPTH != (1 << PTR_W)) begin : g_check_depth
        ERROR_stream_fifo_DEPTH_must_be_a_power_of_two error();
    end
endgenerate

reg [PTR_W:0] wr_ptr_reg;
reg [PTR_W:0] rd_ptr_reg;
reg           ready_reg;

// Words that are in the queue, and those that are in it or on their way to it.
reg [QUEUE_W-1:0] count_reg;
reg [QUEUE_W-1:0] claimed_reg;

wire pop    = m_valid && m_ready;
wire push   = s_valid && (ready_reg || SLACK != 0);
wire stored = wr_ptr_reg != rd_ptr_reg;
wire room   = claimed_reg != QUEUE[QUEUE_W-1:0] || pop;
wire read   = stored && room;
wire bypass = push && !stored && claimed_reg == count_reg && room;

wire [PTR_W:0] wr_ptr_next = wr_ptr_reg + {{PTR_W{1'b0}}, push && !bypass};
wire [PTR_W:0] rd_ptr_next = rd_ptr_reg + {{PTR_W{1'b0}}, read};

wire [PTR_W:0] level_next  = wr_ptr_next - rd_ptr_next;

assign s_ready = ready_reg;

wire [WIDTH-1:0] rd_data;

sram #(.WIDTH(WIDTH), .DEPTH(DEPTH), .LATENCY(LATENCY)) memory (
    .clk(clk),
    .wr_en(push && !bypass),
    .wr_addr(wr_ptr_reg[PTR_W-1:0]),
    .wr_data(s_data),
    .rd_en(read),
    .rd_addr(rd_ptr_reg[PTR_W-1:0]),
    .rd_data(rd_data)
);

reg [LATENCY-1:0] arriving_reg;
wire              arrive = arriving_reg[LATENCY-1];

reg [WIDTH-1:0] queue_reg [0:QUEUE-1];
wire            enter = arrive || bypass;

assign m_valid = count_reg != 0;
assign m_data  = queue_reg[0];

generate
    if (LATENCY == 1) begin : g_arriving_1
        always @(posedge clk) arriving_reg <= rst ? 1'b0 : read;
    end else begin : g_arriving
        always @(posedge clk) arriving_reg <= rst ? {LATENCY{1'b0}} : {arriving_reg[LATENCY-2:0], read};
    end
endgenerate

always @(posedge clk) begin
    wr_ptr_reg  <= wr_ptr_next;
    rd_ptr_reg  <= rd_ptr_next;
    ready_reg   <= level_next <= MOST[PTR_W:0];
    claimed_reg <= claimed_reg + {{QUEUE_W-1{1'b0}}, read || bypass} - {{QUEUE_W-1{1'b0}}, pop};
    count_reg   <= count_reg + {{QUEUE_W-1{1'b0}}, enter} - {{QUEUE_W-1{1'b0}}, pop};
    if (rst) begin
        wr_ptr_reg  <= 0;
        rd_ptr_reg  <= 0;
        ready_reg   <= 1'b0;
        claimed_reg <= 0;
        count_reg   <= 0;
    end
end

genvar i;
generate
    for (i = 0; i < QUEUE; i = i + 1) begin : g_queue
        wire [QUEUE_W-1:0] slot = count_reg - {{QUEUE_W-1{1'b0}}, pop};
        always @(posedge clk) begin
            if (enter && slot == i[QUEUE_W-1:0]) queue_reg[i] <= arrive ? rd_data : s_data;
            else if (pop && i < QUEUE - 1) queue_reg[i] <= queue_reg[i < QUEUE - 1 ? i + 1 : i];
        end
    end
endgenerate

endmodule

`resetall
