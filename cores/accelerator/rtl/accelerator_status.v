`resetall
`default_nettype none

/*
 * What the accelerator says of itself: open CONV commands, whether the engine is idle, its errors, the watchdog, performance
 * counters, log, registers.
 *
 * Everything that is counted or shown goes through a register first, all of it through one: counters and log are those of the cycle
 * before, in step. engine_idle is a register: it has fallen in the cycle after the first one with cfg_valid, stays low while a
 * command is open, and rises two cycles after the last out_final or read_final, one after the others have ended. The engine's errors
 * go to the decoder through registers, with code and sequence of their cycle.
 */
module accelerator_status #(
    // Words of constant registers, see accelerator.rdl
    parameter [31:0] ARRAY      = 32'd0,
    parameter [31:0] ACT_DEPTH  = 32'd0,
    parameter [31:0] ACC_DEPTH  = 32'd0,
    parameter [31:0] DEPTHS     = 32'd0,
    parameter [31:0] FORMAT     = 32'd0,
    parameter [31:0] BUILD_HASH = 32'd0,
    parameter [31:0] POSTPROC   = 32'd0,
    parameter [31:0] STYLE      = 32'd0,
    // Bits of the result stream: 64, or 128, two beats at a time
    parameter STREAM_W = 64,
    // CONV commands that the log holds, and the read latency of its memory
    parameter LOG_DEPTH         = 512,
    parameter SRAM_LATENCY      = 2,
    // Cycles without movement after which the watchdog barks
    parameter WATCHDOG          = 1024
) (
    input  wire        clk,
    input  wire        aresetn,
    // Reset of all but the registers / of the engine, also while an error is kept
    input  wire        rst,
    input  wire        engine_rst,

    input  wire [11:0] s_axil_awaddr,
    input  wire [2:0]  s_axil_awprot,
    input  wire        s_axil_awvalid,
    output wire        s_axil_awready,
    input  wire [31:0] s_axil_wdata,
    input  wire [3:0]  s_axil_wstrb,
    input  wire        s_axil_wvalid,
    output wire        s_axil_wready,
    output wire [1:0]  s_axil_bresp,
    output wire        s_axil_bvalid,
    input  wire        s_axil_bready,
    input  wire [11:0] s_axil_araddr,
    input  wire [2:0]  s_axil_arprot,
    input  wire        s_axil_arvalid,
    output wire        s_axil_arready,
    output wire [31:0] s_axil_rdata,
    output wire [1:0]  s_axil_rresp,
    output wire        s_axil_rvalid,
    input  wire        s_axil_rready,
    output wire        soft_reset,
    output wire        irq,

    // Streams: a beat is offered to the accelerator; words into the decoder; out of the accelerator
    input  wire        in_beat,
    input  wire        in_valid,
    input  wire        in_ready,
    input  wire        out_valid,
    input  wire        out_ready,

    // Decoder
    input  wire        program_start,       // a cycle after the program's first beat
    input  wire [31:0] program_id,
    input  wire        cfg_valid,
    input  wire        cfg_ready,
    input  wire        loading,
    input  wire        draining,
    input  wire        finishing,
    input  wire        trailer_request,
    input  wire        trailer_done,
    input  wire        error,
    input  wire [7:0]  error_code,
    input  wire [15:0] error_sequence,
    input  wire [7:0]  last_opcode,
    input  wire [15:0] last_sequence,
    input  wire [3:0]  decoder_state,

    // Engine: positions, movements
    input  wire        issue_valid,
    input  wire        issue_read,
    input  wire        issue_final,
    input  wire        out_final,
    input  wire        load_valid,
    input  wire        wr_valid,
    input  wire        image_moves,
    input  wire        thr_moves,
    input  wire        stall_weights,
    input  wire        stall_activations,
    input  wire        stall_thresholds,
    input  wire        stall_output,
    input  wire        post_busy,
    input  wire        result_empty,
    input  wire        read_empty,

    // Errors, each with the sequence of its command beside it
    input  wire        error_act_overflow,
    input  wire        error_acc_overflow,
    input  wire        error_weights_short,
    input  wire        error_weights_long,
    input  wire        error_weights_torn,  // the rest of a tile never comes: an error once the engine waits for it
    input  wire        error_write_overflow,
    input  wire [15:0] write_sequence,
    input  wire [15:0] issue_sequence,      // of the command whose positions are issued, in step with its errors

    output wire        engine_idle,
    output wire        engine_error,
    output wire [7:0]  engine_error_code,
    output wire [15:0] engine_error_sequence
);

