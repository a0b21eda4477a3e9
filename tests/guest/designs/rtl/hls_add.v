// In the form of an HLS kernel: out[i] = in[i] + bias for size words, in bursts of up to 16 words, one after the other.
module hls_add #(
    parameter C_S_AXI_CONTROL_ADDR_WIDTH = 6,
    parameter C_M_AXI_GMEM_DATA_WIDTH = 32,
    parameter C_M_AXI_GMEM_ID_WIDTH = 3
) (
    input  wire        ap_clk,
    input  wire        ap_rst_n,
    output wire        interrupt,
    input  wire [C_S_AXI_CONTROL_ADDR_WIDTH-1:0] s_axi_control_AWADDR,
    input  wire        s_axi_control_AWVALID,
    output wire        s_axi_control_AWREADY,
    input  wire [31:0] s_axi_control_WDATA,
    input  wire [3:0]  s_axi_control_WSTRB,
    input  wire        s_axi_control_WVALID,
    output wire        s_axi_control_WREADY,
    output wire [1:0]  s_axi_control_BRESP,
    output wire        s_axi_control_BVALID,
    input  wire        s_axi_control_BREADY,
    input  wire [C_S_AXI_CONTROL_ADDR_WIDTH-1:0] s_axi_control_ARADDR,
    input  wire        s_axi_control_ARVALID,
    output wire        s_axi_control_ARREADY,
    output wire [31:0] s_axi_control_RDATA,
    output wire [1:0]  s_axi_control_RRESP,
    output wire        s_axi_control_RVALID,
    input  wire        s_axi_control_RREADY,
    output wire [C_M_AXI_GMEM_ID_WIDTH-1:0] m_axi_gmem_AWID,
    output wire [63:0] m_axi_gmem_AWADDR,
    output wire [7:0]  m_axi_gmem_AWLEN,
    output wire [2:0]  m_axi_gmem_AWSIZE,
    output wire [1:0]  m_axi_gmem_AWBURST,
    output wire [1:0]  m_axi_gmem_AWLOCK,
    output wire [3:0]  m_axi_gmem_AWCACHE,
    output wire        m_axi_gmem_AWVALID,
    input  wire        m_axi_gmem_AWREADY,
    output wire [C_M_AXI_GMEM_DATA_WIDTH-1:0] m_axi_gmem_WDATA,
    output wire [C_M_AXI_GMEM_DATA_WIDTH/8-1:0] m_axi_gmem_WSTRB,
    output wire        m_axi_gmem_WLAST,
    output wire        m_axi_gmem_WVALID,
    input  wire        m_axi_gmem_WREADY,
    input  wire [C_M_AXI_GMEM_ID_WIDTH-1:0] m_axi_gmem_BID,
    input  wire [1:0]  m_axi_gmem_BRESP,
    input  wire        m_axi_gmem_BVALID,
    output wire        m_axi_gmem_BREADY,
    output wire [C_M_AXI_GMEM_ID_WIDTH-1:0] m_axi_gmem_ARID,
    output wire [63:0] m_axi_gmem_ARADDR,
    output wire [7:0]  m_axi_gmem_ARLEN,
    output wire [2:0]  m_axi_gmem_ARSIZE,
    output wire [1:0]  m_axi_gmem_ARBURST,
    output wire        m_axi_gmem_ARVALID,
    input  wire        m_axi_gmem_ARREADY,
    input  wire [C_M_AXI_GMEM_ID_WIDTH-1:0] m_axi_gmem_RID,
    input  wire [C_M_AXI_GMEM_DATA_WIDTH-1:0] m_axi_gmem_RDATA,
    input  wire [1:0]  m_axi_gmem_RRESP,
    input  wire        m_axi_gmem_RLAST,
    input  wire        m_axi_gmem_RVALID,
    output wire        m_axi_gmem_RREADY
);
localparam IDLE = 0, READ = 1, DATA = 2, WRITE = 3, SEND = 4, ANSWER = 5;

