`resetall
`default_nettype none

/*
 * The accelerator with three pins, for place and route: its inputs come from a shift register through a register, its outputs go
 * through registers into a shift register. So every path of its ports is one from register to register.
 */
module ecp5_shell #(
    // Rows and columns of the array: 8, 16, 32 or 64
    parameter N = 8,
    // Bits of the streams: 64, or 128 for N of 16 and more
    parameter STREAM_W = 64
) (
    input  wire clk,
    input  wire serial_in,
    output wire serial_out
);

localparam KEEP_W  = STREAM_W / 8;
localparam INPUTS  = 76 + STREAM_W;
localparam OUTPUTS = 45 + STREAM_W + KEEP_W;

reg  [INPUTS-1:0]  shift_reg;
reg  [INPUTS-1:0]  input_reg;
wire [OUTPUTS-1:0] outputs;
reg  [OUTPUTS-1:0] output_reg;
reg  [OUTPUTS-1:0] fold_reg;
reg  [9:0]         count_reg;
reg                load_reg;

always @(posedge clk) begin
    shift_reg  <= {shift_reg[INPUTS-2:0], serial_in};
    count_reg  <= count_reg + 10'd1;
    load_reg   <= &count_reg;
    if (load_reg) input_reg <= shift_reg;
    output_reg <= outputs;
    fold_reg   <= load_reg ? output_reg : fold_reg >> 1;
end

assign serial_out = fold_reg[0];

accelerator #(.N(N), .STREAM_W(STREAM_W)) u_accelerator (
    .aclk(clk), .aresetn(input_reg[0]),
    .s_axil_awaddr(input_reg[12:1]), .s_axil_awprot(input_reg[15:13]), .s_axil_awvalid(input_reg[16]),
    .s_axil_awready(outputs[0]),
    .s_axil_wdata(input_reg[48:17]), .s_axil_wstrb(input_reg[52:49]), .s_axil_wvalid(input_reg[53]), .s_axil_wready(outputs[1]),
    .s_axil_bresp(outputs[3:2]), .s_axil_bvalid(outputs[4]), .s_axil_bready(input_reg[54]),
    .s_axil_araddr(input_reg[66:55]), .s_axil_arprot(input_reg[69:67]), .s_axil_arvalid(input_reg[70]),
    .s_axil_arready(outputs[5]),
    .s_axil_rdata(outputs[37:6]), .s_axil_rresp(outputs[39:38]), .s_axil_rvalid(outputs[40]), .s_axil_rready(input_reg[71]),
    .s_axis_tdata(input_reg[72 +: STREAM_W]), .s_axis_tvalid(input_reg[72+STREAM_W]), .s_axis_tready(outputs[41]),
    .s_axis_tlast(input_reg[73+STREAM_W]),
    .m_axis_aresetn(input_reg[75+STREAM_W]),
    .m_axis_tdata(outputs[42 +: STREAM_W]), .m_axis_tkeep(outputs[42+STREAM_W +: KEEP_W]),
    .m_axis_tvalid(outputs[42+STREAM_W+KEEP_W]), .m_axis_tready(input_reg[74+STREAM_W]), .m_axis_tlast(outputs[43+STREAM_W+KEEP_W]),
    .irq(outputs[44+STREAM_W+KEEP_W])
);

endmodule

`resetall
