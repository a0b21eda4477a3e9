`resetall
`default_nettype none

/*
 * The short queue behind a memory: takes every word that comes (enter), gives them in order from a register.
 *
 * Who lets words come keeps count: at most DEPTH + 1 are here (stream_reader). From enter to m_valid: one cycle when empty.
 */
module stream_queue #(
    // Width of a word in bits
    parameter WIDTH = 64,
    // Words behind the output register: a power of two
    parameter DEPTH = 4
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [WIDTH-1:0] s_data,
    input  wire             enter,
    output wire [WIDTH-1:0] m_data,
    output wire             m_valid,
    input  wire             m_ready
);

localparam PTR_W = $clog2(DEPTH);

generate
    if (DEPTH != (1 << PTR_W)) begin : g_check_depth
        ERROR_stream_queue_DEPTH_must_be_a_power_of_two error();
    end
endgenerate

reg [PTR_W-1:0] wr_ptr_reg;
reg [PTR_W-1:0] rd_ptr_reg;
reg             waiting_reg;    // a word is behind the output register
reg             valid_reg;
reg [WIDTH-1:0] data_reg;

wire             free  = m_ready || !valid_reg;
wire             store = enter && (waiting_reg || !free);
wire             load  = free && waiting_reg;
wire             last  = wr_ptr_reg == rd_ptr_reg + 1'b1;
wire [WIDTH-1:0] first;

assign m_valid = valid_reg;
assign m_data  = data_reg;

lutram #(.WIDTH(WIDTH), .DEPTH(DEPTH)) memory (
    .clk(clk),
    .wr_en(enter),
    .wr_addr(wr_ptr_reg),
    .wr_data(s_data),
    .rd_addr(rd_ptr_reg),
    .rd_data(first)
);

always @(posedge clk) begin
    wr_ptr_reg  <= wr_ptr_reg + {{PTR_W-1{1'b0}}, store};
    rd_ptr_reg  <= rd_ptr_reg + {{PTR_W-1{1'b0}}, load};
    waiting_reg <= store || (waiting_reg && !(load && last));
    if (free) valid_reg <= waiting_reg || enter;
    if (rst) begin
        wr_ptr_reg  <= {PTR_W{1'b0}};
        rd_ptr_reg  <= {PTR_W{1'b0}};
        waiting_reg <= 1'b0;
        valid_reg   <= 1'b0;
    end
end

always @(posedge clk) if (free) data_reg <= waiting_reg ? first : s_data;

endmodule

`resetall
