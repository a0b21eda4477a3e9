`resetall
`default_nettype none

/*
 * Accumulators of one column: a read-modify-write a cycle on an sram, in place.
 *
 * The command (valid, first, last, addr) comes LATENCY - 1 cycles before its partial sum. first starts from zero instead of the
 * stored value; raise takes the stored value times 16 (Horner's scheme: what is stored are the sums of higher nibbles); last
 * sends the sum out (through ReLU if asked), three cycles after the partial sum, instead of storing it. A sum is readable
 * LATENCY + 2 cycles after its command, so that commands to one address must be at least that far apart (asserted). Only the
 * addition is on the way from the memory back to it: first and raise are in the adder's own LUT, ReLU in the register behind.
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
    input  wire                     raise,
    input  wire [ADDR_W-1:0]        addr,
    input  wire signed [PSUM_W-1:0] psum,
    output reg                      out_valid,
    output reg  [ACC_W-1:0]         out_data
);

// With the stored sum
wire              sum_valid;
wire              sum_first;
wire              sum_raise;
wire              sum_last;
wire              sum_relu;
wire [ADDR_W-1:0] sum_addr;

// The reset keeps all of it in registers, where LUTs are scarcer: shift-register LUTs would be eleven a column, and slower.
delay_line #(.WIDTH(ADDR_W + 5), .CYCLES(LATENCY), .RESETTABLE(1)) delay_command (
    .clk(clk), .rst(rst), .in({valid, first, raise, last, relu, addr}),
    .out({sum_valid, sum_first, sum_raise, sum_last, sum_relu, sum_addr}));

reg  signed [PSUM_W-1:0] term_reg;
wire [ACC_W-1:0] term = {{ACC_W-PSUM_W{term_reg[PSUM_W-1]}}, term_reg};
wire [ACC_W-1:0] stored;
wire [ACC_W-1:0] base = sum_first ? {ACC_W{1'b0}} : sum_raise ? {stored[ACC_W-5:0], 4'd0} : stored;
// Signed: so Yosys sees that term is the narrower one and gives it to the carry chain as it is; unsigned, base takes a LUT a bit.
wire [ACC_W-1:0] sum  = $unsigned($signed(base) + $signed(term));

reg              write_reg;
reg [ADDR_W-1:0] write_addr_reg;
reg              leave_reg;
reg              relu_reg;
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
    term_reg       <= psum;
    sum_reg        <= sum;
    write_reg      <= sum_valid && !sum_last && !rst;
    write_addr_reg <= sum_addr;
    leave_reg      <= sum_valid && sum_last && !rst;
    relu_reg       <= sum_relu;
    out_valid      <= leave_reg && !rst;
    out_data       <= relu_reg && sum_reg[ACC_W-1] ? {ACC_W{1'b0}} : sum_reg;
end

`ifndef SYNTHESIS
// A command that reads must not meet a write to its address that is still on its way.
reg [(LATENCY+1)*ADDR_W-1:0] pending_addr;
reg [LATENCY:0]              pending;
integer                      k;
always @(posedge clk) begin
    pending      <= rst ? {LATENCY+1{1'b0}} : {pending[LATENCY-1:0], valid && !last};
    pending_addr <= {pending_addr[LATENCY*ADDR_W-1:0], addr};
    if (!rst && valid && !first) begin
        for (k = 0; k <= LATENCY; k = k + 1)
            if (pending[k] && pending_addr[k*ADDR_W +: ADDR_W] == addr) begin
                $display("ERROR: %m: accumulator %0d read %0d cycles after its last command", addr, k + 1);
                $stop;
            end
    end
end
`endif

endmodule

`resetall
