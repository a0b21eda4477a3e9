`resetall
`default_nettype none

/*
 * Rules of an AXI4-Lite port whose slave takes one write and one read at a time. The master is anybody who keeps to the
 * specification; of the slave: no answer without a whole access, none lost, none twice, within WAIT cycles; nothing new is
 * taken before it; valid and payload stay until ready.
 */
module axil_rules #(
    parameter ADDR_W = 12,
    parameter WAIT   = 6
) (
    input wire              clk,
    input wire              rst,
    input wire [ADDR_W-1:0] awaddr,
    input wire              awvalid,
    input wire              awready,
    input wire [35:0]       wpayload,
    input wire              wvalid,
    input wire              wready,
    input wire [1:0]        bresp,
    input wire              bvalid,
    input wire              bready,
    input wire [ADDR_W-1:0] araddr,
    input wire              arvalid,
    input wire              arready,
    input wire [31:0]       rdata,
    input wire [1:0]        rresp,
    input wire              rvalid,
    input wire              rready
);

// Offers that were not taken in the cycle before. Assumptions in a clocked block would come a cycle late.
reg              aw_offered_reg, w_offered_reg, ar_offered_reg;
reg [ADDR_W-1:0] awaddr_reg, araddr_reg;
reg [35:0]       wpayload_reg;

reg       past_reg = 1'b0;      // the cycle before was out of reset, too
reg       aw_held_reg, w_held_reg, ar_held_reg;
reg [3:0] write_wait_reg, read_wait_reg;
reg [1:0] answered_reg;         // a write, a read
wire      whole_write = aw_held_reg && w_held_reg;

always @(posedge clk) begin
    past_reg       <= !rst;
    aw_held_reg    <= (aw_held_reg || (awvalid && awready)) && !(bvalid && bready);
    w_held_reg     <= (w_held_reg || (wvalid && wready)) && !(bvalid && bready);
    ar_held_reg    <= (ar_held_reg || (arvalid && arready)) && !(rvalid && rready);
    write_wait_reg <= (aw_held_reg || awvalid) && (w_held_reg || wvalid) && !bvalid ? write_wait_reg + 1'b1 : 4'd0;
    read_wait_reg  <= (ar_held_reg || arvalid) && !rvalid ? read_wait_reg + 1'b1 : 4'd0;
    answered_reg   <= answered_reg | {rvalid && rready, bvalid && bready};
    aw_offered_reg <= awvalid && !awready;
    w_offered_reg  <= wvalid && !wready;
    ar_offered_reg <= arvalid && !arready;
    awaddr_reg     <= awaddr;
    araddr_reg     <= araddr;
    wpayload_reg   <= wpayload;
    if (rst) begin
        {aw_offered_reg, w_offered_reg, ar_offered_reg} <= 3'd0;
        {aw_held_reg, w_held_reg, ar_held_reg} <= 3'd0;
        {write_wait_reg, read_wait_reg}        <= 8'd0;
        answered_reg                           <= 2'd0;
    end
end

always @* begin
    if (!rst) begin
        if (aw_offered_reg) assume (awvalid && awaddr == awaddr_reg);
        if (w_offered_reg) assume (wvalid && wpayload == wpayload_reg);
        if (ar_offered_reg) assume (arvalid && araddr == araddr_reg);
        assert (!(bvalid && !whole_write));
        assert (!(rvalid && !ar_held_reg));
        assert (!(aw_held_reg && awvalid && awready));
        assert (!(w_held_reg && wvalid && wready));
        assert (!(ar_held_reg && arvalid && arready));
        assert (write_wait_reg < WAIT);
        assert (read_wait_reg < WAIT);
        cover (answered_reg == 2'b11 && bvalid && !bready && awvalid);
        cover (answered_reg == 2'b11 && rvalid && !rready && arvalid);
    end
end

always @(posedge clk) begin
    if (past_reg && !rst) begin
        if ($past(bvalid && !bready)) assert (bvalid && bresp == $past(bresp));
        if ($past(rvalid && !rready)) assert (rvalid && rresp == $past(rresp) && rdata == $past(rdata));
    end
end

endmodule

`resetall
