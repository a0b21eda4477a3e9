`resetall
`default_nettype none

/*
 * Plays a wave on both monitors: each line of +wave=FILE is a cycle's signals in hexadecimal, as tests/cores/test_protocol.py packs them.
 */
module replay_waves #(
    parameter LITE = 0,
    // Bytes of a beat of both
    parameter BYTES = 8
);

localparam AXI_W    = 122 + 17 * BYTES;
localparam STREAM_W = 3 + 9 * BYTES;
localparam CYCLES   = 256;

reg                          clk = 1'b0;
reg [AXI_W+STREAM_W+2-1:0]   wave [0:CYCLES-1];
reg [8*256-1:0]              file;
integer                      cycle;

// resetn, closed, the port, the stream
reg                resetn, closed;
reg [AXI_W-1:0]    port;
reg [STREAM_W-1:0] beat;

wire        awvalid, awready, wvalid, wready, wlast, bvalid, bready, arvalid, arready, rvalid, rready, rlast, tvalid, tready, tlast;
wire [39:0] awaddr, araddr;
wire [7:0]  awlen, arlen;
wire [BYTES-1:0]   wstrb, tkeep;
wire [2:0]  awsize, arsize;
wire [1:0]  awburst, arburst, bresp, rresp;
wire [8*BYTES-1:0] wdata, rdata, tdata;

assign {awvalid, awready, awaddr, awlen, awsize, awburst, wvalid, wready, wdata, wstrb, wlast, bvalid, bready, bresp,
        arvalid, arready, araddr, arlen, arsize, arburst, rvalid, rready, rdata, rresp, rlast} = port;
assign {tvalid, tready, tdata, tkeep, tlast} = beat;

axi_monitor #(.PORT("port"), .LITE(LITE), .BYTES(BYTES), .PENDING(4)) axi (
    .clk(clk), .resetn(resetn), .closed(closed),
    .awaddr(awaddr), .awlen(awlen), .awsize(awsize), .awburst(awburst), .awvalid(awvalid), .awready(awready),
    .wdata(wdata), .wstrb(wstrb), .wlast(wlast), .wvalid(wvalid), .wready(wready),
    .bresp(bresp), .bvalid(bvalid), .bready(bready),
    .araddr(araddr), .arlen(arlen), .arsize(arsize), .arburst(arburst), .arvalid(arvalid), .arready(arready),
    .rdata(rdata), .rresp(rresp), .rlast(rlast), .rvalid(rvalid), .rready(rready)
);

axis_monitor #(.PORT("stream"), .BYTES(BYTES)) stream (
    .clk(clk), .resetn(resetn), .tdata(tdata), .tkeep(tkeep), .tlast(tlast), .tvalid(tvalid), .tready(tready)
);

initial begin
    if (!$value$plusargs("wave=%s", file)) $finish;
    $readmemh(file, wave);
    for (cycle = 0; cycle < CYCLES && wave[cycle] !== {AXI_W+STREAM_W+2{1'bx}}; cycle = cycle + 1) begin
        {resetn, closed, port, beat} = wave[cycle];
        #5 clk = 1'b1;
        #5 clk = 1'b0;
    end
    $display("no finding in %0d cycles", cycle);
    $finish;
end

endmodule

`resetall