wire [511:0] written;
reg  [2:0]   state;
reg          done, isr, ids_wrong;
reg  [63:0]  from, to;
reg  [31:0]  left;
reg  [3:0]   at;
reg  [3:0]   id;
reg  [31:0]  held [0:15];
wire         write, read;
wire [3:0]   write_word, read_word;
wire         start = write && write_word == 0 && s_axi_control_WDATA[0];
wire         taken = read && read_word == 0;
wire [10:0]  to_page = 11'd1024 - {1'b0, from[11:2]}, out_page = 11'd1024 - {1'b0, to[11:2]};
wire [4:0]   room = to_page < 16 ? to_page[4:0] : 5'd16, out_room = out_page < 16 ? out_page[4:0] : 5'd16;
wire [4:0]   both = room < out_room ? room : out_room;
wire [4:0]   beats = left < {27'd0, both} ? left[4:0] : both;
reg  [4:0]   count;

lite_words #(.WORDS(16), .ADDR_W(6)) control (
    .clk(ap_clk), .resetn(ap_rst_n),
    .awaddr(s_axi_control_AWADDR), .awvalid(s_axi_control_AWVALID), .awready(s_axi_control_AWREADY),
    .wdata(s_axi_control_WDATA), .wvalid(s_axi_control_WVALID), .wready(s_axi_control_WREADY),
    .bresp(s_axi_control_BRESP), .bvalid(s_axi_control_BVALID), .bready(s_axi_control_BREADY),
    .araddr(s_axi_control_ARADDR), .arvalid(s_axi_control_ARVALID), .arready(s_axi_control_ARREADY),
    .rdata(s_axi_control_RDATA), .rresp(s_axi_control_RRESP), .rvalid(s_axi_control_RVALID), .rready(s_axi_control_RREADY),
    .written(written), .write(write), .write_word(write_word), .read(read), .read_word(read_word),
    .readable({written[511:480], 31'd0, ids_wrong, written[447:128], 31'd0, isr, written[95:32], 29'd0, state == IDLE, done, state != IDLE})
);

assign interrupt          = written[32] && written[64] && isr;
assign m_axi_gmem_ARID    = id[C_M_AXI_GMEM_ID_WIDTH-1:0];
assign m_axi_gmem_ARADDR  = from;
assign m_axi_gmem_ARLEN   = {3'd0, count} - 8'd1;
assign m_axi_gmem_ARSIZE  = 3'd2;
assign m_axi_gmem_ARBURST = 2'b01;
assign m_axi_gmem_ARVALID = state == READ && count != 0;
assign m_axi_gmem_RREADY  = state == DATA;
assign m_axi_gmem_AWID    = id[C_M_AXI_GMEM_ID_WIDTH-1:0];
assign m_axi_gmem_AWADDR  = to;
assign m_axi_gmem_AWLEN   = {3'd0, count} - 8'd1;
assign m_axi_gmem_AWSIZE  = 3'd2;
assign m_axi_gmem_AWBURST = 2'b01;
assign m_axi_gmem_AWLOCK  = 2'b00;
assign m_axi_gmem_AWCACHE = 4'b0011;
assign m_axi_gmem_AWVALID = state == WRITE;
assign m_axi_gmem_WDATA   = held[at];
assign m_axi_gmem_WSTRB   = {C_M_AXI_GMEM_DATA_WIDTH/8{1'b1}};
assign m_axi_gmem_WLAST   = {1'b0, at} + 5'd1 == count;
assign m_axi_gmem_WVALID  = state == SEND;
assign m_axi_gmem_BREADY  = state == ANSWER;

always @(posedge ap_clk) begin
    if (taken) done <= 1'b0;
    if (write && write_word == 3 && s_axi_control_WDATA[0]) isr <= 1'b0;
    case (state)
        IDLE: if (start) begin
            from  <= {written[191:160], written[159:128]};
            to    <= {written[287:256], written[255:224]};
            left  <= written[351:320];
            state <= READ;
            count <= 0;
        end
        READ: if (count == 0) count <= beats;
            else if (m_axi_gmem_ARREADY) begin at <= 0; state <= DATA; end
        DATA: if (m_axi_gmem_RVALID) begin
            held[at]  <= m_axi_gmem_RDATA + written[415:384];
            at        <= at + 1;
            ids_wrong <= ids_wrong || m_axi_gmem_RID != m_axi_gmem_ARID;
            if (m_axi_gmem_RLAST) state <= WRITE;
        end
        WRITE: if (m_axi_gmem_AWREADY) begin at <= 0; state <= SEND; end
        SEND: if (m_axi_gmem_WREADY) begin
            at <= at + 1;
            if (m_axi_gmem_WLAST) state <= ANSWER;
        end
        ANSWER: if (m_axi_gmem_BVALID) begin
            ids_wrong <= ids_wrong || m_axi_gmem_BID != m_axi_gmem_AWID;
            from  <= from + 4 * count;
            to    <= to + 4 * count;
            left  <= left - count;
            id    <= id + 1;
            count <= 0;
            state <= left == count ? IDLE : READ;
            done  <= left == count;
            isr   <= isr || left == count;
        end
        default: state <= IDLE;
    endcase
    if (!ap_rst_n) begin
        state     <= IDLE;
        done      <= 1'b0;
        isr       <= 1'b0;
        id        <= 0;
        ids_wrong <= 1'b0;
    end
end
endmodule
