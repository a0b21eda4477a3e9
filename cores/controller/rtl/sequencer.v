`resetall
`default_nettype none

/*
 * Issues the positions of CONV commands, one a cycle, without a gap between passes: pass_loop and position_loop count them.
 *
 * A pass (one oc tile, ic tile, kernel tap) is taken when its weights are in the shadow registers and the activations that it reads
 * are written (tiles_done has reached `after`, counted on by one each ic tile where asked); an oc tile's last pass waits for its
 * thresholds too, or each of its positions for space for its result. With hold, sums stay in the accumulators instead, and a command with
 * resume goes on with them. Mode READ walks the same loops without weights and reads activations only, once no raw result is on its way.
 *
 * What a pass waits for is looked at while the one before it goes out: start_ok_reg, two cycles before its first position. Passes
 * are 4 cycles apart or more, as their weights are. Space is counted here: result_freed and read_freed give back a place each.
 * A claim (tile_take, set_take) comes in the cycle after the pass is taken; issue_*, result_reserve and read_reserve in the cycle after their
 * position was decided on, errors a cycle later.
 */
module sequencer #(
    // Words of the activation memory: at most 2^20
    parameter ACT_DEPTH = 8192,
    // Accumulators in a column
    parameter ACC_DEPTH = 1024,
    // Result positions that their buffer holds
    parameter OUT_DEPTH = 64,
    // Places for what a READ returns
    parameter READ_DEPTH = 16,
    // Words that share one: a power of two
    parameter READ_WORDS = 4,
    // Width of a descriptor (derived)
    parameter CFG_W = 64*7,
    // Width of an activation address (derived)
    parameter ACT_ADDR_W = $clog2(ACT_DEPTH),
    // Width of an accumulator address (derived)
    parameter ACC_ADDR_W = $clog2(ACC_DEPTH)
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire                  clear,             // a program begins: convs_issued starts at 0
    // Descriptor of a CONV command, already checked field by field: its beats, the first lowest
    input  wire                  cfg_valid,
    output wire                  cfg_ready,
    input  wire [CFG_W-1:0]      cfg_data,
    input  wire [15:0]           cfg_sequence,
    // Weight tiles
    input  wire                  tile_ready,
    input  wire                  tile_last,
    output reg                   tile_take,
    // Output tiles written to the activation memory
    input  wire [23:0]           tiles_done,
    // Threshold sets
    input  wire                  set_ready,
    output reg                   set_take,
    // Places for results: raw ones, and words read back, several in one
    input  wire                  result_freed,
    input  wire                  result_empty,
    output reg                   result_reserve,
    input  wire                  read_freed,
    output reg                   read_reserve,
    // Issued position
    output reg                   issue_valid,
    output reg                   issue_read,
    output reg                   issue_swap,
    output reg                   issue_zero,
    output reg  [ACT_ADDR_W-1:0] issue_act_addr,
    output reg                   issue_first,
    output reg                   issue_last,
    output reg                   issue_relu,
    output reg                   issue_codes,
    output reg                   issue_pool,
    output reg                   issue_raise,
    output reg                   issue_final,
    output reg  [ACC_ADDR_W-1:0] issue_acc_addr,
    // State
    output reg  [23:0]           convs_issued,      // CONV commands whose last position has been issued
    output wire                  stall_weights,
    output wire                  stall_activations,
    output wire                  stall_thresholds,
    output wire                  stall_output,
    output reg                   error_act_overflow,
    output reg                   error_acc_overflow,
    output reg                   error_weights_short,
    output reg                   error_weights_long,
    output reg  [15:0]           error_sequence     // of the command that the position belongs to
);

// Coordinates inside the map; negative ones appear as large unsigned numbers.
localparam COORD_W = 18;