`include "accelerator_registers.vh"
`include "program_format.vh"

localparam COUNTERS = 9;
localparam LOGGED   = 6;

reg reset_reg;

always @(posedge clk) reset_reg <= !aresetn;

// ---- open commands: those that the sequencer has taken and whose last result is not out
reg  [4:0]  open_reg;           // less the one that was taken in the cycle before
reg         taken_reg;
reg         idle_reg;
wire        read_final = issue_final && issue_read;
wire        open       = open_reg != 5'd0 || taken_reg;

assign engine_idle = idle_reg;

always @(posedge clk) begin
    taken_reg <= cfg_valid && cfg_ready && !engine_rst;
    open_reg  <= open_reg + {4'd0, taken_reg} - {4'd0, out_final} - {4'd0, read_final};
    idle_reg  <= !cfg_valid && !open && !post_busy && result_empty && read_empty;
    if (engine_rst) open_reg <= 5'd0;
end

// ---- a register before all that is counted or shown
reg program_start_reg, done_event_reg, error_event_reg, open_before_reg, loading_reg, finishing_reg, trailer_request_reg;
reg word_in_reg, word_in_before_reg, beat_out_reg, output_blocked_reg, input_starved_reg, input_waits_reg;
reg issue_valid_reg, issue_read_reg, load_valid_reg, wr_valid_reg, image_moves_reg, thr_moves_reg;
reg stall_weights_reg, stall_activations_reg, stall_thresholds_reg, stall_output_reg;

always @(posedge clk) begin
    program_start_reg     <= program_start && !rst;
    done_event_reg        <= trailer_done && !error && !rst;
    error_event_reg       <= trailer_done && error && !rst;
    open_before_reg       <= open;
    loading_reg           <= loading;
    finishing_reg         <= finishing;
    trailer_request_reg   <= trailer_request;
    word_in_reg           <= in_valid && in_ready;              // in step with program_start
    word_in_before_reg    <= word_in_reg;
    beat_out_reg          <= out_valid && out_ready;
    output_blocked_reg    <= out_valid && !out_ready;
    input_starved_reg     <= in_ready && !in_valid && !in_beat;
    input_waits_reg       <= in_valid && !in_ready;
    issue_valid_reg       <= issue_valid;
    issue_read_reg        <= issue_read;
    load_valid_reg        <= load_valid;
    wr_valid_reg          <= wr_valid;
    image_moves_reg       <= image_moves;
    thr_moves_reg         <= thr_moves;
    stall_weights_reg     <= stall_weights;
    stall_activations_reg <= stall_activations;
    stall_thresholds_reg  <= stall_thresholds;
    stall_output_reg      <= stall_output;
end

// ---- state
reg        running_reg;         // a program is between its first beat and the end of its trailer
reg        done_reg;
reg [2:0]  engine_state;
reg [31:0] status_reg;

always @* begin
    if (!open_before_reg) engine_state = ENGINE_IDLE;
    else if (stall_output_reg) engine_state = ENGINE_OUTPUT_BLOCKED;
    else if (stall_weights_reg) engine_state = ENGINE_WAITS_FOR_WEIGHTS;
    else if (stall_activations_reg) engine_state = ENGINE_WAITS_FOR_ACTIVATIONS;
    else if (stall_thresholds_reg) engine_state = ENGINE_WAITS_FOR_THRESHOLDS;
    else engine_state = ENGINE_RUNS;
end

always @(posedge clk) begin
    if (done_event_reg || error_event_reg) {running_reg, done_reg} <= 2'b01;
    if (program_start_reg) {running_reg, done_reg} <= 2'b10;
    if (rst) {running_reg, done_reg} <= 2'b00;
    status_reg <= {14'd0, input_starved_reg, output_blocked_reg, 1'd0, engine_state, decoder_state, 4'd0, draining, error, done_reg,
                   running_reg};
end

// ---- watchdog
wire moved = issue_valid_reg || issue_read_reg || load_valid_reg || wr_valid_reg || beat_out_reg || image_moves_reg || thr_moves_reg;
wire stuck;

watchdog #(.LIMIT(WATCHDOG)) u_watchdog (
    .clk(clk), .rst(engine_rst),
    .waiting(running_reg && !output_blocked_reg && !trailer_request_reg && (finishing_reg || input_waits_reg)),
    .moved(moved),
    .stuck(stuck)
);

// ---- errors
reg        engine_error_reg;
reg [7:0]  engine_error_code_reg;
reg [15:0] engine_error_sequence_reg;

