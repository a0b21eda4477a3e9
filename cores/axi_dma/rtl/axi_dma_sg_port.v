`resetall
`default_nettype none

/*
 * The AXI master of scatter-gather mode, shared by both channels in turn: reads descriptors and writes their status words.
 *
 * A fetch is one burst of the four beats that hold a descriptor's first eight words; an update is one beat with the strobes of
 * word 7, its address and data out at once. One of each may be outstanding. A request stays high until its answer; halt: begin nothing more.
 */
module axi_dma_sg_port #(
    // Width of an address in bits: 32 to 64
    parameter ADDR_W = 40,
    // Width of a length in bytes
    parameter LENGTH_W = 26
) (
    input  wire                clk,
    input  wire                rst,
    input  wire                halt,
    // Nothing is outstanding any more
    output wire                quiet,
    // [0] MM2S, [1] S2MM; addresses of descriptors are multiples of 64 bytes
    input  wire [1:0]          fetch,
    input  wire [ADDR_W-7:0]   fetch_addr_mm2s,
    input  wire [ADDR_W-7:0]   fetch_addr_s2mm,
    // Answer, and what was read; errors: [0] slave, [1] decode
    output wire [1:0]          fetched,
    output wire [1:0]          fetched_errors,
    output wire [ADDR_W-7:0]   fetched_next,
    output wire [ADDR_W-1:0]   fetched_buffer,
    output wire [LENGTH_W-1:0] fetched_length,
    output wire                fetched_last,
    output wire                fetched_complete,
    input  wire [1:0]          update,
    input  wire [ADDR_W-7:0]   update_addr_mm2s,
    input  wire [ADDR_W-7:0]   update_addr_s2mm,
    input  wire [31:0]         update_status_mm2s,
    input  wire [31:0]         update_status_s2mm,
    output wire [1:0]          updated,
    output wire [1:0]          updated_errors,

    output wire [ADDR_W-1:0]   m_axi_araddr,
    output wire [7:0]          m_axi_arlen,
    output wire                m_axi_arvalid,
    input  wire                m_axi_arready,
    // Descriptors have reserved words and bits
    // verilator lint_off UNUSEDSIGNAL
    input  wire [63:0]         m_axi_rdata,
    // verilator lint_on UNUSEDSIGNAL
    input  wire [1:0]          m_axi_rresp,
    input  wire                m_axi_rlast,
    input  wire                m_axi_rvalid,
    output wire                m_axi_rready,
    output wire [ADDR_W-1:0]   m_axi_awaddr,
    output wire [7:0]          m_axi_awlen,
    output wire                m_axi_awvalid,
    input  wire                m_axi_awready,
    output wire [63:0]         m_axi_wdata,
    output wire [7:0]          m_axi_wstrb,
    output wire                m_axi_wlast,
    output wire                m_axi_wvalid,
    input  wire                m_axi_wready,
    input  wire [1:0]          m_axi_bresp,
    input  wire                m_axi_bvalid,
    output wire                m_axi_bready
);

