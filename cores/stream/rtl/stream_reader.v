`resetall
`default_nettype none

/*
 * Reads the words of a memory, in order and ahead, into a stream_queue that has a place for each that is on its way.
 *
 * A word may come in parts, each from a memory of its own, that are read one after the other. Every read is decided by registers:
 * a word is read from the cycle after `stored` on, a place in the queue is used again two cycles after `popped`. So QUEUE of
 * LATENCY + 3 keeps up with a part a cycle; what has been waited for is then at the queue's output LATENCY + 2 cycles after
 * `stored`, and there is never a gap behind it.
 */
module stream_reader #(
    // Words in the memory: a power of two
    parameter DEPTH = 512,
    // Parts of a word
    parameter PARTS = 1,
    // Read latency of the memory
    parameter LATENCY = 2,
    // Parts in the queue and on their way there
    parameter QUEUE = LATENCY + 3,
    // Width of the address (derived)
    parameter ADDR_W = $clog2(DEPTH)
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              stored,    // a word is written
    input  wire              popped,    // a part leaves the queue
    output wire [PARTS-1:0]  rd_en,     // one-hot: the part that is read
    output wire [ADDR_W-1:0] rd_addr,
    output wire              taken,     // it is the last of its word
    output wire [ADDR_W:0]   held,      // words in the memory
    output wire              arrive,    // a part is at the memories' outputs
    output wire              ahead      // a part is in the queue or on its way there
);

localparam QUEUE_W = $clog2(QUEUE + 1);
localparam [31:0] FIRST = 32'd1;

generate
    if (DEPTH != (1 << ADDR_W)) begin : g_check_depth
        ERROR_stream_reader_DEPTH_must_be_a_power_of_two error();
    end
endgenerate

reg [ADDR_W:0]    held_reg;
reg               held_any_reg;
reg [ADDR_W-1:0]  rd_ptr_reg;
reg [PARTS-1:0]   part_reg;
reg               popped_reg;
reg [QUEUE_W-1:0] claimed_reg;
reg               room_reg;

wire [PARTS-1:0]   next_part;
wire               read         = held_any_reg && room_reg;
wire [QUEUE_W-1:0] claimed_next = claimed_reg + {{QUEUE_W-1{1'b0}}, read} - {{QUEUE_W-1{1'b0}}, popped_reg};

genvar p;
generate
    for (p = 0; p < PARTS; p = p + 1) begin : g_part
        assign next_part[p] = part_reg[(p + PARTS - 1) % PARTS];
    end
endgenerate

assign rd_en   = part_reg & {PARTS{read}};
assign rd_addr = rd_ptr_reg;
assign taken   = rd_en[PARTS-1];
assign held    = held_reg;
assign ahead   = claimed_reg != {QUEUE_W{1'b0}};

always @(posedge clk) begin
    held_reg     <= held_reg + {{ADDR_W{1'b0}}, stored} - {{ADDR_W{1'b0}}, taken};
    held_any_reg <= stored || held_reg[ADDR_W:1] != {ADDR_W{1'b0}} || (held_reg[0] && !taken);
    rd_ptr_reg   <= rd_ptr_reg + {{ADDR_W-1{1'b0}}, taken};
    if (read) part_reg <= next_part;
    popped_reg   <= popped;
    claimed_reg  <= claimed_next;
    room_reg     <= claimed_next != QUEUE[QUEUE_W-1:0];
    if (rst) begin
        held_reg     <= {ADDR_W+1{1'b0}};
        held_any_reg <= 1'b0;
        rd_ptr_reg   <= {ADDR_W{1'b0}};
        part_reg     <= FIRST[PARTS-1:0];
        popped_reg   <= 1'b0;
        claimed_reg  <= {QUEUE_W{1'b0}};
        room_reg     <= 1'b0;
    end
end

// ---- what is on its way through the memories
reg  [LATENCY-1:0] arriving_reg;
wire [LATENCY:0]   arriving = {arriving_reg, read};

assign arrive = arriving[LATENCY];

always @(posedge clk) arriving_reg <= rst ? {LATENCY{1'b0}} : arriving[LATENCY-1:0];

endmodule

`resetall
