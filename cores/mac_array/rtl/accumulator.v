`resetall
`default_nettype none

/*
 * Accumulators of one column: a read-modify-write a cycle on an sram, in place.
 *
 * The command (valid, first, last, addr) comes LATENCY cycles before its partial sum. first starts from zero instead of the
 * stored value; shift adds the partial sum times 16 (the high nibble of 8-bit activations); last sends the sum out (through
 * ReLU if asked) instead of storing it. A sum is readable LATENCY + 2 cycles after its command, so that commands to one
 * address must be at least that far apart (asserted).
 */
module accumulator #(
    // Bits of the signed partial sum
    parameter PSUM_W = 11,
    // Bits of the signed accumulator
    parameter ACC_W = 28,
    // Accumulators in the column
    parameter DEPTH = 1024,
    // Read latency of the memory: 1 or 2
    parameter LATENCY = 2,
    // Width of the address (derived)
    parameter ADDR_W = $clog2(DEPTH)
) (
    input  wire                     clk,
    input  wire                     rst,
    input  wire                     valid,
    input  wire                     first,
    input  wire                     last,
    input  wire                     relu,
    input  wire                     shift,
    input  wire [ADDR_W-1:0]        addr,
    input  wire signed [PSUM_W-1:0] psum,
    output reg                      out_valid,
    output reg  [ACC_W-1:0]         out_data
);

wire              psum_valid;
wire              psum_first;
wire              psum_last;
wire              psum_relu;
wire              psum_shift;
wire [ADDR_W-1:0] psum_addr;

delay_line #(.WIDTH(1), .CYCLES(LATENCY), .RESETTABLE(1)) delay_valid (
    .clk(clk), .rst(rst), .in(valid), .out(psum_valid));
delay_line #(.WIDTH(ADDR_W + 4), .CYCLES(LATENCY)) delay_command (
    .clk(clk), .rst(rst), .in({first, last, relu, shift, addr}), .out({psum_first, psum_last, psum_relu, psum_shift, psum_addr}));

wire [ACC_W-1:0] stored;
wire [ACC_W-1:0] base = psum_first ? {ACC_W{1'b0}} : stored;
wire [ACC_W-1:0] term = {{ACC_W-PSUM_W{psum[PSUM_W-1]}}, psum};
wire [ACC_W-1:0] sum  = base + (psum_shift ? term << 4 : term);

reg              write_reg;
reg [ADDR_W-1:0] write_addr_reg;
reg [ACC_W-1:0]  sum_reg;

sram #(.WIDTH(ACC_W), .DEPTH(DEPTH), .LATENCY(LATENCY)) memory (
    .clk(clk),
    .wr_en(write_reg),
    .wr_addr(write_addr_reg),
    .wr_data(sum_reg),
    .rd_en(1'b1),
    .rd_addr(addr),
    .rd_data(stored)
);

always @(posedge clk) begin
    write_reg      <= psum_valid && !psum_last && !rst;
    write_addr_reg <= psum_addr;
    sum_reg        <= sum;
    out_valid      <= psum_valid && psum_last && !rst;
    out_data       <= (psum_relu && sum[ACC_W-1]) ? {ACC_W{1'b0}} : sum;
end

`ifndef SYNTHESIS
// A command that reads must not meet a write to its address that is still on its way.
reg [(LATENCY+1)*ADDR_W-1:0] pending_addr;
reg [LATENCY:0]              pending;
integer                      k;
always @(posedge clk) begin
    pending      <= rst ? {LATENCY+1{1'b0}} : {pending[LATENCY-1:0], valid && !last};
    pending_addr <= {pending_addr[LATENCY*ADDR_W-1:0], addr};
    for (k = 0; k <= LATENCY; k = k + 1)
        if (!rst && valid && !first && pending[k] && pending_addr[k*ADDR_W +: ADDR_W] == addr) begin
            $display("ERROR: %m: accumulator %0d read %0d cycles after its last command", addr, k + 1);
            $stop;
        end
end
`endif

endmodule

`resetall
