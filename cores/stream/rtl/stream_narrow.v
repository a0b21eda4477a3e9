`resetall
`default_nettype none

/*
 * Splits beats of WIDE bits into beats of WIDTH bits, lowest bytes first. Pieces without a byte (tkeep) behind the last one with
 * some are left out; tlast goes with the last piece.
 */
module stream_narrow #(
    // Width of the incoming beats in bits
    parameter WIDE = 64,
    // Width of the outgoing beats in bits: whole bytes, WIDE is a multiple
    parameter WIDTH = 32
) (
    input  wire               clk,
    input  wire               rst,
    input  wire [WIDE-1:0]    s_tdata,
    input  wire [WIDE/8-1:0]  s_tkeep,
    input  wire               s_tlast,
    input  wire               s_tvalid,
    output wire               s_tready,
    output wire [WIDTH-1:0]   m_tdata,
    output wire [WIDTH/8-1:0] m_tkeep,
    output wire               m_tlast,
    output wire               m_tvalid,
    input  wire               m_tready
);

localparam BYTES = WIDTH / 8;

generate
    if (WIDTH % 8 != 0 || WIDTH >= WIDE || WIDE % WIDTH != 0) begin : g_check_width
        ERROR_stream_narrow_WIDTH_must_be_bytes_and_divide_WIDE error();
    end
endgenerate

reg         valid_reg;
reg         last_reg;
reg [WIDE-1:0]   data_reg;
reg [WIDE/8-1:0] keep_reg;
wire [WIDE/8-1:0] rest = keep_reg >> BYTES;
wire        last_piece = rest == 0;
wire        next  = m_tready || !m_tvalid;

assign s_tready = !rst && (!valid_reg || (last_piece && m_tready));
assign m_tdata  = data_reg[WIDTH-1:0];
assign m_tkeep  = keep_reg[BYTES-1:0];
assign m_tlast  = last_reg && last_piece;
assign m_tvalid = valid_reg;

always @(posedge clk) begin
    if (s_tvalid && s_tready) begin
        valid_reg <= 1'b1;
        last_reg  <= s_tlast;
        data_reg  <= s_tdata;
        keep_reg  <= s_tkeep;
    end else if (next) begin
        valid_reg <= valid_reg && !last_piece;
        data_reg  <= data_reg >> WIDTH;
        keep_reg  <= rest;
    end
    if (rst) valid_reg <= 1'b0;
end

endmodule

`resetall
