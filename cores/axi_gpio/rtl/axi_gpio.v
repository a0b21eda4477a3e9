`resetall
`default_nettype none

/*
 * General-purpose inputs and outputs with the registers of AMD's PG144 (AXI GPIO v2.0): one or two channels of up to
 * 32 pins, each an input or an output, and an interrupt when inputs change.
 *
 * Every access is answered OKAY; a write is of 32 bits.
 */
module axi_gpio #(
    // Pins of the channels: 1 to 32
    parameter WIDTH = 32,
    parameter WIDTH2 = 32,
    // 1: there is a second channel
    parameter DUAL = 0,
    // 1: a channel has only inputs, or only outputs
    parameter ALL_INPUTS = 0,
    parameter ALL_INPUTS2 = 0,
    parameter ALL_OUTPUTS = 0,
    parameter ALL_OUTPUTS2 = 0,
    // Values after a reset; TRI: 1 is an input
    parameter [31:0] DOUT = 32'h0000_0000,
    parameter [31:0] DOUT2 = 32'h0000_0000,
    parameter [31:0] TRI = 32'hFFFF_FFFF,
    parameter [31:0] TRI2 = 32'hFFFF_FFFF,
    // 1: there is an interrupt
    parameter INTERRUPT = 0
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
    input  wire [WIDTH-1:0]  gpio_io_i,
    output wire [WIDTH-1:0]  gpio_io_o,
    output wire [WIDTH-1:0]  gpio_io_t,
    input  wire [WIDTH2-1:0] gpio2_io_i,
    output wire [WIDTH2-1:0] gpio2_io_o,
    output wire [WIDTH2-1:0] gpio2_io_t,
    output wire              ip2intc_irpt
);

// Words of the address map
localparam [6:0] GIER = 7'h47, ISR = 7'h48, IER = 7'h4A;

reg rst_reg;

initial rst_reg = 1'b1;

always @(posedge s_axi_aclk) rst_reg <= !s_axi_aresetn;

wire        write, rd_en;
wire [6:0]  wr_word, rd_word;
wire [31:0] wr_data;
wire [3:0]  wr_strb;
reg  [31:0] rd_data_reg;

axil_slave #(.ADDR_W(9)) axil (
    .clk(s_axi_aclk), .rst(rst_reg),
    .s_axil_awaddr(s_axi_awaddr), .s_axil_awvalid(s_axi_awvalid), .s_axil_awready(s_axi_awready),
    .s_axil_wdata(s_axi_wdata), .s_axil_wstrb(4'hF), .s_axil_wvalid(s_axi_wvalid), .s_axil_wready(s_axi_wready),
    .s_axil_bresp(s_axi_bresp), .s_axil_bvalid(s_axi_bvalid), .s_axil_bready(s_axi_bready),
    .s_axil_araddr(s_axi_araddr), .s_axil_arvalid(s_axi_arvalid), .s_axil_arready(s_axi_arready),
    .s_axil_rdata(s_axi_rdata), .s_axil_rresp(s_axi_rresp), .s_axil_rvalid(s_axi_rvalid), .s_axil_rready(s_axi_rready),
    .wr_en(write), .wr_word(wr_word), .wr_data(wr_data), .wr_strb(wr_strb),
    .rd_en(rd_en), .rd_word(rd_word), .rd_data(rd_data_reg)
);

// Channels
wire [31:0] data, tri_state, data2, tri_state2;
wire        changed, changed2;

axi_gpio_channel #(
    .WIDTH(WIDTH), .ALL_INPUTS(ALL_INPUTS), .ALL_OUTPUTS(ALL_OUTPUTS), .DOUT(DOUT), .TRI(TRI)
) channel (
    .clk(s_axi_aclk), .rst(rst_reg),
    .wr_data(write && wr_word == 7'h00), .wr_tri(write && wr_word == 7'h01), .wr_value(wr_data[WIDTH-1:0]),
    .data(data), .tri_state(tri_state), .changed(changed),
    .io_i(gpio_io_i), .io_o(gpio_io_o), .io_t(gpio_io_t)
);

generate
    if (DUAL) begin : g_dual
        axi_gpio_channel #(
            .WIDTH(WIDTH2), .ALL_INPUTS(ALL_INPUTS2), .ALL_OUTPUTS(ALL_OUTPUTS2), .DOUT(DOUT2), .TRI(TRI2)
        ) channel2 (
            .clk(s_axi_aclk), .rst(rst_reg),
            .wr_data(write && wr_word == 7'h02), .wr_tri(write && wr_word == 7'h03), .wr_value(wr_data[WIDTH2-1:0]),
            .data(data2), .tri_state(tri_state2), .changed(changed2),
            .io_i(gpio2_io_i), .io_o(gpio2_io_o), .io_t(gpio2_io_t)
        );
    end else begin : g_single
        assign data2      = 32'd0;
        assign tri_state2 = 32'd0;
        assign changed2   = 1'b0;
        assign gpio2_io_o = {WIDTH2{1'b0}};
        assign gpio2_io_t = {WIDTH2{1'b1}};
        wire unused_ok = &{1'b0, gpio2_io_i};
    end
endgenerate

// Interrupt: a bit of ISR is toggled by writing 1 to it
reg       enable_reg;
reg [1:0] ier_reg;
reg [1:0] isr_reg;
reg       irpt_reg;

assign ip2intc_irpt = irpt_reg;

generate
    if (INTERRUPT) begin : g_interrupt
        always @(posedge s_axi_aclk) begin
            if (write && wr_word == GIER) enable_reg <= wr_data[31];
            if (write && wr_word == IER) ier_reg <= wr_data[1:0];
            isr_reg  <= (isr_reg ^ (write && wr_word == ISR ? wr_data[1:0] : 2'b00)) | {changed2, changed};
            irpt_reg <= enable_reg && (isr_reg & ier_reg) != 2'b00;
            if (rst_reg) begin
                enable_reg <= 1'b0;
                ier_reg    <= 2'b00;
                isr_reg    <= 2'b00;
                irpt_reg   <= 1'b0;
            end
        end
    end else begin : g_no_interrupt
        always @(posedge s_axi_aclk) begin
            enable_reg <= 1'b0;
            ier_reg    <= 2'b00;
            isr_reg    <= 2'b00;
            irpt_reg   <= 1'b0;
        end
        wire unused_ok = &{1'b0, changed, changed2};
    end
endgenerate

always @(posedge s_axi_aclk) begin
    case (rd_word)
        7'h00:   rd_data_reg <= data;
        7'h01:   rd_data_reg <= tri_state;
        7'h02:   rd_data_reg <= data2;
        7'h03:   rd_data_reg <= tri_state2;
        GIER:    rd_data_reg <= {enable_reg, 31'd0};
        ISR:     rd_data_reg <= {30'd0, isr_reg};
        IER:     rd_data_reg <= {30'd0, ier_reg};
        default: rd_data_reg <= 32'd0;
    endcase
end

wire unused_axil = &{1'b0, wr_strb, rd_en};

endmodule

`resetall
