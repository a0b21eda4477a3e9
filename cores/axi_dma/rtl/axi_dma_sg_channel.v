`resetall
`default_nettype none

/*
 * Works through one channel's chain of descriptors: fetches them, hands their buffers to the channel's engine, writes their status.
 *
 * The next descriptor is fetched while the present one is worked on, and starts while the latter's status is still being written.
 * Fetching ends with the tail descriptor (armed falls) and with an error. An error is reported when everything that has begun has
 * ended; nothing starts after it before a reset. run = 0: the present descriptor is completed, one that was fetched ahead is dropped.
 */
module axi_dma_sg_channel #(
    // Width of an address in bits
    parameter ADDR_W = 40,
    // Width of a length in bytes: at most 26
    parameter LENGTH_W = 26,
    // 1: memory to stream, 0: stream to memory
    parameter TRANSMIT = 1
) (
    input  wire                clk,
    input  wire                rst,
    // Start nothing: a reset is in progress
    input  wire                hold,
    // Registers; addresses of descriptors are multiples of 64 bytes
    input  wire                run,
    input  wire                cyclic,
    input  wire                armed,
    input  wire [ADDR_W-7:0]   current,
    input  wire [ADDR_W-7:0]   tail,
    output wire                tail_fetched,
    output wire                started,
    output wire [ADDR_W-7:0]   started_addr,
    output wire                packet_done,
    // errors: [0] internal, [1] slave, [2] decode; [5:3] the same of the descriptor itself
    output wire                failed,
    output wire [5:0]          failed_errors,
    output wire [ADDR_W-7:0]   failed_addr,
    output wire                active,
    // Descriptors
    output wire                fetch,
    output wire [ADDR_W-7:0]   fetch_addr,
    input  wire                fetched,
    input  wire [1:0]          fetched_errors,
    input  wire [ADDR_W-7:0]   fetched_next,
    input  wire [ADDR_W-1:0]   fetched_buffer,
    input  wire [LENGTH_W-1:0] fetched_length,
    input  wire                fetched_last,
    input  wire                fetched_complete,
    output wire                update,
    output wire [ADDR_W-7:0]   update_addr,
    output wire [31:0]         update_status,
    input  wire                updated,
    input  wire [1:0]          updated_errors,
    // Engine; may_start: it has something to work on
    input  wire                may_start,
    output wire                start,
    output wire [ADDR_W-1:0]   start_addr,
    output wire [LENGTH_W-1:0] start_length,
    output wire                start_last,
    input  wire                done,
    input  wire [2:0]          done_errors,
    input  wire [LENGTH_W-1:0] done_length,
    input  wire                done_last
);

