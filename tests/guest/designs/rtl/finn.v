// FINN's shape: a kernel that reads the DDR into a stream, a stream, and a kernel that writes one to the DDR.
// Registers: 00h ap_ctrl (0 start, 1 done, 2 idle), 10h and 14h address, 1Ch repetitions (here: beats of 16 bytes).
module StreamingDataflowPartition_0 (
    input  wire         ap_clk,
    input  wire         ap_rst_n,
    input  wire [5:0]   s_axi_control_0_awaddr,
    input  wire         s_axi_control_0_awvalid,
    output wire         s_axi_control_0_awready,
    input  wire [31:0]  s_axi_control_0_wdata,
    input  wire [3:0]   s_axi_control_0_wstrb,
    input  wire         s_axi_control_0_wvalid,
    output wire         s_axi_control_0_wready,
    output wire [1:0]   s_axi_control_0_bresp,
    output wire         s_axi_control_0_bvalid,
    input  wire         s_axi_control_0_bready,
    input  wire [5:0]   s_axi_control_0_araddr,
    input  wire         s_axi_control_0_arvalid,
    output wire         s_axi_control_0_arready,
    output wire [31:0]  s_axi_control_0_rdata,
    output wire [1:0]   s_axi_control_0_rresp,
    output wire         s_axi_control_0_rvalid,
    input  wire         s_axi_control_0_rready,
    output wire [63:0]  m_axi_gmem0_araddr,
    output wire [7:0]   m_axi_gmem0_arlen,
    output wire [2:0]   m_axi_gmem0_arsize,
    output wire [1:0]   m_axi_gmem0_arburst,
    output wire         m_axi_gmem0_arvalid,
    input  wire         m_axi_gmem0_arready,
    input  wire [127:0] m_axi_gmem0_rdata,
    input  wire [1:0]   m_axi_gmem0_rresp,
    input  wire         m_axi_gmem0_rlast,
    input  wire         m_axi_gmem0_rvalid,
    output wire         m_axi_gmem0_rready,
    output wire [127:0] m_axis_0_tdata,
    output wire         m_axis_0_tvalid,
    input  wire         m_axis_0_tready
);
wire [63:0] address;
wire [31:0] beats;
wire        start;
reg  [63:0] at;
reg  [31:0] asked, left;
wire        busy = left != 0;

kernel_control control (
    .clk(ap_clk), .resetn(ap_rst_n), .busy(busy), .start(start), .address(address), .beats(beats),
    .awaddr(s_axi_control_0_awaddr), .awvalid(s_axi_control_0_awvalid), .awready(s_axi_control_0_awready),
    .wdata(s_axi_control_0_wdata), .wvalid(s_axi_control_0_wvalid), .wready(s_axi_control_0_wready),
    .bresp(s_axi_control_0_bresp), .bvalid(s_axi_control_0_bvalid), .bready(s_axi_control_0_bready),
    .araddr(s_axi_control_0_araddr), .arvalid(s_axi_control_0_arvalid), .arready(s_axi_control_0_arready),
    .rdata(s_axi_control_0_rdata), .rresp(s_axi_control_0_rresp), .rvalid(s_axi_control_0_rvalid),
    .rready(s_axi_control_0_rready)
);

// Bursts of up to 256 beats that end at 4 KiB
wire [31:0] room = 32'd256 - {24'd0, at[11:4]};
wire [31:0] next = asked < room ? asked : room;

assign m_axi_gmem0_araddr  = at;
assign m_axi_gmem0_arlen   = next[7:0] - 8'd1;
assign m_axi_gmem0_arsize  = 3'd4;
assign m_axi_gmem0_arburst = 2'b01;
assign m_axi_gmem0_arvalid = asked != 0;
assign m_axi_gmem0_rready  = m_axis_0_tready;
assign m_axis_0_tdata      = m_axi_gmem0_rdata;
assign m_axis_0_tvalid     = m_axi_gmem0_rvalid;

