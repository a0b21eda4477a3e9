`resetall
`default_nettype none

/*
 * Writes threshold sets into the columns: seven beats a column, column 0 first, one set an output tile.
 *
 * The beats of a column are two runs, of three and of four. The first of a run is kept only; each after it completes three
 * thresholds with what the one before it left over: groups 0 and 1, then 2 and 3, which a column gets at once. Group j is t(4j+1),
 * t(4j+2), t(4j+3), ascending from bit 0. The last beat completes t4, t8, t12, the last of which comes in pieces, one a beat: these go
 * to the column one a cycle, from the second cycle behind it on, each with whether the channel falls (the highest bit). Their
 * place is numbered by the set before theirs, which is in use when the column reads them; the third is written until others follow.
 *
 * Sets are written, taken and freed in the same order. set_ready says that the set `set` is complete; set_take claims it;
 * set_free gives back the oldest one that was claimed. set_ready and pending are registers a cycle behind: set_ready is right
 * again two cycles after set_take.
 */
module threshold_loader #(
    // Columns
    parameter N = 8,
    // Bits of a signed threshold
    parameter THR_W = 28,
    // Sets held in each column: a power of two
    parameter SETS = 8,
    // Width of a set's index (derived)
    parameter SET_W = $clog2(SETS)
) (
    input  wire               clk,
    input  wire               rst,
    input  wire [63:0]        s_data,
    input  wire               s_valid,
    output reg                s_ready,        // !held_reg[SET_W], a register of its own for the stream
    output reg  [N-1:0]       wr_en,
    output reg  [1:0]         wr_group,
    output reg  [SET_W-1:0]   wr_set,
    output reg  [3*THR_W-1:0] wr_data,
    // t4, t8, t12 (index 0, 1, 2)
    output reg  [N-1:0]       four_wr_en,
    output reg  [1:0]         four_wr_index,
    output reg  [SET_W-1:0]   four_wr_set,
    output wire [THR_W:0]     four_wr_data,
    output reg                set_ready,
    output wire [SET_W-1:0]   set,
    input  wire               set_take,
    input  wire               set_free,
    // A set is written in part, or complete and not taken
    output reg                pending
);

generate
    if (SETS != (1 << SET_W)) begin : g_check_sets
        ERROR_threshold_loader_SETS_must_be_a_power_of_two error();
    end
endgenerate

`include "program_format.vh"

localparam PIECE_W = THRESHOLDS_T12_0_HIGH - THRESHOLDS_T12_0_LOW + 1;

reg             second_reg;         // run of beats
reg [1:0]       step_reg;           // beat of the run
reg [N-1:0]     column_reg;         // one-hot: the column that is written
reg             column_end_reg;     // its last beat came in the cycle before
reg [SET_W-1:0] wr_ptr_reg;
reg [SET_W-1:0] rd_ptr_reg;
reg [SET_W:0]   held_reg;           // complete and not freed
reg [SET_W:0]   ready_reg;          // complete and not taken

wire take     = s_valid && !held_reg[SET_W];
wire run_end  = step_reg == {1'b1, second_reg};
wire last     = run_end && second_reg;
wire complete = take && last && column_reg[N-1];

assign set = rd_ptr_reg;

wire some_ready = ready_reg != {SET_W+1{1'b0}};

always @(posedge clk) begin
    wr_en     <= take && step_reg != 2'd0 && !last ? column_reg : {N{1'b0}};
    held_reg  <= held_reg + {{SET_W{1'b0}}, complete} - {{SET_W{1'b0}}, set_free};
    s_ready   <= set_free || !(held_reg[SET_W] || (complete && held_reg[SET_W-1:0] == {SET_W{1'b1}}));
    ready_reg <= ready_reg + {{SET_W{1'b0}}, complete} - {{SET_W{1'b0}}, set_take};
    set_ready <= some_ready;
    pending   <= take || some_ready || !column_reg[0] || second_reg || step_reg != 2'd0;
    if (take) begin
        second_reg <= second_reg ^ run_end;
        step_reg   <= run_end ? 2'd0 : step_reg + 2'd1;
        if (last) column_reg <= {column_reg[N-2:0], column_reg[N-1]};
    end
    column_end_reg <= take && last;
    if (column_end_reg) four_wr_en <= {column_reg[0], column_reg[N-1:1]};     // the one before
    if (complete) wr_ptr_reg <= wr_ptr_reg + 1'b1;
    if (set_take) rd_ptr_reg <= rd_ptr_reg + 1'b1;
    if (rst) begin
        wr_en      <= {N{1'b0}};
        four_wr_en <= {N{1'b0}};
        second_reg <= 1'b0;
        step_reg   <= 2'd0;
        column_reg <= {{N-1{1'b0}}, 1'b1};
        wr_ptr_reg <= {SET_W{1'b0}};
        rd_ptr_reg <= {SET_W{1'b0}};
        held_reg   <= {SET_W+1{1'b0}};
        ready_reg  <= {SET_W+1{1'b0}};
        set_ready  <= 1'b0;
        pending    <= 1'b0;
        column_end_reg <= 1'b0;
        s_ready    <= 1'b1;
    end
end

// What the beat before left over, and the last seven pieces of t12
reg [THR_W-1:0]         low_reg, high_reg, pieces_reg;
// t4, t8, t12 that are not written yet, the next one lowest
reg [3*THR_W-1:0]       fours_reg;
reg                     falls_before_reg, falls_reg;

wire [THR_W-1:0]   low   = s_data[THRESHOLDS_T1_LOW +: THR_W];
wire [THR_W-1:0]   high  = s_data[THRESHOLDS_T2_LOW +: THR_W];
wire [PIECE_W-1:0] piece = s_data[THRESHOLDS_T12_0_LOW +: PIECE_W];

always @(posedge clk) begin
    if (take) begin
        {high_reg, low_reg} <= {high, low};
        pieces_reg          <= {piece, pieces_reg[THR_W-1:PIECE_W]};
        falls_before_reg    <= s_data[THRESHOLDS_FALLS_LOW];
    end
    wr_set   <= wr_ptr_reg;
    wr_group <= {second_reg, step_reg[1]};
    wr_data  <= step_reg[1] ? {high, low, high_reg} : {low, high_reg, low_reg};
end

assign four_wr_data = {falls_reg, fours_reg[THR_W-1:0]};

always @(posedge clk) begin
    if (column_end_reg) begin
        falls_reg     <= falls_before_reg;
        fours_reg     <= {pieces_reg, high_reg, low_reg};
        four_wr_set   <= wr_set - 1'b1;
        four_wr_index <= 2'd0;
    end else if (!four_wr_index[1]) begin
        fours_reg     <= {fours_reg[3*THR_W-1 -: THR_W], fours_reg[3*THR_W-1:THR_W]};
        four_wr_index <= four_wr_index + 2'd1;
    end
end

wire unused_ok = &{1'b0, s_data[THRESHOLDS_FALLS_LOW-1:THRESHOLDS_T12_0_HIGH+1]};

endmodule

`resetall
