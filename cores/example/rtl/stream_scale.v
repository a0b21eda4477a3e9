`resetall
`default_nettype none

/*
 * A third party's IP, small: every word of the stream times a factor. Registers: 10h SCALE; 14h COUNT, words since the reset
 * (read only); 18h DROP_LAST, bit 0: packets leave without tlast.
 */
module stream_scale #(
    // Width of a word in bits: 8, 16, 32, 64
    parameter WIDTH = 32
) (
    input  wire               aclk,
    input  wire               aresetn,

    // Words of 32 bits, whole: bits 1:0 of an address, and wstrb, mean nothing
    // verilator lint_off UNUSEDSIGNAL
    input  wire [5:0]         s_axi_awaddr,
    // verilator lint_on UNUSEDSIGNAL
    input  wire               s_axi_awvalid,
    output wire               s_axi_awready,
    input  wire [31:0]        s_axi_wdata,
    // verilator lint_off UNUSEDSIGNAL
    input  wire [3:0]         s_axi_wstrb,
    // verilator lint_on UNUSEDSIGNAL
    input  wire               s_axi_wvalid,
    output wire               s_axi_wready,
    output wire [1:0]         s_axi_bresp,
    output wire               s_axi_bvalid,
    input  wire               s_axi_bready,
    // verilator lint_off UNUSEDSIGNAL
    input  wire [5:0]         s_axi_araddr,
    // verilator lint_on UNUSEDSIGNAL
    input  wire               s_axi_arvalid,
    output wire               s_axi_arready,
    output wire [31:0]        s_axi_rdata,
    output wire [1:0]         s_axi_rresp,
    output wire               s_axi_rvalid,
    input  wire               s_axi_rready,

    input  wire [WIDTH-1:0]   s_axis_tdata,
    input  wire [WIDTH/8-1:0] s_axis_tkeep,
    input  wire               s_axis_tlast,
    input  wire               s_axis_tvalid,
    output wire               s_axis_tready,

    output wire [WIDTH-1:0]   m_axis_tdata,
    output wire [WIDTH/8-1:0] m_axis_tkeep,
    output wire               m_axis_tlast,
    output wire               m_axis_tvalid,
    input  wire               m_axis_tready,

    // A packet has left
    output wire               irq
);

localparam [3:0] SCALE = 4'h4, COUNT = 4'h5, DROP_LAST = 4'h6;

wire clk = aclk;
wire rst = !aresetn;

// Registers: an access at a time
reg  [31:0] scale_reg;
reg  [31:0] count_reg;
reg         drop_last_reg;
reg         b_valid_reg;
reg         r_valid_reg;
reg  [31:0] r_data_reg;
wire        write = s_axi_awvalid && s_axi_wvalid && !b_valid_reg;
wire        read  = s_axi_arvalid && !r_valid_reg;

assign s_axi_awready = write;
assign s_axi_wready  = write;
assign s_axi_bresp   = 2'b00;
assign s_axi_bvalid  = b_valid_reg;
assign s_axi_arready = read;
assign s_axi_rdata   = r_data_reg;
assign s_axi_rresp   = 2'b00;
assign s_axi_rvalid  = r_valid_reg;

always @(posedge clk) begin
    b_valid_reg <= write || (b_valid_reg && !s_axi_bready);
    r_valid_reg <= read || (r_valid_reg && !s_axi_rready);
    if (write && s_axi_awaddr[5:2] == SCALE) scale_reg <= s_axi_wdata;
    if (write && s_axi_awaddr[5:2] == DROP_LAST) drop_last_reg <= s_axi_wdata[0];
    if (read) begin
        case (s_axi_araddr[5:2])
            SCALE:     r_data_reg <= scale_reg;
            COUNT:     r_data_reg <= count_reg;
            DROP_LAST: r_data_reg <= {31'd0, drop_last_reg};
            default:   r_data_reg <= 32'd0;
        endcase
    end
    if (rst) begin
        b_valid_reg   <= 1'b0;
        r_valid_reg   <= 1'b0;
        scale_reg     <= 32'd1;
        drop_last_reg <= 1'b0;
    end
end

// Stream: one register
reg [WIDTH-1:0]   data_reg;
reg [WIDTH/8-1:0] keep_reg;
reg               end_reg;            // of a packet
reg               last_reg;
reg               valid_reg;
reg               irq_reg;
wire              take = s_axis_tvalid && s_axis_tready;

assign s_axis_tready = !rst && (m_axis_tready || !valid_reg);
assign m_axis_tdata  = data_reg;
assign m_axis_tkeep  = keep_reg;
assign m_axis_tlast  = last_reg;
assign m_axis_tvalid = valid_reg;
assign irq           = irq_reg;

generate
    if (WIDTH > 32) begin : g_wide
        always @(posedge clk) if (take) data_reg <= s_axis_tdata * {{WIDTH-32{1'b0}}, scale_reg};
    end else begin : g_narrow
        always @(posedge clk) if (take) data_reg <= s_axis_tdata * scale_reg[WIDTH-1:0];
    end
endgenerate

always @(posedge clk) begin
    valid_reg <= take || (valid_reg && !m_axis_tready);
    irq_reg   <= (irq_reg && !write) || (m_axis_tvalid && m_axis_tready && end_reg);
    if (take) begin
        keep_reg  <= s_axis_tkeep;
        end_reg   <= s_axis_tlast;
        last_reg  <= s_axis_tlast && !drop_last_reg;
        count_reg <= count_reg + 1'b1;
    end
    if (rst) begin
        valid_reg <= 1'b0;
        count_reg <= 32'd0;
        irq_reg   <= 1'b0;
    end
end

endmodule

`resetall