always @(posedge ap_clk) begin
    if (start) begin
        at    <= address;
        asked <= beats;
        left  <= beats;
    end
    if (m_axi_gmem0_arvalid && m_axi_gmem0_arready) begin
        at    <= at + 16 * next;
        asked <= asked - next;
    end
    if (m_axi_gmem0_rvalid && m_axi_gmem0_rready) left <= left - 1;
    if (!ap_rst_n) begin
        asked <= 0;
        left  <= 0;
    end
end
endmodule

module StreamingDataflowPartition_1 (
    input  wire         ap_clk,
    input  wire         ap_rst_n,
    input  wire [127:0] s_axis_0_tdata,
    input  wire         s_axis_0_tvalid,
    output wire         s_axis_0_tready,
    output wire [63:0]  m_axis_0_tdata,
    output wire         m_axis_0_tvalid,
    input  wire         m_axis_0_tready
);
// Sums of pairs of bytes, as 8 values of 8 bits
reg  [63:0] data;
reg         valid;

assign s_axis_0_tready = !valid || m_axis_0_tready;
assign m_axis_0_tdata  = data;
assign m_axis_0_tvalid = valid;

integer lane;

always @(posedge ap_clk) begin
    if (s_axis_0_tready) begin
        valid <= s_axis_0_tvalid;
        for (lane = 0; lane < 8; lane = lane + 1) begin
            data[8*lane +: 8] <= s_axis_0_tdata[16*lane +: 8] + s_axis_0_tdata[16*lane + 8 +: 8];
        end
    end
    if (!ap_rst_n) valid <= 1'b0;
end
endmodule

module StreamingDataflowPartition_2 (
    input  wire         ap_clk,
    input  wire         ap_rst_n,
    input  wire [5:0]   s_axi_control_0_awaddr,
    input  wire         s_axi_control_0_awvalid,
    output wire         s_axi_control_0_awready,
    input  wire [31:0]  s_axi_control_0_wdata,
    input  wire [3:0]   s_axi_control_0_wstrb,
    input  wire         s_axi_control_0_wvalid,
    output wire         s_axi_control_0_wready,
    output wire [1:0]   s_axi_control_0_bresp,
    output wire         s_axi_control_0_bvalid,
    input  wire         s_axi_control_0_bready,
    input  wire [5:0]   s_axi_control_0_araddr,
    input  wire         s_axi_control_0_arvalid,
    output wire         s_axi_control_0_arready,
    output wire [31:0]  s_axi_control_0_rdata,
    output wire [1:0]   s_axi_control_0_rresp,
    output wire         s_axi_control_0_rvalid,
    input  wire         s_axi_control_0_rready,
    output wire [63:0]  m_axi_gmem0_awaddr,
    output wire [7:0]   m_axi_gmem0_awlen,
    output wire [2:0]   m_axi_gmem0_awsize,
    output wire [1:0]   m_axi_gmem0_awburst,
    output wire         m_axi_gmem0_awvalid,
    input  wire         m_axi_gmem0_awready,
    output wire [63:0]  m_axi_gmem0_wdata,
    output wire [7:0]   m_axi_gmem0_wstrb,
    output wire         m_axi_gmem0_wlast,
    output wire         m_axi_gmem0_wvalid,
    input  wire         m_axi_gmem0_wready,
    input  wire [1:0]   m_axi_gmem0_bresp,
    input  wire         m_axi_gmem0_bvalid,
    output wire         m_axi_gmem0_bready,
    input  wire [63:0]  s_axis_0_tdata,
    input  wire         s_axis_0_tvalid,
    output wire         s_axis_0_tready
);
wire [63:0] address;
wire [31:0] beats;
wire        start;
reg  [63:0] at;
reg  [31:0] asked, left, answers;
reg         addressed;
wire        busy = answers != 0;

