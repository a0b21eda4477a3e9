// Two streams of 128 bits to one: sums of their 32-bit words.
module adder (
    input  wire         clk,
    input  wire         rst,
    input  wire [127:0] a_tdata,
    input  wire         a_tvalid,
    output wire         a_tready,
    input  wire         a_tlast,
    input  wire [127:0] b_tdata,
    input  wire         b_tvalid,
    output wire         b_tready,
    output wire [127:0] sum_tdata,
    output wire         sum_tvalid,
    input  wire         sum_tready,
    output wire         sum_tlast
);
reg          valid, last;
reg  [127:0] data;
wire         take = a_tvalid && b_tvalid && (!valid || sum_tready);

assign a_tready   = take;
assign b_tready   = take;
assign sum_tdata  = data;
assign sum_tvalid = valid;
assign sum_tlast  = last;

integer lane;

always @(posedge clk) begin
    if (sum_tready) valid <= 1'b0;
    if (take) begin
        valid <= 1'b1;
        last  <= a_tlast;
        for (lane = 0; lane < 4; lane = lane + 1) data[32*lane +: 32] <= a_tdata[32*lane +: 32] + b_tdata[32*lane +: 32];
    end
    if (rst) valid <= 1'b0;
end
endmodule
