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

wire        wr_en, rd_en;
wire [6:0]  wr_word, rd_word;
wire [31:0] wr_data, rd_data;
wire [3:0]  wr_strb;
reg  [31:0] rd_data_reg;

axil_slave #(.ADDR_W(9)) axil (
    .clk(s_axi_aclk), .rst(rst_reg),
    .s_axil_awaddr(s_axi_awaddr), .s_axil_awvalid(s_axi_awvalid), .s_axil_awready(s_axi_awready),
    .s_axil_wdata(s_axi_wdata), .s_axil_wstrb(4'hF), .s_axil_wvalid(s_axi_wvalid), .s_axil_wready(s_axi_wready),
    .s_axil_bresp(s_axi_bresp), .s_axil_bvalid(s_axi_bvalid), .s_axil_bready(s_axi_bready),
    .s_axil_araddr(s_axi_araddr), .s_axil_arvalid(s_axi_arvalid), .s_axil_arready(s_axi_arready),
    .s_axil_rdata(s_axi_rdata), .s_axil_rresp(s_axi_rresp), .s_axil_rvalid(s_axi_rvalid), .s_axil_rready(s_axi_rready),
    .wr_en(wr_en), .wr_word(wr_word), .wr_data(wr_data), .wr_strb(wr_strb),
    .rd_en(rd_en), .rd_word(rd_word), .rd_data(rd_data_reg)
);

axi_intc_core #(.INPUTS(INPUTS)) core (
    .clk(s_axi_aclk),
    .rst(rst_reg),
    .wr_en(wr_en && wr_word[6:3] == 4'd0),
    .wr_word(wr_word[2:0]),
    .wr_data(wr_data),
    .rd_word(rd_word[2:0]),
    .rd_data(rd_data),
    .intr(intr),
    .irq(irq)
);

always @(posedge s_axi_aclk) rd_data_reg <= rd_word[6:3] == 4'd0 ? rd_data : 32'd0;

wire unused_ok = &{1'b0, wr_strb, rd_en};

endmodule

`resetall
