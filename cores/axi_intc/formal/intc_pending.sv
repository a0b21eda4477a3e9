`resetall
`default_nettype none

/*
 * Properties of axi_intc_core for one input, picked by the solver, whatever is written and whatever the other input does:
 * an input that is high is pending until it is acknowledged, and pends again while it stays high; irq follows the pending
 * and enabled inputs by one cycle; IVR names the lowest of them.
 */
module intc_pending (
    input wire        clk,
    input wire        rst,
    input wire        wr_en,
    input wire [2:0]  wr_word,
    input wire [31:0] wr_data,
    input wire [2:0]  rd_word,
    input wire [1:0]  intr,
    input wire        pick
);

localparam [2:0] ISR = 3'd0, IPR = 3'd1, IER = 3'd2, IAR = 3'd3, SIE = 3'd4, CIE = 3'd5, IVR = 3'd6, MER = 3'd7;

wire [31:0] rd_data;
wire        irq;

axi_intc_core dut (
    .clk(clk), .rst(rst),
    .wr_en(wr_en), .wr_word(wr_word), .wr_data(wr_data),
    .rd_word(rd_word), .rd_data(rd_data),
    .intr(intr), .irq(irq)
);

// The picked input, told step by step
reg       started_reg  = 1'b0;
reg       pick_reg;
reg       high_reg     = 1'b0;
reg       latched_reg  = 1'b0;
reg       enabled_reg  = 1'b0;
reg       master_reg   = 1'b0;
reg       hardware_reg = 1'b0;
wire      mine         = wr_data[pick_reg];

always @(posedge clk) begin
    started_reg <= 1'b1;
    high_reg    <= !rst && intr[pick_reg];
    if (high_reg && hardware_reg) latched_reg <= 1'b1;
    if (wr_en) begin
        if (wr_word == IAR && mine) latched_reg <= 1'b0;
        if (wr_word == ISR && !hardware_reg) latched_reg <= mine;
        if (wr_word == IER) enabled_reg <= mine;
        if (wr_word == SIE && mine) enabled_reg <= 1'b1;
        if (wr_word == CIE && mine) enabled_reg <= 1'b0;
        if (wr_word == MER) master_reg <= wr_data[0];
        if (wr_word == MER && wr_data[1]) hardware_reg <= 1'b1;
    end
    if (rst) {latched_reg, enabled_reg, master_reg, hardware_reg} <= 4'd0;
end

always @* begin
    assume (rst == !started_reg);
    if (started_reg) begin
        if (rd_word == ISR) assert (rd_data[pick_reg] == latched_reg);
        if (rd_word == IER) assert (rd_data[pick_reg] == enabled_reg);
        if (rd_word == IPR) assert (rd_data[pick_reg] == (latched_reg && enabled_reg));
        if (rd_word == MER) assert (rd_data == {30'd0, hardware_reg, master_reg});
        if (rd_word == IVR) begin
            assert (rd_data <= 32'd1 || rd_data == 32'hffff_ffff);
            if (latched_reg && enabled_reg) assert (rd_data <= {31'd0, pick_reg});
            if (rd_data == {31'd0, pick_reg}) assert (latched_reg && enabled_reg);
        end
        cover (irq && !latched_reg);
        cover (irq && latched_reg && enabled_reg && high_reg && !pick_reg);
    end
end

always @(posedge clk) begin
    if (!started_reg) pick_reg <= pick;
    if (started_reg && $past(started_reg)) begin
        if ($past(master_reg && latched_reg && enabled_reg)) assert (irq);
        if ($past(!master_reg)) assert (!irq);
    end
end

endmodule

`resetall
