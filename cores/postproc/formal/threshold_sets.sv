`resetall
`default_nettype none

/*
 * Properties of threshold_loader (N = 2): sets are written, claimed and freed in order; no beat is ever written to a set that is
 * complete and not freed; a set that is ready was written whole; the stream waits only while every set is held; set_ready is a
 * cycle behind, and right in the second cycle after a claim; pending is never too early over. What is written one by one, behind a
 * column's last beat, is that column's, and of its set, until those of another follow.
 *
 * The environment claims only sets that are ready, not in two cycles that follow each other, and frees only sets that were claimed.
 */
module threshold_sets (
    input wire clk,
    input wire rst,
    input wire s_valid,
    input wire set_take,
    input wire set_free
);

localparam SETS  = 2;
localparam BEATS = 14;      // seven a column

wire       s_ready, set_ready, set, pending;
wire [1:0] wr_en;
wire [1:0] wr_group;
wire       wr_set;
wire [1:0] four_wr_en, four_wr_index;
wire       four_wr_set;
wire       take = s_valid && s_ready;

threshold_loader #(.N(2), .SETS(SETS)) dut (
    .clk(clk), .rst(rst),
    .s_data(64'd0), .s_valid(s_valid), .s_ready(s_ready),
    .wr_en(wr_en), .wr_group(wr_group), .wr_set(wr_set), .wr_data(),
    .four_wr_en(four_wr_en), .four_wr_index(four_wr_index), .four_wr_set(four_wr_set), .four_wr_data(),
    .set_ready(set_ready), .set(set), .set_take(set_take), .set_free(set_free), .pending(pending)
);

reg       started_reg = 1'b0;
reg [3:0] beats_reg   = 0;      // of the set that is being written
reg [4:0] written_reg = 0;      // sets
reg [4:0] claimed_reg = 0;
reg [4:0] freed_reg   = 0;
reg       claim_reg   = 1'b0;   // a set was claimed in the cycle before
reg       ready_reg   = 1'b0;   // a set was complete and not claimed in the cycle before
reg       begun_reg   = 1'b0;   // or in part, or its first beat came

// What was taken in the cycle before, which is written in this one
reg       took_reg = 1'b0;
reg [3:0] took_beat_reg;
reg [4:0] took_set_reg;

// A cycle late: the column whose last beat came last, its set, and the cycles since then
reg [1:0] four_column_reg = 2'b00;
reg [4:0] four_written_reg;
reg [1:0] four_cycles_reg;

reg        column_ended_reg = 1'b0;
wire       ends  = take && beats_reg == BEATS - 1;
wire [3:0] place = took_beat_reg < 7 ? took_beat_reg : took_beat_reg - 7;

always @(posedge clk) begin
    started_reg   <= 1'b1;
    took_reg      <= take;
    took_beat_reg <= beats_reg;
    took_set_reg  <= written_reg;
    column_ended_reg <= take && (beats_reg == 6 || beats_reg == BEATS - 1);
    if (column_ended_reg) begin
        four_column_reg  <= took_beat_reg == 6 ? 2'b01 : 2'b10;
        four_written_reg <= took_set_reg;
        four_cycles_reg  <= 2'd0;
    end else if (four_cycles_reg != 2'd2) begin
        four_cycles_reg <= four_cycles_reg + 2'd1;
    end
    if (take) beats_reg <= ends ? 4'd0 : beats_reg + 4'd1;
    written_reg <= written_reg + ends;
    claimed_reg <= claimed_reg + set_take;
    freed_reg   <= freed_reg + set_free;
    claim_reg   <= set_take;
    ready_reg   <= written_reg != claimed_reg;
    begun_reg   <= written_reg != claimed_reg || beats_reg != 0 || take;
    if (rst) begin
        four_column_reg <= 2'b00;
        column_ended_reg <= 1'b0;
        took_reg    <= 1'b0;
        beats_reg   <= 0;
        written_reg <= 0;
        claimed_reg <= 0;
        freed_reg   <= 0;
        claim_reg   <= 1'b0;
        ready_reg   <= 1'b0;
        begun_reg   <= 1'b0;
    end
end

always @* begin
    assume (rst == !started_reg);
    assume (!set_take || (set_ready && !claim_reg));
    assume (!set_free || claimed_reg != freed_reg);
    if (started_reg) begin
        assert (written_reg - freed_reg <= SETS);
        assert (s_ready == (written_reg - freed_reg != SETS));
        assert (set_ready == ready_reg);
        assert (!set_ready || claim_reg || written_reg != claimed_reg);
        assert (set == claimed_reg[0]);
        assert (pending == begun_reg);
        assert (pending || (written_reg == claimed_reg && beats_reg == 0));
        // A set is written whole, each column's groups in order; the first, the fourth and the last beat of a column complete none.
        assert (wr_en == (!took_reg || place == 0 || place == 3 || place == 6 ? 2'b00 : took_beat_reg < 7 ? 2'b01 : 2'b10));
        if (wr_en != 2'b00) begin
            assert (wr_set == took_set_reg[0]);
            assert (wr_group == (place < 3 ? place - 1 : place - 2));
            // The set before it in the same place has been freed.
            assert (took_set_reg - freed_reg < SETS);
        end
        assert (four_wr_en == four_column_reg);
        if (four_wr_en != 2'b00) begin
            assert (four_wr_index == four_cycles_reg);
            assert (four_wr_set == !four_written_reg[0]);
            // The set that the place belongs to next has not got there: that column's last beat would have come.
            assert (written_reg - four_written_reg <= 1);
        end
        cover (!s_ready && s_valid);
        cover (written_reg == 3 && freed_reg == 1 && set_ready);
        cover (ends && set_take);
        cover (ends && set_free);
        cover (set_take && set_free);
    end
end

endmodule

`resetall
