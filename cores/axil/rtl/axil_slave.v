`resetall
`default_nettype none

/*
 * AXI4-Lite slave in front of registers: one write and one read at a time, every access is answered OKAY.
 *
 * Write: address and data are taken together (ready, a register, rises after both valids and falls again); in the next cycle wr_en
 * is high with word, data and byte strobes, all registers, and the answer begins. The next write is taken after its handshake.
 * Read: rd_en is high in the cycle after the address was taken; rd_word stays until the next read. The user gives rd_data RD_CYCLES
 * after rd_en: registers, or a few of them merged; a cycle later it is on R and stays until ready. A read whose address comes after
 * a write's answer has its rd_en at least three cycles after that wr_en.
 */
module axil_slave #(
    // Width of an address in bytes; bits 1:0 mean nothing
    parameter ADDR_W = 12,
    // Cycles from rd_en to rd_data: 1 or more
    parameter RD_CYCLES = 1
) (
    input  wire              clk,
    input  wire              rst,

    // verilator lint_off UNUSEDSIGNAL
    input  wire [ADDR_W-1:0] s_axil_awaddr,
    // verilator lint_on UNUSEDSIGNAL
    input  wire              s_axil_awvalid,
    output wire              s_axil_awready,
    input  wire [31:0]       s_axil_wdata,
    input  wire [3:0]        s_axil_wstrb,
    input  wire              s_axil_wvalid,
    output wire              s_axil_wready,
    output wire [1:0]        s_axil_bresp,
    output wire              s_axil_bvalid,
    input  wire              s_axil_bready,
    // verilator lint_off UNUSEDSIGNAL
    input  wire [ADDR_W-1:0] s_axil_araddr,
    // verilator lint_on UNUSEDSIGNAL
    input  wire              s_axil_arvalid,
    output wire              s_axil_arready,
    output wire [31:0]       s_axil_rdata,
    output wire [1:0]        s_axil_rresp,
    output wire              s_axil_rvalid,
    input  wire              s_axil_rready,

    output wire              wr_en,
    output wire [ADDR_W-3:0] wr_word,
    output wire [31:0]       wr_data,
    output wire [3:0]        wr_strb,
    output wire              rd_en,
    output wire [ADDR_W-3:0] rd_word,
    input  wire [31:0]       rd_data
);

// ---- write
reg              wready_reg;
reg              wr_en_reg;
reg              bvalid_reg;
reg [ADDR_W-3:0] wr_word_reg;
reg [31:0]       wr_data_reg;
reg [3:0]        wr_strb_reg;
wire             b_waits = bvalid_reg && !s_axil_bready;

assign s_axil_awready = wready_reg;
assign s_axil_wready  = wready_reg;
assign s_axil_bresp   = 2'b00;
assign s_axil_bvalid  = bvalid_reg;
assign wr_en          = wr_en_reg;
assign wr_word        = wr_word_reg;
assign wr_data        = wr_data_reg;
assign wr_strb        = wr_strb_reg;

always @(posedge clk) begin
    wready_reg <= s_axil_awvalid && s_axil_wvalid && !wready_reg && !b_waits;
    wr_en_reg  <= wready_reg;
    bvalid_reg <= wready_reg || b_waits;
    if (wready_reg) begin
        wr_word_reg <= s_axil_awaddr[ADDR_W-1:2];
        wr_data_reg <= s_axil_wdata;
        wr_strb_reg <= s_axil_wstrb;
    end
    if (rst) begin
        wready_reg <= 1'b0;
        wr_en_reg  <= 1'b0;
        bvalid_reg <= 1'b0;
    end
end

// ---- read
reg                 arready_reg;
reg                 rd_en_reg;
reg [RD_CYCLES-1:0] reading_reg;
reg                 rvalid_reg;
reg [ADDR_W-3:0]    rd_word_reg;
reg [31:0]          rdata_reg;
wire [RD_CYCLES:0]  reading = {reading_reg, rd_en_reg};
wire                data    = reading[RD_CYCLES];           // rd_data is there
wire                r_waits = rvalid_reg && !s_axil_rready;

assign s_axil_arready = arready_reg;
assign s_axil_rdata   = rdata_reg;
assign s_axil_rresp   = 2'b00;
assign s_axil_rvalid  = rvalid_reg;
assign rd_en          = rd_en_reg;
assign rd_word        = rd_word_reg;

always @(posedge clk) begin
    arready_reg <= s_axil_arvalid && !arready_reg && reading == {RD_CYCLES+1{1'b0}} && !r_waits;
    rd_en_reg   <= arready_reg;
    reading_reg <= reading[RD_CYCLES-1:0];
    rvalid_reg  <= data || r_waits;
    if (arready_reg) rd_word_reg <= s_axil_araddr[ADDR_W-1:2];
    if (data) rdata_reg <= rd_data;
    if (rst) begin
        arready_reg <= 1'b0;
        rd_en_reg   <= 1'b0;
        reading_reg <= {RD_CYCLES{1'b0}};
        rvalid_reg  <= 1'b0;
    end
end

endmodule

`resetall