assign engine_error          = engine_error_reg;
assign engine_error_code     = engine_error_code_reg;
assign engine_error_sequence = engine_error_sequence_reg;

always @(posedge clk) begin
    engine_error_reg          <= !engine_rst && (error_act_overflow || error_write_overflow || error_acc_overflow ||
                                                 error_weights_short || error_weights_long ||
                                                 (error_weights_torn && stall_weights) || stuck);
    engine_error_code_reg     <= error_act_overflow || error_write_overflow ? ERROR_ACT_OVERFLOW :
                                 error_acc_overflow ? ERROR_ACC_OVERFLOW :
                                 error_weights_long ? ERROR_WEIGHTS_LONG :
                                 error_weights_short || stall_weights ? ERROR_WEIGHTS_SHORT :
                                 stall_thresholds ? ERROR_THRESHOLDS_SHORT : ERROR_NEVER_READY;
    engine_error_sequence_reg <= error_write_overflow ? write_sequence : issue_sequence;
end

// ---- counters, in the order of the register map, and the log: what was counted before the cycle after a command's last position
reg                    clear_reg, issue_final_reg;
wire [COUNTERS*32-1:0] counters_low, counters_high;
wire [15:0]            log_count, log_index;
wire [LOGGED*32-1:0]   log_entry;
wire [COUNTERS-1:0]    count = {COUNTERS{running_reg || program_start_reg}} & {
    stall_thresholds_reg,
    beat_out_reg,
    word_in_before_reg,             // of two beats
    stall_output_reg,
    stall_activations_reg || (loading_reg && !open_before_reg),
    stall_weights_reg,
    issue_valid_reg,
    open_before_reg,
    1'b1
};

always @(posedge clk) begin
    clear_reg       <= program_start || !aresetn;
    issue_final_reg <= issue_final;
end

localparam [COUNTERS-1:0] TWICE = STREAM_W == 128 ? 9'b011000000 : 9'b001000000;

performance_counters #(.COUNTERS(COUNTERS), .TWICE(TWICE)) u_performance_counters (
    .clk(clk), .clear(clear_reg), .count(count), .low(counters_low), .high(counters_high)
);

layer_log #(.COUNTERS(LOGGED), .DEPTH(LOG_DEPTH), .LATENCY(SRAM_LATENCY)) u_layer_log (
    .clk(clk), .clear(clear_reg), .write(issue_final_reg),
    .counters({counters_low[8*32 +: 32], counters_low[5*32 +: 32], counters_low[4*32 +: 32], counters_low[3*32 +: 32],
               counters_low[2*32 +: 32], counters_low[0 +: 32]}),
    .count(log_count), .rd_index(log_index), .rd_entry(log_entry)
);

// ---- registers
axil_registers #(
    .ARRAY(ARRAY), .ACT_DEPTH(ACT_DEPTH), .ACC_DEPTH(ACC_DEPTH), .DEPTHS(DEPTHS), .FORMAT(FORMAT), .BUILD_HASH(BUILD_HASH),
    .POSTPROC(POSTPROC), .STYLE(STYLE), .LOG_DEPTH(LOG_DEPTH[15:0]), .COUNTERS(COUNTERS), .LOG_WORDS(LOGGED)
) u_axil_registers (
    .clk(clk), .rst(reset_reg),
    .s_axil_awaddr(s_axil_awaddr), .s_axil_awprot(s_axil_awprot), .s_axil_awvalid(s_axil_awvalid), .s_axil_awready(s_axil_awready),
    .s_axil_wdata(s_axil_wdata), .s_axil_wstrb(s_axil_wstrb), .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready),
    .s_axil_bresp(s_axil_bresp), .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready),
    .s_axil_araddr(s_axil_araddr), .s_axil_arprot(s_axil_arprot), .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready),
    .s_axil_rdata(s_axil_rdata), .s_axil_rresp(s_axil_rresp), .s_axil_rvalid(s_axil_rvalid), .s_axil_rready(s_axil_rready),
    .soft_reset(soft_reset), .irq(irq),
    .event_done(done_event_reg), .event_error(error_event_reg),
    .status(status_reg), .error({error_sequence, 8'd0, error_code}), .command({last_sequence, 8'd0, last_opcode}),
    .program_id(program_id), .counters_low(counters_low), .counters_high(counters_high),
    .log_count(log_count), .log_index(log_index), .log_entry(log_entry)
);

endmodule

`resetall