`include "pg021.vh"

// Fetch
reg                loaded_reg;
reg                fetch_reg;
reg [ADDR_W-7:0]   pointer_reg;
reg                next_valid_reg;
reg [ADDR_W-7:0]   next_addr_reg;
reg [ADDR_W-1:0]   next_buffer_reg;
reg [LENGTH_W-1:0] next_length_reg;
reg                next_last_reg;
reg                tail_fetched_reg;
reg [5:0]          errors_reg;
wire               start_next;
wire               at_rest;
wire               drop;

wire stale      = fetched_complete && !cyclic;
wire fetch_good = fetched && fetched_errors == 0 && !stale;
wire fetch_next = loaded_reg && run && armed && !hold && !fetch_reg && !next_valid_reg && errors_reg == 0;

assign fetch        = fetch_reg;
assign fetch_addr   = pointer_reg;
assign tail_fetched = tail_fetched_reg;

always @(posedge clk) begin
    loaded_reg       <= run ? loaded_reg || !hold : loaded_reg && active;
    fetch_reg        <= fetch_next || (fetch_reg && !fetched);
    next_valid_reg   <= fetch_good || (next_valid_reg && !start_next && !drop);
    tail_fetched_reg <= fetch_good && pointer_reg == tail;
    if (!loaded_reg) begin
        pointer_reg <= current;
    end else if (fetch_good) begin
        pointer_reg     <= fetched_next;
        next_addr_reg   <= pointer_reg;
        next_buffer_reg <= fetched_buffer;
        next_length_reg <= fetched_length;
        next_last_reg   <= fetched_last;
    end
    if (rst) begin
        loaded_reg       <= 1'b0;
        fetch_reg        <= 1'b0;
        next_valid_reg   <= 1'b0;
        tail_fetched_reg <= 1'b0;
    end
end

// Work
reg                executing_reg;
reg                finished_reg;
reg                start_reg;
reg [ADDR_W-7:0]   addr_reg;
reg [ADDR_W-1:0]   buffer_reg;
reg [LENGTH_W-1:0] length_reg;
reg                last_reg;
reg                in_packet_reg;
reg                update_reg;
wire               hand_over = finished_reg && !update_reg;
wire               at_work   = executing_reg || finished_reg;

assign start_next   = next_valid_reg && !at_work && run && !hold && errors_reg == 0 && may_start;
assign drop         = at_rest && (!run || errors_reg != 0);
assign start        = start_reg;
assign start_addr   = buffer_reg;
assign start_length = length_reg;
assign start_last   = last_reg;
assign started      = start_reg;
assign started_addr = addr_reg;

always @(posedge clk) begin
    start_reg     <= start_next;
    executing_reg <= start_next || (executing_reg && !done);
    finished_reg  <= (executing_reg && done) || (finished_reg && update_reg);
    if (start_next) begin
        addr_reg   <= next_addr_reg;
        buffer_reg <= next_buffer_reg;
        length_reg <= next_length_reg;
        last_reg   <= next_last_reg;
    end
    if (hand_over) in_packet_reg <= !done_last;
    if (rst) begin
        start_reg     <= 1'b0;
        executing_reg <= 1'b0;
        finished_reg  <= 1'b0;
        in_packet_reg <= 1'b0;
    end
end

// Status word; Cmplt is set with an error, too
reg [ADDR_W-7:0]   update_addr_reg;
reg [2:0]          update_errors_reg;
reg [1:0]          update_flags_reg;
reg [LENGTH_W-1:0] update_length_reg;
reg                update_packet_reg;
reg                packet_done_reg;
wire               packet      = TRANSMIT != 0 ? last_reg : done_last;
wire               update_good = updated && updated_errors == 0 && update_errors_reg == 0;

reg [31:0] status_word;

always @* begin
    status_word                                    = 32'd0;
    status_word[STATUS_CMPLT]                      = 1'b1;
    status_word[STATUS_DMADECERR:STATUS_DMAINTERR] = update_errors_reg;
    status_word[STATUS_SOF:STATUS_EOF]             = update_flags_reg;
    status_word[LENGTH_W-1:0]                      = update_length_reg;
end

assign update        = update_reg;
assign update_addr   = update_addr_reg;
assign update_status = status_word;
assign packet_done   = packet_done_reg;

always @(posedge clk) begin
    update_reg      <= hand_over || (update_reg && !updated);
    packet_done_reg <= update_good && update_packet_reg;
    if (hand_over) begin
        update_addr_reg   <= addr_reg;
        update_errors_reg <= done_errors;
        update_flags_reg  <= TRANSMIT != 0 ? 2'b00 : {!in_packet_reg, done_last};
        update_length_reg <= TRANSMIT == 0 ? done_length : done_errors == 0 ? length_reg : {LENGTH_W{1'b0}};
        update_packet_reg <= packet;
    end
    if (rst) begin
        update_reg      <= 1'b0;
        packet_done_reg <= 1'b0;
    end
end

// Errors; of two descriptors the earlier one is named
reg              failed_reg;
reg              reported_reg;
reg [ADDR_W-7:0] failed_addr_reg;
wire             report = errors_reg != 0 && at_rest && !next_valid_reg && !reported_reg && !hold;

assign at_rest       = !fetch_reg && !at_work && !update_reg;
assign active        = !at_rest || next_valid_reg || packet_done_reg || (errors_reg != 0 && !reported_reg);
assign failed        = failed_reg;
assign failed_errors = errors_reg;
assign failed_addr   = failed_addr_reg;

always @(posedge clk) begin
    failed_reg   <= report;
    reported_reg <= reported_reg || report;
    errors_reg   <= errors_reg | (fetched ? {fetched_errors[1], fetched_errors[0], stale && fetched_errors == 0, 3'b000} : 6'd0)
        | (updated ? {updated_errors[1], updated_errors[0], 4'b0000} : 6'd0)
        | (hand_over ? {3'b000, done_errors} : 6'd0);
    if (updated && !update_good) failed_addr_reg <= update_addr_reg;
    else if (fetched && !fetch_good && errors_reg == 0) failed_addr_reg <= pointer_reg;
    if (rst) begin
        failed_reg   <= 1'b0;
        reported_reg <= 1'b0;
        errors_reg   <= 6'd0;
    end
end

endmodule

`resetall
