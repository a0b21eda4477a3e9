`resetall
`default_nettype none

/*
 * Weight-stationary array of N x N processing elements with accumulators at the foot of each column.
 *
 * Row r holds input channel r, column c output channel c. An activation vector enters with its swap bit and the command for
 * the accumulators; row r sees it r cycles later, column c another column_delay(c) cycles later. Column c is column 0 delayed by
 * these cycles, accumulator addresses included, and so are its results.
 *
 * The first DSP_COLUMNS columns are pairs, each with a chain of DSPs whose PEs are two of its row's (tech_dsp_pair); they share
 * all that runs along the rows, so that a pair takes a cycle, as a column of pe does.
 *
 * Weight rows enter on the same diagonal: row groups (ROWS rows at once) travel down with their index, so that a group sent
 * in the cycle of a swap or later is seen by every PE after that swap, wherever the PE is. A pass therefore needs no bubble:
 *   load of group g in cycle t serves the first swap in a cycle > t, and must not come before the cycle of the previous swap.
 */
module mac_array #(
    // Rows and columns: a power of two, 8 to 64
    parameter N = 8,
    // Weight rows loaded in one cycle: 1 or 2
    parameter ROWS = 2,
    // Columns whose PEs are DSPs, two in one: even, 0 to N
    parameter DSP_COLUMNS = 0,
    // Rows after which a chain of DSPs goes through the fabric, in the same cycle: 0 never
    parameter DSP_CHAIN = 0,
    // Bits of an unsigned activation
    parameter ACT_W = 4,
    // Bits of a signed weight
    parameter WGT_W = 4,
    // Bits of a signed accumulator: at least 28
    parameter ACC_W = 28,
    // Accumulators in a column
    parameter ACC_DEPTH = 1024,
    // Read latency of the accumulator memories: 1 or 2
    parameter SRAM_LATENCY = 2,
    // Bits that travel with a command and come out with its result
    parameter TAG_W = 1,
    // Width of the row group's index (derived)
    parameter INDEX_W = $clog2(N / ROWS),
    // Width of an accumulator address (derived)
    parameter ADDR_W = $clog2(ACC_DEPTH)
) (
    input  wire                      clk,
    input  wire                      rst,
    // Weight rows: row k of the group in bits [k*N*WGT_W +: N*WGT_W], column c in bits [c*WGT_W +: WGT_W] of a row
    input  wire                      load_valid,
    input  wire [INDEX_W-1:0]        load_index,
    input  wire [ROWS*N*WGT_W-1:0]   load_data,
    // Activations: row r in bits [r*ACT_W +: ACT_W]
    input  wire [N*ACT_W-1:0]        act_data,
    input  wire                      act_swap,
    // Command for the accumulators, valid with the activations
    input  wire                      acc_valid,
    input  wire                      acc_first,
    input  wire                      acc_last,
    input  wire                      acc_relu,
    input  wire                      acc_raise,
    input  wire                      acc_final,
    input  wire [TAG_W-1:0]          acc_tag,
    input  wire [ADDR_W-1:0]         acc_addr,
    // Results: column c in bits [c*ACC_W +: ACC_W], column_delay(c) cycles after column 0; its tag in bits [c*TAG_W +: TAG_W]
    output wire [N-1:0]              out_valid,
    output wire [N*ACC_W-1:0]        out_data,
    output wire [N*TAG_W-1:0]        out_tag,
    // The final result has left the last column
    output wire                      out_final
);