`include "pg021.vh"

// Which channel: the one that asks, or the other one than last time
function pick(input [1:0] asks, input last_time);
    pick = asks == 2'b11 ? !last_time : asks[1];
endfunction

// Read descriptors
reg                rd_busy_reg;
reg                rd_owner_reg;
reg                ar_valid_reg;
reg [ADDR_W-7:0]   ar_addr_reg;
reg [1:0]          beat_reg;
reg [1:0]          rd_errors_reg;
reg [1:0]          fetched_reg;
reg [ADDR_W-7:0]   next_reg;
reg [ADDR_W-1:0]   buffer_reg;
reg [LENGTH_W-1:0] length_reg;
reg                last_reg;
reg                complete_reg;

// A request falls one cycle after its answer
wire [1:0] rd_asks  = fetch & ~fetched_reg;
wire       rd_pick  = pick(rd_asks, rd_owner_reg);
wire       rd_begin = !rd_busy_reg && !halt && rd_asks != 0;
wire       rd_end   = m_axi_rvalid && m_axi_rlast;

assign fetched          = fetched_reg;
assign fetched_errors   = rd_errors_reg;
assign fetched_next     = next_reg;
assign fetched_buffer   = buffer_reg;
assign fetched_length   = length_reg;
assign fetched_last     = last_reg;
assign fetched_complete = complete_reg;

assign m_axi_araddr  = {ar_addr_reg, 6'd0};
assign m_axi_arlen   = 8'd3;
assign m_axi_arvalid = ar_valid_reg;
assign m_axi_rready  = 1'b1;

always @(posedge clk) begin
    rd_busy_reg  <= rd_begin || (rd_busy_reg && !rd_end);
    ar_valid_reg <= rd_begin || (ar_valid_reg && !m_axi_arready);
    fetched_reg  <= rd_end ? {rd_owner_reg, !rd_owner_reg} : 2'b00;
    if (rd_begin) begin
        rd_owner_reg  <= rd_pick;
        ar_addr_reg   <= rd_pick ? fetch_addr_s2mm : fetch_addr_mm2s;
        beat_reg      <= 2'd0;
        rd_errors_reg <= 2'b00;
    end
    if (m_axi_rvalid) begin
        beat_reg      <= beat_reg + 1'b1;
        rd_errors_reg <= rd_errors_reg | {m_axi_rresp == 2'b11, m_axi_rresp == 2'b10};
        case (beat_reg)
            DESCRIPTOR_NEXT[4:3]:   next_reg <= m_axi_rdata[ADDR_W-1:6];
            DESCRIPTOR_BUFFER[4:3]: buffer_reg <= m_axi_rdata[ADDR_W-1:0];
            DESCRIPTOR_CONTROL[4:3]: begin
                length_reg   <= m_axi_rdata[LENGTH_W-1:0];
                last_reg     <= m_axi_rdata[CONTROL_EOF];
                complete_reg <= m_axi_rdata[32+STATUS_CMPLT];
            end
            default: ;
        endcase
    end
    if (rst) begin
        rd_busy_reg  <= 1'b0;
        rd_owner_reg <= 1'b0;
        ar_valid_reg <= 1'b0;
        fetched_reg  <= 2'b00;
    end
end

// Write status words: address, data, response
reg              wr_busy_reg;
reg              wr_owner_reg;
reg              aw_valid_reg;
reg              w_valid_reg;
reg [ADDR_W-7:0] aw_addr_reg;
reg [31:0]       w_status_reg;
reg [1:0]        wr_errors_reg;
reg [1:0]        updated_reg;

wire [1:0] wr_asks  = update & ~updated_reg;
wire       wr_pick  = pick(wr_asks, wr_owner_reg);
wire       wr_begin = !wr_busy_reg && !halt && wr_asks != 0;

assign updated        = updated_reg;
assign updated_errors = wr_errors_reg;

assign m_axi_awaddr  = {aw_addr_reg, DESCRIPTOR_STATUS[5:3], 3'd0};
assign m_axi_awlen   = 8'd0;
assign m_axi_awvalid = aw_valid_reg;
assign m_axi_wdata   = {w_status_reg, 32'd0};
assign m_axi_wstrb   = 8'hf0;
assign m_axi_wlast   = 1'b1;
assign m_axi_wvalid  = w_valid_reg;
assign m_axi_bready  = 1'b1;

always @(posedge clk) begin
    wr_busy_reg  <= wr_begin || (wr_busy_reg && !m_axi_bvalid);
    aw_valid_reg <= wr_begin || (aw_valid_reg && !m_axi_awready);
    w_valid_reg  <= wr_begin || (w_valid_reg && !m_axi_wready);
    updated_reg  <= m_axi_bvalid ? {wr_owner_reg, !wr_owner_reg} : 2'b00;
    if (m_axi_bvalid) wr_errors_reg <= {m_axi_bresp == 2'b11, m_axi_bresp == 2'b10};
    if (wr_begin) begin
        wr_owner_reg <= wr_pick;
        aw_addr_reg  <= wr_pick ? update_addr_s2mm : update_addr_mm2s;
        w_status_reg <= wr_pick ? update_status_s2mm : update_status_mm2s;
    end
    if (rst) begin
        wr_busy_reg  <= 1'b0;
        wr_owner_reg <= 1'b0;
        aw_valid_reg <= 1'b0;
        w_valid_reg  <= 1'b0;
        updated_reg  <= 2'b00;
    end
end

assign quiet = halt && !rd_busy_reg && !wr_busy_reg;

endmodule

`resetall
