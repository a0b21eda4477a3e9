// A stream with all side bands: data times FACTOR, one word held.
module times #(parameter WIDTH = 32, parameter FACTOR = 2) (
    input  wire               ap_clk,
    input  wire               ap_rst_n,
    input  wire [WIDTH-1:0]   in_r_TDATA,
    input  wire [WIDTH/8-1:0] in_r_TKEEP,
    input  wire [WIDTH/8-1:0] in_r_TSTRB,
    input  wire [3:0]         in_r_TUSER,
    input  wire               in_r_TLAST,
    input  wire               in_r_TVALID,
    output wire               in_r_TREADY,
    output reg  [WIDTH-1:0]   out_r_TDATA,
    output reg  [WIDTH/8-1:0] out_r_TKEEP,
    output reg  [WIDTH/8-1:0] out_r_TSTRB,
    output reg  [3:0]         out_r_TUSER,
    output reg                out_r_TLAST,
    output reg                out_r_TVALID,
    input  wire               out_r_TREADY
);
assign in_r_TREADY = !out_r_TVALID || out_r_TREADY;

integer lane;

always @(posedge ap_clk) begin
    if (in_r_TREADY) begin
        out_r_TVALID <= in_r_TVALID;
        for (lane = 0; lane < WIDTH / 32; lane = lane + 1) begin
            out_r_TDATA[32*lane +: 32] <= in_r_TDATA[32*lane +: 32] * FACTOR + in_r_TUSER;
        end
        out_r_TKEEP <= in_r_TKEEP;
        out_r_TSTRB <= in_r_TSTRB;
        out_r_TUSER <= in_r_TUSER + 4'd1;
        out_r_TLAST <= in_r_TLAST;
    end
    if (!ap_rst_n) out_r_TVALID <= 1'b0;
end
endmodule
