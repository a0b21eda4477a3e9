`resetall
`default_nettype none

/*
 * Skid buffer: registers data, valid and ready of a stream at full throughput.
 */
module stream_register #(
    // Width of the data in bits
    parameter WIDTH = 64
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [WIDTH-1:0] s_data,
    input  wire             s_valid,
    output wire             s_ready,
    output wire [WIDTH-1:0] m_data,
    output wire             m_valid,
    input  wire             m_ready
);

reg             ready_reg;
reg             valid_reg;
reg [WIDTH-1:0] data_reg;
reg             skid_valid_reg;
reg [WIDTH-1:0] skid_data_reg;

wire take   = s_valid && ready_reg;
wire output_free = m_ready || !valid_reg;

assign s_ready = ready_reg;
assign m_data  = data_reg;
assign m_valid = valid_reg;

always @(posedge clk) begin
    if (output_free) begin
        valid_reg      <= skid_valid_reg || take;
        skid_valid_reg <= 1'b0;
        ready_reg      <= 1'b1;
    end else if (take) begin
        skid_valid_reg <= 1'b1;
        ready_reg      <= 1'b0;
    end else begin
        ready_reg      <= !skid_valid_reg;
    end
    if (rst) begin
        valid_reg      <= 1'b0;
        skid_valid_reg <= 1'b0;
        ready_reg      <= 1'b0;
    end
end

always @(posedge clk) begin
    if (output_free) data_reg <= skid_valid_reg ? skid_data_reg : s_data;
    if (take) skid_data_reg <= s_data;
end

endmodule

`resetall
