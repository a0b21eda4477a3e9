`resetall
`default_nettype none

/*
 * Moves weight tiles from the weight FIFO into the shadow weights of the array, one row group a cycle.
 *
 * tile_ready says that the shadow holds a whole tile; tile_last, that this tile's last group carried the end mark of its CONV
 * command. tile_take hands the tile over (the cycle in which the swap is decided) and lets the next tile follow in that very
 * cycle. torn is set when the end mark comes inside a tile; nothing is loaded after that.
 */
module weight_loader #(
    // Rows of the array
    parameter N = 8,
    // Weight rows a group
    parameter ROWS = 2,
    // Bits of a group
    parameter GROUP_W = 64,
    // Width of the group's index (derived)
    parameter INDEX_W = $clog2(N / ROWS)
) (
    input  wire               clk,
    input  wire               rst,
    input  wire [GROUP_W-1:0] s_group,
    input  wire               s_end,
    input  wire               s_valid,
    output wire               s_ready,
    output wire               tile_ready,
    output wire               tile_last,
    input  wire               tile_take,
    output wire               tile_started,     // a tile is in part in the shadow
    output wire               torn,
    output reg                load_valid,
    output reg  [INDEX_W-1:0] load_index,
    output reg  [GROUP_W-1:0] load_data
);

localparam LAST = N / ROWS - 1;

reg               full_reg;
reg               last_reg;
reg               torn_reg;
reg [INDEX_W-1:0] index_reg;

assign s_ready    = (!full_reg || tile_take) && !torn_reg;
assign tile_ready = full_reg;
assign tile_last  = last_reg;
assign tile_started = index_reg != {INDEX_W{1'b0}};
assign torn       = torn_reg;

wire take     = s_valid && s_ready;
wire complete = take && index_reg == LAST[INDEX_W-1:0];

always @(posedge clk) begin
    full_reg   <= complete || (full_reg && !tile_take);
    load_valid <= take;
    if (take) begin
        index_reg <= complete ? {INDEX_W{1'b0}} : index_reg + 1'b1;
        last_reg  <= s_end;
        torn_reg  <= torn_reg || (s_end && !complete);
    end
    if (rst) begin
        full_reg   <= 1'b0;
        torn_reg   <= 1'b0;
        load_valid <= 1'b0;
        index_reg  <= {INDEX_W{1'b0}};
    end
end

always @(posedge clk) begin
    load_index <= index_reg;
    load_data  <= s_group;
end

endmodule

`resetall