`include "program_format.vh"

generate
    if (CFG_W != 64*CONV_BEATS) begin : g_check_descriptor
        ERROR_sequencer_CFG_W_must_be_that_of_a_descriptor error();
    end
    if (ACT_DEPTH > 1048576) begin : g_check_act_depth
        ERROR_sequencer_ACT_DEPTH_must_be_at_most_1048576 error();
    end
endgenerate

// ---- the CONV command in work
reg        busy_reg;
reg        read_reg, codes_reg, relu_reg, pool_reg, resume_reg, hold_reg;
reg [15:0] sequence_reg;

wire [1:0] cfg_mode = cfg_data[64*CONV_MODE_BEAT + CONV_MODE_LOW +: 2];
wire       accept   = cfg_valid && cfg_ready;
wire       last_issued;

assign cfg_ready = !busy_reg;

always @(posedge clk) begin
    if (accept) begin
        busy_reg     <= 1'b1;
        read_reg     <= cfg_mode == MODE_READ;
        codes_reg    <= cfg_mode == MODE_CODES;
        relu_reg     <= cfg_mode == MODE_RELU;
        pool_reg     <= cfg_data[64*CONV_POOL_BEAT + CONV_POOL_LOW];
        resume_reg   <= cfg_data[64*CONV_RESUME_BEAT + CONV_RESUME_LOW];
        hold_reg     <= cfg_data[64*CONV_HOLD_BEAT + CONV_HOLD_LOW];
        sequence_reg <= cfg_sequence;
    end
    if (last_issued || rst) busy_reg <= 1'b0;
end

// ---- the next pass, and whether it may start
// pass_take and issue move 300 registers each; `takes` and stays_reg say the same to the few that decide.
wire                pass_take, takes;
reg                 stays_reg;              // no position goes out in this cycle
wire                pass_valid, pass_settled, pass_needed_ok, pass_first, pass_last, pass_final, pass_raise;
wire [23:0]         pass_addr;
wire [COORD_W-1:0]  pass_y, pass_x;
wire [ACC_ADDR_W:0] pass_acc_addr;

pass_loop #(.COORD_W(COORD_W), .ACC_DEPTH(ACC_DEPTH), .CFG_W(CFG_W)) u_pass_loop (
    .clk(clk), .rst(rst), .start(accept), .cfg_data(cfg_data), .take(pass_take), .tiles_done(tiles_done),
    .valid(pass_valid), .settled(pass_settled), .needed_ok(pass_needed_ok),
    .act_addr(pass_addr), .y(pass_y), .x(pass_x), .acc_addr(pass_acc_addr),
    .first(pass_first), .last(pass_last), .command_last(pass_final), .raise(pass_raise)
);

wire sums_leave = pass_last && !hold_reg;
wire tile_ok    = pass_settled && (read_reg || tile_ready);
wire acts_ok    = pass_needed_ok && (!read_reg || result_empty);
wire set_ok     = !(sums_leave && codes_reg) || set_ready;
wire waits      = takes ? !pass_final : pass_valid;     // for what the next pass needs
wire no_tile    = takes || !tile_ok;

reg  start_ok_reg;
reg  [1:0] no_weights_reg, no_acts_reg, no_set_reg;     // what kept a pass from starting one and two cycles ago

always @(posedge clk) begin
    start_ok_reg   <= pass_valid && !takes && tile_ok && acts_ok && set_ok;
    no_weights_reg <= {no_weights_reg[0], waits && no_tile && !read_reg};
    no_acts_reg    <= {no_acts_reg[0], waits && (no_tile ? read_reg : !acts_ok)};
    no_set_reg     <= {no_set_reg[0], waits && !no_tile && acts_ok && !set_ok};
    tile_take      <= takes && !read_reg;
    set_take       <= takes && sums_leave && codes_reg;
    if (rst) begin
        start_ok_reg   <= 1'b0;
        no_weights_reg <= 2'd0;
        no_acts_reg    <= 2'd0;
        no_set_reg     <= 2'd0;
        tile_take      <= 1'b0;
        set_take       <= 1'b0;
    end
end

// ---- the position that is due
reg                 first_reg, last_reg, final_reg, raise_reg;     // of its pass
reg                 raw_reg;                                       // its sum leaves as it is
wire                position_valid, position_last, position_first, in_map;
wire [23:0]         act_addr;
wire [ACC_ADDR_W:0] acc_addr;
wire                next_result_space, next_read_space;
reg                 issue;                                          // it goes out in this cycle

position_loop #(.COORD_W(COORD_W), .CFG_W(CFG_W), .ACC_ADDR_W(ACC_ADDR_W)) u_position_loop (
    .clk(clk), .rst(rst), .start(accept), .cfg_data(cfg_data),
    .take(pass_take), .pass_addr(pass_addr), .pass_y(pass_y), .pass_x(pass_x), .pass_acc_addr(pass_acc_addr),
    .advance(issue), .valid(position_valid), .last(position_last), .first(position_first),
    .act_addr(act_addr), .in_map(in_map), .acc_addr(acc_addr)
);

assign pass_take         = start_ok_reg && (!position_valid || (issue && position_last));
assign takes             = start_ok_reg && (!position_valid || (!stays_reg && position_last));
assign last_issued       = !stays_reg && position_last && final_reg;
assign stall_weights     = !position_valid && no_weights_reg[1];
assign stall_activations = !position_valid && no_acts_reg[1];
assign stall_thresholds  = !position_valid && no_set_reg[1];
assign stall_output      = position_valid && stays_reg;

wire next_valid = takes || (position_valid && (stays_reg || !position_last));
wire pass_raw   = sums_leave && !codes_reg && !read_reg;
wire next_raw   = takes ? pass_raw : raw_reg;

// A word that a READ returns takes a place if it is the first of those that share it, from the command's first word on.
wire begins, next_begins;

generate
    if (READ_WORDS == 1) begin : g_place_each
        assign begins      = read_reg;
        assign next_begins = read_reg;
    end else begin : g_place_shared
        reg [$clog2(READ_WORDS)-1:0] word_reg;     // of its place, due
        always @(posedge clk) begin
            if (issue) word_reg <= word_reg + 1'b1;
            if (accept) word_reg <= 0;
        end
        assign begins      = read_reg && word_reg == 0;
        assign next_begins = read_reg && (stays_reg ? word_reg == 0 : &word_reg);
    end
endgenerate

wire next_issue = next_valid && (!next_raw || next_result_space) && (!next_begins || next_read_space);

always @(posedge clk) begin
    issue     <= !rst && next_issue;
    stays_reg <= rst || !next_issue;
end

always @(posedge clk) if (pass_take) begin
    first_reg <= pass_first && !resume_reg;
    last_reg  <= sums_leave;
    final_reg <= pass_final;
    raise_reg <= pass_raise;
    raw_reg   <= pass_raw;
end

// verilator lint_off PINCONNECTEMPTY
stream_credits #(.COUNT(OUT_DEPTH)) result_credits (
    .clk(clk), .rst(rst), .take(!stays_reg && raw_reg), .give(result_freed),
    .next_available(next_result_space), .available());
stream_credits #(.COUNT(READ_DEPTH)) read_credits (
    .clk(clk), .rst(rst), .take(!stays_reg && begins), .give(read_freed),
    .next_available(next_read_space), .available());
// verilator lint_on PINCONNECTEMPTY

// ---- issue
always @(posedge clk) begin
    issue_valid    <= issue && !read_reg && !rst;
    issue_read     <= issue && read_reg && !rst;
    issue_swap     <= issue && position_first && !read_reg && !rst;
    issue_final    <= last_issued && !rst;
    result_reserve <= issue && raw_reg && !rst;
    read_reserve   <= issue && begins && !rst;
end

always @(posedge clk) begin
    issue_zero     <= !in_map;
    issue_act_addr <= act_addr[ACT_ADDR_W-1:0];
    issue_first    <= first_reg;
    issue_last     <= last_reg;
    issue_relu     <= relu_reg;
    issue_codes    <= codes_reg;
    issue_pool     <= pool_reg;
    issue_raise    <= raise_reg;
    issue_acc_addr <= acc_addr[ACC_ADDR_W-1:0];
end

// ---- state
reg        act_over_reg, acc_over_reg;
reg [15:0] issue_sequence_reg;

always @(posedge clk) begin
    convs_issued        <= rst || clear ? 24'd0 : convs_issued + {23'd0, issue_final};
    act_over_reg        <= {8'd0, act_addr} >= ACT_DEPTH;
    acc_over_reg        <= {{31-ACC_ADDR_W{1'b0}}, acc_addr} >= ACC_DEPTH;
    error_act_overflow  <= !rst && (issue_valid || issue_read) && !issue_zero && act_over_reg;
    error_acc_overflow  <= !rst && issue_valid && acc_over_reg;
    error_weights_short <= !rst && tile_take && tile_last && !final_reg;
    error_weights_long  <= !rst && tile_take && !tile_last && final_reg;
    issue_sequence_reg  <= sequence_reg;
    error_sequence      <= issue_sequence_reg;
end

endmodule

`resetall