kernel_control control (
    .clk(ap_clk), .resetn(ap_rst_n), .busy(busy), .start(start), .address(address), .beats(beats),
    .awaddr(s_axi_control_0_awaddr), .awvalid(s_axi_control_0_awvalid), .awready(s_axi_control_0_awready),
    .wdata(s_axi_control_0_wdata), .wvalid(s_axi_control_0_wvalid), .wready(s_axi_control_0_wready),
    .bresp(s_axi_control_0_bresp), .bvalid(s_axi_control_0_bvalid), .bready(s_axi_control_0_bready),
    .araddr(s_axi_control_0_araddr), .arvalid(s_axi_control_0_arvalid), .arready(s_axi_control_0_arready),
    .rdata(s_axi_control_0_rdata), .rresp(s_axi_control_0_rresp), .rvalid(s_axi_control_0_rvalid),
    .rready(s_axi_control_0_rready)
);

// A burst of one beat each: the address, then its data
assign m_axi_gmem0_awaddr  = at;
assign m_axi_gmem0_awlen   = 8'd0;
assign m_axi_gmem0_awsize  = 3'd3;
assign m_axi_gmem0_awburst = 2'b01;
assign m_axi_gmem0_awvalid = left != 0 && !addressed;
assign m_axi_gmem0_wdata   = s_axis_0_tdata;
assign m_axi_gmem0_wstrb   = 8'hFF;
assign m_axi_gmem0_wlast   = 1'b1;
assign m_axi_gmem0_wvalid  = addressed && s_axis_0_tvalid;
assign m_axi_gmem0_bready  = 1'b1;
assign s_axis_0_tready     = addressed && m_axi_gmem0_wready;

always @(posedge ap_clk) begin
    if (start) begin
        at      <= address;
        left    <= beats;
        answers <= beats;
    end
    if (m_axi_gmem0_awvalid && m_axi_gmem0_awready) addressed <= 1'b1;
    if (m_axi_gmem0_wvalid && m_axi_gmem0_wready) begin
        addressed <= 1'b0;
        at        <= at + 8;
        left      <= left - 1;
    end
    if (m_axi_gmem0_bvalid) answers <= answers - 1;
    if (!ap_rst_n) begin
        left      <= 0;
        answers   <= 0;
        addressed <= 1'b0;
    end
end
endmodule

module kernel_control (
    input  wire        clk,
    input  wire        resetn,
    input  wire        busy,
    output reg         start,
    output wire [63:0] address,
    output wire [31:0] beats,
    input  wire [5:0]  awaddr,
    input  wire        awvalid,
    output wire        awready,
    input  wire [31:0] wdata,
    input  wire        wvalid,
    output wire        wready,
    output wire [1:0]  bresp,
    output wire        bvalid,
    input  wire        bready,
    input  wire [5:0]  araddr,
    input  wire        arvalid,
    output wire        arready,
    output wire [31:0] rdata,
    output wire [1:0]  rresp,
    output wire        rvalid,
    input  wire        rready
);
wire [511:0] written;
wire         write;
wire [3:0]   write_word;
reg          was_busy, done;

assign address = {written[191:160], written[159:128]};
assign beats   = written[255:224];

lite_words #(.WORDS(16), .ADDR_W(6)) words (
    .clk(clk), .resetn(resetn),
    .awaddr(awaddr), .awvalid(awvalid), .awready(awready), .wdata(wdata), .wvalid(wvalid), .wready(wready),
    .bresp(bresp), .bvalid(bvalid), .bready(bready), .araddr(araddr), .arvalid(arvalid), .arready(arready),
    .rdata(rdata), .rresp(rresp), .rvalid(rvalid), .rready(rready),
    .written(written), .write(write), .write_word(write_word), .read(), .read_word(),
    .readable({written[511:32], 29'd0, !busy && !start, done, busy || start})
);

always @(posedge clk) begin
    start    <= write && write_word == 0 && wdata[0];
    was_busy <= busy;
    done     <= !start && (done || (was_busy && !busy));
    if (!resetn) begin
        start    <= 1'b0;
        was_busy <= 1'b0;
        done     <= 1'b0;
    end
end
endmodule