`include "column_delay.vh"

// What runs along a row has a stage a column, or a pair.
localparam STAGES  = column_delay(N - 1) + 1;
localparam PSUM_W  = psum_w(N);
localparam LANES_W = ROWS * WGT_W;
// Cycles from an activation at row 0 to its partial sum at the foot of column 0.
localparam PSUM_DELAY = N + 2;
localparam COMMAND_W  = ADDR_W + 5;
// Cycles from a column's command to its result
localparam RESULT_DELAY = SRAM_LATENCY + 2;

// Bits of the sum of so many rows
function integer psum_w(input integer rows);
    psum_w = 1 + $clog2(rows * ((1 << ACT_W) - 1) << (WGT_W - 1));
endfunction

generate
    if (N < 8 || N > 64 || (N & (N - 1)) != 0) begin : g_check_n
        ERROR_mac_array_N_must_be_a_power_of_two_8_to_64 error();
    end
    if (ROWS != 1 && ROWS != 2) begin : g_check_rows
        ERROR_mac_array_ROWS_must_be_1_or_2 error();
    end
    if (ACC_W < 28 || ACC_W > 32) begin : g_check_acc_w
        ERROR_mac_array_ACC_W_must_be_28_to_32 error();
    end
    if (DSP_COLUMNS < 0 || DSP_COLUMNS > N) begin : g_check_dsp_columns
        ERROR_mac_array_DSP_COLUMNS_must_be_0_to_N error();
    end
    if (DSP_COLUMNS % 2 != 0) begin : g_check_dsp_pairs
        ERROR_mac_array_DSP_COLUMNS_must_be_even error();
    end
    if (DSP_CHAIN < 0 || DSP_CHAIN > N) begin : g_check_dsp_chain
        ERROR_mac_array_DSP_CHAIN_must_be_0_to_N error();
    end
    if (PSUM_W > 15) begin : g_check_psum
        ERROR_mac_array_PSUM_W_must_be_at_most_15 error();
    end
endgenerate

// Row r: the activations, swap bits and load bits that the PEs of its columns meet; bit or nibble s is that of the columns of stage
// s. Swap and load bits are those before the register, one cycle ahead of the activation.
wire [STAGES*ACT_W-1:0] act  [0:N-1];
wire [STAGES-1:0]       swap [0:N-1];
wire [STAGES-1:0]       load [0:N-1];
// Column c: the weight lanes that the PEs of its rows meet
wire [N*LANES_W-1:0] lanes [0:N-1];
// Partial sums: index r*N + c is what comes to row r, no wider than psum_w(r) but for its sign; of pairs that at the foot only
wire signed [PSUM_W-1:0] psum [0:(N+1)*N-1];

genvar r, c, k;

// Left edge: row r is delayed by r cycles; the swap bit and the load command run down a chain of registers.
wire               swap_chain       [0:N-1];
wire               load_valid_chain [0:N-1];
wire [INDEX_W-1:0] load_index_chain [0:N-1];

assign swap_chain[0]       = act_swap;
assign load_valid_chain[0] = load_valid;
assign load_index_chain[0] = load_index;

generate
    for (r = 0; r < N; r = r + 1) begin : g_row
        localparam GROUP_INDEX = r / ROWS;

        // One vector a row, which simulates faster than registers in the PEs
        wire [ACT_W-1:0]        act_edge;
        reg  [STAGES*ACT_W-1:0] act_reg;
        reg  [STAGES-2:0]       swap_reg, load_reg;
        delay_line #(.WIDTH(ACT_W), .CYCLES(r)) skew (
            .clk(clk), .rst(rst), .in(act_data[r*ACT_W +: ACT_W]), .out(act_edge));
        if (r > 0) begin : g_below
            delay_line #(.WIDTH(2), .CYCLES(1), .RESETTABLE(1)) down_valid (
                .clk(clk), .rst(rst),
                .in({swap_chain[r-1], load_valid_chain[r-1]}), .out({swap_chain[r], load_valid_chain[r]}));
            delay_line #(.WIDTH(INDEX_W), .CYCLES(1)) down_index (
                .clk(clk), .rst(rst), .in(load_index_chain[r-1]), .out(load_index_chain[r]));
        end
        assign act[r]  = act_reg;
        assign swap[r] = {swap_reg, swap_chain[r]};
        assign load[r] = {load_reg, load_valid_chain[r] && load_index_chain[r] == GROUP_INDEX[INDEX_W-1:0]};
        always @(posedge clk) begin
            // The reset keeps the first in a register, which the multipliers wait for: a shift-register LUT is slower.
            act_reg  <= {act_reg[(STAGES-1)*ACT_W-1:0], rst ? {ACT_W{1'b0}} : act_edge};
            swap_reg <= swap[r][STAGES-2:0];
            load_reg <= load[r][STAGES-2:0];
        end
    end
endgenerate

// Top edge: the weight lanes of column c are delayed by column_delay(c) cycles, and run down it.
generate
    for (c = 0; c < N; c = c + 1) begin : g_column
        wire [LANES_W-1:0]       lanes_in, lanes_edge;
        reg  [(N-1)*LANES_W-1:0] lanes_reg;
        for (k = 0; k < ROWS; k = k + 1) begin : g_lane
            assign lanes_in[k*WGT_W +: WGT_W] = load_data[(k*N + c)*WGT_W +: WGT_W];
        end
        delay_line #(.WIDTH(LANES_W), .CYCLES(column_delay(c))) skew (.clk(clk), .rst(rst), .in(lanes_in), .out(lanes_edge));
        assign lanes[c] = {lanes_reg, lanes_edge};
        always @(posedge clk) lanes_reg <= lanes[c][(N-1)*LANES_W-1:0];
    end
endgenerate

generate
    for (c = DSP_COLUMNS; c < N; c = c + 1) begin : g_top
        assign psum[c] = {PSUM_W{1'b0}};
    end
    for (r = 0; r < N; r = r + 1) begin : g_pe_row
        for (c = DSP_COLUMNS; c < N; c = c + 1) begin : g_pe
            localparam STAGE = column_delay(c);
            localparam SUM_W = psum_w(r + 1);
            wire signed [SUM_W-1:0] sum;
            pe #(.ACT_W(ACT_W), .WGT_W(WGT_W), .PSUM_W(SUM_W)) u_pe (
                .clk(clk),
                .act(act[r][STAGE*ACT_W +: ACT_W]),
                .swap(swap[r][STAGE]),
                .load(load[r][STAGE]),
                .weight(lanes[c][r*LANES_W + (r%ROWS)*WGT_W +: WGT_W]),
                .psum_in($signed(psum[r*N+c][SUM_W-1:0])),
                .psum_out(sum)
            );
            assign psum[(r+1)*N+c] = $signed({{PSUM_W-SUM_W{sum[SUM_W-1]}}, sum});
        end
    end
endgenerate

// Pairs: both sums run down in one word, 16 bits apart. The chain begins with 2^15, the middle of what the lower sum may be, so that
// it never borrows of the upper one; its bit 15, which that changes, is above those of a partial sum.
localparam [47:0] CHAIN_BEGIN = 48'd32768;

generate
    for (c = 0; c < DSP_COLUMNS; c = c + 2) begin : g_pair
        localparam STAGE = c / 2;
        wire [47:0] cascade [0:N];
        wire [47:0] sum     [0:N];
        assign cascade[0] = 48'd0;
        assign sum[0]     = CHAIN_BEGIN;
        for (r = 0; r < N; r = r + 1) begin : g_dsp
            localparam BREAK = DSP_CHAIN == 0 ? r == 0 : r % (DSP_CHAIN == 0 ? 1 : DSP_CHAIN) == 0;
            tech_dsp_pair #(.CASCADE(!BREAK), .ACT_W(ACT_W), .WGT_W(WGT_W)) u_pair (
                .clk(clk),
                .act(act[r][STAGE*ACT_W +: ACT_W]),
                .swap(swap[r][STAGE]),
                .load(load[r][STAGE]),
                .weight_lo(lanes[c][r*LANES_W + (r%ROWS)*WGT_W +: WGT_W]),
                .weight_hi(lanes[c+1][r*LANES_W + (r%ROWS)*WGT_W +: WGT_W]),
                .cascade_in(cascade[r]),
                .sum_in(sum[r]),
                .cascade_out(cascade[r+1]),
                .sum_out(sum[r+1])
            );
        end
        assign psum[N*N+c]   = $signed(sum[N][PSUM_W-1:0]);
        assign psum[N*N+c+1] = $signed(sum[N][16 +: PSUM_W]);
    end
endgenerate

// Foot: commands run along the columns, one cycle a stage. A command comes SRAM_LATENCY - 1 cycles before its partial sum.
localparam COMMAND_DELAY = PSUM_DELAY + 1 - SRAM_LATENCY;

wire                 command_valid [0:STAGES-1];
wire [COMMAND_W-1:0] command       [0:STAGES-1];

delay_line #(.WIDTH(1), .CYCLES(COMMAND_DELAY), .RESETTABLE(1)) delay_valid (
    .clk(clk), .rst(rst), .in(acc_valid), .out(command_valid[0]));
delay_line #(.WIDTH(COMMAND_W), .CYCLES(COMMAND_DELAY)) delay_command (
    .clk(clk), .rst(rst), .in({acc_first, acc_last, acc_relu, acc_raise, acc_final, acc_addr}), .out(command[0]));

// Tags: column c's results take theirs where a command's way along the columns, were it longer, would be by then.
wire [TAG_W-1:0] tag [0:STAGES+RESULT_DELAY-1];

delay_line #(.WIDTH(TAG_W), .CYCLES(COMMAND_DELAY)) delay_tag (.clk(clk), .rst(rst), .in(acc_tag), .out(tag[0]));

genvar s;
generate
    for (s = 1; s < STAGES + RESULT_DELAY; s = s + 1) begin : g_tag
        delay_line #(.WIDTH(TAG_W), .CYCLES(1)) next_tag (.clk(clk), .rst(rst), .in(tag[s-1]), .out(tag[s]));
    end
endgenerate

generate
    for (c = 0; c < N; c = c + 1) begin : g_foot
        localparam STAGE = column_delay(c);
        if (c > 0 && STAGE != column_delay(c - 1)) begin : g_next
            delay_line #(.WIDTH(1), .CYCLES(1), .RESETTABLE(1)) next_valid (
                .clk(clk), .rst(rst), .in(command_valid[STAGE-1]), .out(command_valid[STAGE]));
            delay_line #(.WIDTH(COMMAND_W), .CYCLES(1)) next_command (
                .clk(clk), .rst(rst), .in(command[STAGE-1]), .out(command[STAGE]));
        end
        accumulator #(.PSUM_W(PSUM_W), .ACC_W(ACC_W), .DEPTH(ACC_DEPTH), .LATENCY(SRAM_LATENCY)) u_accumulator (
            .clk(clk),
            .rst(rst),
            .valid(command_valid[STAGE]),
            .first(command[STAGE][ADDR_W+4]),
            .last(command[STAGE][ADDR_W+3]),
            .relu(command[STAGE][ADDR_W+2]),
            .raise(command[STAGE][ADDR_W+1]),
            .addr(command[STAGE][ADDR_W-1:0]),
            .psum(psum[N*N+c]),
            .out_valid(out_valid[c]),
            .out_data(out_data[c*ACC_W +: ACC_W])
        );
        assign out_tag[c*TAG_W +: TAG_W] = tag[STAGE + RESULT_DELAY];
    end
endgenerate

delay_line #(.WIDTH(1), .CYCLES(RESULT_DELAY), .RESETTABLE(1)) delay_final (
    .clk(clk), .rst(rst), .in(command_valid[STAGES-1] && command[STAGES-1][ADDR_W]), .out(out_final));

endmodule

`resetall
