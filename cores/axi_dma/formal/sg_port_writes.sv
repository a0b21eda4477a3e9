`resetall
`default_nettype none

/*
 * Properties of axi_dma_sg_port's writes with a slave that gives no ready before both valids are high (A3.3.1 allows it), and
 * then takes address and data in any order: every update is answered; one data beat an address; valid and payload stay.
 */
module sg_port_writes (
    input wire        clk,
    input wire        rst,
    input wire [1:0]  ask,
    input wire        may_aw,
    input wire        may_w,
    input wire        may_b,
    input wire [25:0] addr,
    input wire [31:0] status
);

wire [31:0] awaddr;
wire [63:0] wdata;
wire [7:0]  wstrb;
wire [1:0]  updated;
wire        awvalid, wvalid, wlast;

reg       started_reg = 1'b0;
reg [1:0] update_reg;
reg       aw_taken_reg, w_taken_reg;
reg [4:0] wait_reg;
reg [1:0] slow_reg;             // cycles in which the slave has done nothing
wire      both    = awvalid && wvalid;
wire      awready = awvalid && !aw_taken_reg && (both || w_taken_reg) && may_aw;
wire      wready  = wvalid && !w_taken_reg && (both || aw_taken_reg) && may_w;
wire      bvalid  = aw_taken_reg && w_taken_reg && may_b;

axi_dma_sg_port dut (
    .clk(clk), .rst(rst), .halt(1'b0),
    .fetch(2'b00), .fetch_addr_mm2s(26'd0), .fetch_addr_s2mm(26'd0),
    .update(update_reg), .update_addr_mm2s(addr), .update_addr_s2mm(~addr),
    .update_status_mm2s(status), .update_status_s2mm(~status), .updated(updated),
    .m_axi_arready(1'b0), .m_axi_rdata(64'd0), .m_axi_rresp(2'b00), .m_axi_rlast(1'b0), .m_axi_rvalid(1'b0),
    .m_axi_awaddr(awaddr), .m_axi_awvalid(awvalid), .m_axi_awready(awready),
    .m_axi_wdata(wdata), .m_axi_wstrb(wstrb), .m_axi_wlast(wlast), .m_axi_wvalid(wvalid), .m_axi_wready(wready),
    .m_axi_bresp(2'b00), .m_axi_bvalid(bvalid)
);

always @(posedge clk) begin
    started_reg  <= 1'b1;
    update_reg   <= (update_reg & ~updated) | ask;
    aw_taken_reg <= (aw_taken_reg || (awvalid && awready)) && !bvalid;
    w_taken_reg  <= (w_taken_reg || (wvalid && wready)) && !bvalid;
    wait_reg     <= update_reg != 0 && updated == 0 ? wait_reg + 1'b1 : 5'd0;
    slow_reg     <= may_aw && may_w && may_b ? 2'd0 : slow_reg + 1'b1;
    if (rst) begin
        update_reg   <= 2'b00;
        aw_taken_reg <= 1'b0;
        w_taken_reg  <= 1'b0;
        wait_reg     <= 5'd0;
        slow_reg     <= 2'd0;
    end
end

always @* begin
    assume (rst == !started_reg);
    assume (slow_reg != 2'd3);
    if (started_reg) begin
        assert (wait_reg < 5'd14);
        assert (!(awvalid && aw_taken_reg));
        assert (!(wvalid && w_taken_reg));
        if (wvalid) assert (wlast && wstrb == 8'hf0);
        cover (updated == 2'b10);
    end
end

always @(posedge clk) begin
    if (started_reg && $past(started_reg)) begin
        if (!$past(rst) && $past(awvalid && !awready)) assert (awvalid && awaddr == $past(awaddr));
        if (!$past(rst) && $past(wvalid && !wready)) assert (wvalid && wdata == $past(wdata));
    end
end

endmodule

`resetall
