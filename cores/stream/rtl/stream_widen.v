`resetall
`default_nettype none

/*
 * Joins beats of WIDTH bits to beats of WIDE bits, lowest bytes first. A beat with tlast ends the wide beat that it comes in;
 * what is missing has tkeep 0 and is 0.
 */
module stream_widen #(
    // Width of the outgoing beats in bits
    parameter WIDE = 64,
    // Width of the incoming beats in bits: whole bytes, WIDE is a multiple
    parameter WIDTH = 32
) (
    input  wire               clk,
    input  wire               rst,
    input  wire [WIDTH-1:0]   s_tdata,
    input  wire [WIDTH/8-1:0] s_tkeep,
    input  wire               s_tlast,
    input  wire               s_tvalid,
    output wire               s_tready,
    output wire [WIDE-1:0]    m_tdata,
    output wire [WIDE/8-1:0]  m_tkeep,
    output wire               m_tlast,
    output wire               m_tvalid,
    input  wire               m_tready
);

localparam BYTES  = WIDTH / 8;
localparam PIECES = WIDE / WIDTH;

generate
    if (WIDTH % 8 != 0 || WIDTH >= WIDE || WIDE % WIDTH != 0) begin : g_check_width
        ERROR_stream_widen_WIDTH_must_be_bytes_and_divide_WIDE error();
    end
endgenerate

reg [WIDE-1:0]   data_reg;
reg [WIDE/8-1:0] keep_reg;
reg              last_reg;
reg              valid_reg;
reg [PIECES-1:0] place_reg;
wire             take  = s_tvalid && s_tready;
wire             whole = place_reg[PIECES-1] || s_tlast;

assign s_tready = !rst && (!valid_reg || m_tready);
assign m_tdata  = data_reg;
assign m_tkeep  = keep_reg;
assign m_tlast  = last_reg;
assign m_tvalid = valid_reg;

integer piece;

always @(posedge clk) begin
    if (valid_reg && m_tready) valid_reg <= 1'b0;
    if (take) begin
        for (piece = 0; piece < PIECES; piece = piece + 1) begin
            if (place_reg[piece]) begin
                data_reg[piece*WIDTH +: WIDTH] <= s_tdata;
                keep_reg[piece*BYTES +: BYTES] <= s_tkeep;
            end else if (place_reg[0]) begin
                data_reg[piece*WIDTH +: WIDTH] <= {WIDTH{1'b0}};
                keep_reg[piece*BYTES +: BYTES] <= {BYTES{1'b0}};
            end
        end
        last_reg  <= s_tlast;
        valid_reg <= whole;
        place_reg <= whole ? {{PIECES-1{1'b0}}, 1'b1} : place_reg << 1;
    end
    if (rst) begin
        valid_reg <= 1'b0;
        place_reg <= {{PIECES-1{1'b0}}, 1'b1};
    end
end

endmodule

`resetall
