`resetall
`default_nettype none

/*
 * AXI4-Lite slave in front of both channels' registers: MM2S from 00h, S2MM from 30h; everything else reads zero and ignores
 * writes. Every access is answered OKAY. As in PG021 there are no write strobes: a write is of 32 bits.
 */
module axi_dma_axil (
    input  wire        clk,
    input  wire        rst,
    // Addresses are of 32-bit words
    input  wire [7:0]  s_axi_awaddr,
    input  wire        s_axi_awvalid,
    output wire        s_axi_awready,
    input  wire [31:0] s_axi_wdata,
    input  wire        s_axi_wvalid,
    output wire        s_axi_wready,
    output wire [1:0]  s_axi_bresp,
    output wire        s_axi_bvalid,
    input  wire        s_axi_bready,
    input  wire [7:0]  s_axi_araddr,
    input  wire        s_axi_arvalid,
    output wire        s_axi_arready,
    output wire [31:0] s_axi_rdata,
    output wire [1:0]  s_axi_rresp,
    output wire        s_axi_rvalid,
    input  wire        s_axi_rready,
    // Registers: [0] MM2S, [1] S2MM; rd_data one cycle after rd_word
    output wire [1:0]  wr_en,
    output wire [3:0]  wr_word,
    output wire [31:0] wr_data,
    output wire [3:0]  rd_word,
    input  wire [31:0] rd_data_mm2s,
    input  wire [31:0] rd_data_s2mm
);

`include "pg021.vh"

wire [7:0] aw_offset = s_axi_awaddr - CHANNEL_WORDS;
wire [7:0] ar_offset = s_axi_araddr - CHANNEL_WORDS;
wire       aw_mm2s   = s_axi_awaddr < CHANNEL_WORDS;
wire       ar_mm2s   = s_axi_araddr < CHANNEL_WORDS;
wire       aw_s2mm   = !aw_mm2s && aw_offset < CHANNEL_WORDS;
wire       ar_s2mm   = !ar_mm2s && ar_offset < CHANNEL_WORDS;

// Write: address and data are taken on their own, in any order
reg        awready_reg;
reg        wready_reg;
reg        bvalid_reg;
reg        aw_held_reg;
reg        w_held_reg;
reg [1:0]  wr_channel_reg;
reg [3:0]  wr_word_reg;
reg [31:0] wr_data_reg;
reg [1:0]  wr_en_reg;
wire       aw_take   = s_axi_awvalid && awready_reg;
wire       w_take    = s_axi_wvalid && wready_reg;
wire       write     = aw_held_reg && w_held_reg;
wire       b_waiting = bvalid_reg && !s_axi_bready;

assign s_axi_awready = awready_reg;
assign s_axi_wready  = wready_reg;
assign s_axi_bvalid  = bvalid_reg;
assign s_axi_bresp   = 2'b00;
assign wr_en         = wr_en_reg;
assign wr_word       = wr_word_reg;
assign wr_data       = wr_data_reg;

always @(posedge clk) begin
    aw_held_reg <= !write && (aw_held_reg || aw_take);
    w_held_reg  <= !write && (w_held_reg || w_take);
    awready_reg <= !aw_held_reg && !aw_take && !b_waiting && wr_en_reg == 0;
    wready_reg  <= !w_held_reg && !w_take && !b_waiting && wr_en_reg == 0;
    wr_en_reg   <= write ? wr_channel_reg : 2'b00;
    bvalid_reg  <= write || b_waiting;
    if (aw_take) begin
        wr_channel_reg <= {aw_s2mm, aw_mm2s};
        wr_word_reg    <= aw_mm2s ? s_axi_awaddr[3:0] : aw_offset[3:0];
    end
    if (w_take) wr_data_reg <= s_axi_wdata;
    if (rst) begin
        aw_held_reg <= 1'b0;
        w_held_reg  <= 1'b0;
        awready_reg <= 1'b0;
        wready_reg  <= 1'b0;
        wr_en_reg   <= 2'b00;
        bvalid_reg  <= 1'b0;
    end
end

// Read: accepted, registers read, answered
reg        arready_reg;
reg        rvalid_reg;
reg [31:0] rdata_reg;
reg [1:0]  rd_channel_reg;
reg [3:0]  rd_word_reg;
reg [1:0]  rd_stage_reg;
wire       ar_take = s_axi_arvalid && arready_reg;

assign s_axi_arready = arready_reg;
assign s_axi_rvalid  = rvalid_reg;
assign s_axi_rdata   = rdata_reg;
assign s_axi_rresp   = 2'b00;
assign rd_word       = rd_word_reg;

always @(posedge clk) begin
    rd_stage_reg <= {rd_stage_reg[0], ar_take};
    rvalid_reg   <= rd_stage_reg[1] || (rvalid_reg && !s_axi_rready);
    arready_reg  <= !ar_take && rd_stage_reg == 0 && !(rvalid_reg && !s_axi_rready);
    if (ar_take) begin
        rd_channel_reg <= {ar_s2mm, ar_mm2s};
        rd_word_reg    <= ar_mm2s ? s_axi_araddr[3:0] : ar_offset[3:0];
    end
    if (rd_stage_reg[1]) rdata_reg <= (rd_data_mm2s & {32{rd_channel_reg[0]}}) | (rd_data_s2mm & {32{rd_channel_reg[1]}});
    if (rst) begin
        rd_stage_reg <= 2'b00;
        rvalid_reg   <= 1'b0;
        arready_reg  <= 1'b0;
    end
end

endmodule

`resetall
