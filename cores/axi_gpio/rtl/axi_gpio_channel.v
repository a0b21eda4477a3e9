`resetall
`default_nettype none

/*
 * One channel of axi_gpio: data and tri-state registers, inputs through two registers.
 *
 * A read of DATA gives an input's pin and an output's register. TRI cannot be written where a channel has only inputs or
 * only outputs.
 */
module axi_gpio_channel #(
    parameter WIDTH = 32,
    parameter ALL_INPUTS = 0,
    parameter ALL_OUTPUTS = 0,
    parameter [31:0] DOUT = 32'h0000_0000,
    parameter [31:0] TRI = 32'hFFFF_FFFF
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             wr_data,
    input  wire             wr_tri,
    input  wire [WIDTH-1:0] wr_value,
    output wire [31:0]      data,
    output wire [31:0]      tri_state,
    // An input is another one than a cycle ago
    output wire             changed,
    input  wire [WIDTH-1:0] io_i,
    output wire [WIDTH-1:0] io_o,
    output wire [WIDTH-1:0] io_t
);

localparam [WIDTH-1:0] TRI_RESET = ALL_INPUTS ? {WIDTH{1'b1}} : ALL_OUTPUTS ? {WIDTH{1'b0}} : TRI[WIDTH-1:0];

reg [WIDTH-1:0] out_reg;
reg [WIDTH-1:0] tri_reg;
reg [WIDTH-1:0] meta_reg;
reg [WIDTH-1:0] in_reg;
reg [WIDTH-1:0] before_reg;
reg [1:0]       settled_reg;

wire [WIDTH-1:0] seen = (tri_reg & in_reg) | (~tri_reg & out_reg);

assign io_o    = out_reg;
assign io_t    = tri_reg;
assign changed = settled_reg[1] && ((in_reg ^ before_reg) & tri_reg) != {WIDTH{1'b0}};

generate
    if (WIDTH == 32) begin : g_whole
        assign data      = seen;
        assign tri_state = tri_reg;
    end else begin : g_part
        assign data      = {{32-WIDTH{1'b0}}, seen};
        assign tri_state = {{32-WIDTH{1'b0}}, tri_reg};
    end
endgenerate

always @(posedge clk) begin
    meta_reg    <= io_i;
    in_reg      <= meta_reg;
    before_reg  <= in_reg;
    settled_reg <= {settled_reg[0], 1'b1};
    if (wr_data) out_reg <= wr_value;
    if (wr_tri && !ALL_INPUTS && !ALL_OUTPUTS) tri_reg <= wr_value;
    if (rst) begin
        out_reg     <= DOUT[WIDTH-1:0];
        tri_reg     <= TRI_RESET;
        settled_reg <= 2'b00;
    end
end

endmodule

`resetall
