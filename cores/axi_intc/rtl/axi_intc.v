`resetall
`default_nettype none

/*
 * AXI interrupt controller with the registers of PG099 (AXI INTC v4.1): AXI4-Lite slave in front of axi_intc_core.
 *
 * Every access is answered OKAY; a write is of 32 bits. The interrupt inputs are of aclk's domain.
 */
module axi_intc #(
    // Interrupt inputs: 1 to 32
    parameter INPUTS = 3
) (
    input  wire              s_axi_aclk,
    input  wire              s_axi_aresetn,
    input  wire [8:0]        s_axi_awaddr,
    input  wire              s_axi_awvalid,
    output wire              s_axi_awready,
    input  wire [31:0]       s_axi_wdata,
    input  wire              s_axi_wvalid,
    output wire              s_axi_wready,
    output wire [1:0]        s_axi_bresp,
    output wire              s_axi_bvalid,
    input  wire              s_axi_bready,
    input  wire [8:0]        s_axi_araddr,
    input  wire              s_axi_arvalid,
    output wire              s_axi_arready,
    output wire [31:0]       s_axi_rdata,
    output wire [1:0]        s_axi_rresp,
    output wire              s_axi_rvalid,
    input  wire              s_axi_rready,
    // Active high, level-sensitive; input 0 has the highest priority
    input  wire [INPUTS-1:0] intr,
    output wire              irq
);

generate
    if (INPUTS < 1 || INPUTS > 32) begin : g_check_inputs
        ERROR_axi_intc_INPUTS_must_be_1_to_32 error();
    end
endgenerate

reg rst_reg;

initial rst_reg = 1'b1;

always @(posedge s_axi_aclk) rst_reg <= !s_axi_aresetn;

// Write: address and data are taken together
reg  wready_reg;
reg  bvalid_reg;
wire write = wready_reg;

assign s_axi_awready = wready_reg;
assign s_axi_wready  = wready_reg;
assign s_axi_bresp   = 2'b00;
assign s_axi_bvalid  = bvalid_reg;

always @(posedge s_axi_aclk) begin
    wready_reg <= s_axi_awvalid && s_axi_wvalid && !wready_reg && !(bvalid_reg && !s_axi_bready);
    bvalid_reg <= write || (bvalid_reg && !s_axi_bready);
    if (rst_reg) begin
        wready_reg <= 1'b0;
        bvalid_reg <= 1'b0;
    end
end

// Read
reg         arready_reg;
reg         rvalid_reg;
reg  [31:0] rdata_reg;
wire        read = arready_reg;
wire [31:0] rd_data;

assign s_axi_arready = arready_reg;
assign s_axi_rdata   = rdata_reg;
assign s_axi_rresp   = 2'b00;
assign s_axi_rvalid  = rvalid_reg;

always @(posedge s_axi_aclk) begin
    arready_reg <= s_axi_arvalid && !arready_reg && !(rvalid_reg && !s_axi_rready);
    rvalid_reg  <= read || (rvalid_reg && !s_axi_rready);
    if (read) rdata_reg <= s_axi_araddr[8:5] == 4'd0 ? rd_data : 32'd0;
    if (rst_reg) begin
        arready_reg <= 1'b0;
        rvalid_reg  <= 1'b0;
    end
end

axi_intc_core #(.INPUTS(INPUTS)) core (
    .clk(s_axi_aclk),
    .rst(rst_reg),
    .wr_en(write && s_axi_awaddr[8:5] == 4'd0),
    .wr_word(s_axi_awaddr[4:2]),
    .wr_data(s_axi_wdata),
    .rd_word(s_axi_araddr[4:2]),
    .rd_data(rd_data),
    .intr(intr),
    .irq(irq)
);

wire unused_ok = &{1'b0, s_axi_awaddr[1:0], s_axi_araddr[1:0]};

endmodule

`resetall
