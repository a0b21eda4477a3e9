`resetall
`default_nettype none

/*
 * Writes threshold sets into the columns: five beats a column, column 0 first, one set an output tile.
 *
 * Sets are written, taken and freed in the same order. set_ready says that the set `set` is complete; set_take claims it;
 * set_free gives back the oldest one that was claimed. set_ready and pending are registers a cycle behind: set_ready is right
 * again two cycles after set_take.
 */
module threshold_loader #(
    // Columns
    parameter N = 8,
    // Sets held in each column: a power of two
    parameter SETS = 8,
    // Width of a set's index (derived)
    parameter SET_W = $clog2(SETS)
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [63:0]      s_data,
    input  wire             s_valid,
    output wire             s_ready,
    output reg  [N-1:0]     wr_en,
    output reg  [2:0]       wr_beat,
    output reg  [SET_W-1:0] wr_set,
    output reg  [63:0]      wr_data,
    output reg              set_ready,
    output wire [SET_W-1:0] set,
    input  wire             set_take,
    input  wire             set_free,
    // A set is written in part, or complete and not taken
    output reg              pending
);

generate
    if (SETS != (1 << SET_W)) begin : g_check_sets
        ERROR_threshold_loader_SETS_must_be_a_power_of_two error();
    end
endgenerate

localparam [2:0] LAST_BEAT = 3'd4;

reg [2:0]       beat_reg;
reg [N-1:0]     column_reg;         // one-hot: the column that is written
reg [SET_W-1:0] wr_ptr_reg;
reg [SET_W-1:0] rd_ptr_reg;
reg [SET_W:0]   held_reg;           // complete and not freed
reg [SET_W:0]   ready_reg;          // complete and not taken

wire take     = s_valid && s_ready;
wire complete = take && beat_reg == LAST_BEAT && column_reg[N-1];

assign s_ready   = !held_reg[SET_W];
assign set       = rd_ptr_reg;

wire some_ready = ready_reg != {SET_W+1{1'b0}};

always @(posedge clk) begin
    wr_en     <= take ? column_reg : {N{1'b0}};
    held_reg  <= held_reg + {{SET_W{1'b0}}, complete} - {{SET_W{1'b0}}, set_free};
    ready_reg <= ready_reg + {{SET_W{1'b0}}, complete} - {{SET_W{1'b0}}, set_take};
    set_ready <= some_ready;
    pending   <= take || some_ready || !column_reg[0] || beat_reg != 3'd0;
    if (take) begin
        beat_reg <= beat_reg == LAST_BEAT ? 3'd0 : beat_reg + 3'd1;
        if (beat_reg == LAST_BEAT) column_reg <= {column_reg[N-2:0], column_reg[N-1]};
    end
    if (complete) wr_ptr_reg <= wr_ptr_reg + 1'b1;
    if (set_take) rd_ptr_reg <= rd_ptr_reg + 1'b1;
    if (rst) begin
        wr_en      <= {N{1'b0}};
        beat_reg   <= 3'd0;
        column_reg <= {{N-1{1'b0}}, 1'b1};
        wr_ptr_reg <= {SET_W{1'b0}};
        rd_ptr_reg <= {SET_W{1'b0}};
        held_reg   <= {SET_W+1{1'b0}};
        ready_reg  <= {SET_W+1{1'b0}};
        set_ready  <= 1'b0;
        pending    <= 1'b0;
    end
end

always @(posedge clk) begin
    wr_beat <= beat_reg;
    wr_set  <= wr_ptr_reg;
    wr_data <= s_data;
end

endmodule

`resetall
