`resetall
`default_nettype none

/*
 * Looks at a port of AXI4, or with LITE of AXI4-Lite: handshakes and reset of each channel (channel_monitor), bursts (A3.4.1),
 * last beats, and responses, none early or without its cause (A3.3.1). closed: the master says that nothing is open. Write data may
 * come before their address, up to PENDING bursts. A finding is printed, and stops the simulation. Not for synthesis.
 *
 * Channels that a port has not are tied to 0. AXI4-Lite: len, size, burst and last are not looked at.
 */
module axi_monitor #(
    // What messages call the port
    parameter PORT        = "axi",
    parameter LITE        = 0,
    parameter ADDR_W      = 40,
    // Bytes of a beat
    parameter BYTES       = 8,
    // Longest burst in beats: 16 is AXI3's, 256 AXI4's
    parameter LONGEST     = 16,
    // Bursts that may be open each way: a power of two
    parameter PENDING     = 32,
    // Cycles in reset from which on valid must be low
    parameter RESET_CYCLE = 4
) (
    input  wire               clk,
    input  wire               resetn,
    input  wire               closed,

    input  wire [ADDR_W-1:0]  awaddr,
    input  wire [7:0]         awlen,
    input  wire [2:0]         awsize,
    input  wire [1:0]         awburst,
    input  wire               awvalid,
    input  wire               awready,
    input  wire [8*BYTES-1:0] wdata,
    input  wire [BYTES-1:0]   wstrb,
    input  wire               wlast,
    input  wire               wvalid,
    input  wire               wready,
    input  wire [1:0]         bresp,
    input  wire               bvalid,
    input  wire               bready,

    input  wire [ADDR_W-1:0]  araddr,
    input  wire [7:0]         arlen,
    input  wire [2:0]         arsize,
    input  wire [1:0]         arburst,
    input  wire               arvalid,
    input  wire               arready,
    input  wire [8*BYTES-1:0] rdata,
    input  wire [1:0]         rresp,
    input  wire               rlast,
    input  wire               rvalid,
    input  wire               rready
);

// ---- handshakes
channel_monitor #(.PORT(PORT), .CHANNEL("aw"), .WIDTH(ADDR_W + 13), .RESET_CYCLE(RESET_CYCLE)) aw (
    .clk(clk), .resetn(resetn), .valid(awvalid), .ready(awready), .payload({awaddr, awlen, awsize, awburst}));
channel_monitor #(.PORT(PORT), .CHANNEL("w"), .WIDTH(9 * BYTES + 1), .RESET_CYCLE(RESET_CYCLE)) w (
    .clk(clk), .resetn(resetn), .valid(wvalid), .ready(wready), .payload({wdata, wstrb, wlast}));
channel_monitor #(.PORT(PORT), .CHANNEL("b"), .WIDTH(2), .RESET_CYCLE(RESET_CYCLE)) b (
    .clk(clk), .resetn(resetn), .valid(bvalid), .ready(bready), .payload(bresp));
channel_monitor #(.PORT(PORT), .CHANNEL("ar"), .WIDTH(ADDR_W + 13), .RESET_CYCLE(RESET_CYCLE)) ar (
    .clk(clk), .resetn(resetn), .valid(arvalid), .ready(arready), .payload({araddr, arlen, arsize, arburst}));
channel_monitor #(.PORT(PORT), .CHANNEL("r"), .WIDTH(8 * BYTES + 3), .RESET_CYCLE(RESET_CYCLE)) r (
    .clk(clk), .resetn(resetn), .valid(rvalid), .ready(rready), .payload({rdata, rresp, rlast}));

// ---- addresses
localparam        BYTES_W = $clog2(BYTES);
localparam [2:0]  SIZE    = BYTES_W[2:0];
localparam [1:0]  INCR    = 2'b01;
localparam [31:0] BEAT    = BYTES[31:0];
localparam [31:0] PAGE    = 32'd4096;

// The first rule that a burst breaks, by its place in a page; 0 for none
function integer broken(input [11:0] address, input [7:0] length, input [2:0] size, input [1:0] burst);
    begin
        broken = 0;
        if (LITE == 0) begin
            if ({20'd0, address} + ({24'd0, length} + 32'd1) * BEAT > PAGE) broken = 4;
            if ({20'd0, address} % BEAT != 0) broken = 3;
            if (burst != INCR || size != SIZE) broken = 2;
            if ({24'd0, length} >= LONGEST) broken = 1;
        end
    end
endfunction

wire [ADDR_W+11:0] aw_wide = {12'd0, awaddr};
wire [ADDR_W+11:0] ar_wide = {12'd0, araddr};
wire               unused_wide = &{1'b0, aw_wide[ADDR_W+11:12], ar_wide[ADDR_W+11:12]};

integer aw_broken;
integer ar_broken;

always @* begin
    aw_broken = awvalid ? broken(aw_wide[11:0], awlen, awsize, awburst) : 0;
    ar_broken = arvalid ? broken(ar_wide[11:0], arlen, arsize, arburst) : 0;
end

always @(posedge clk) begin
    if (resetn && (aw_broken == 1 || ar_broken == 1)) begin
        $display("%0s: a burst of more than %0d beats (A3.4.1)", PORT, LONGEST);
        $stop;
    end
    if (resetn && (aw_broken == 2 || ar_broken == 2)) begin
        $display("%0s: not an INCR burst of whole beats (A3.4.1)", PORT);
        $stop;
    end
    if (resetn && (aw_broken == 3 || ar_broken == 3)) begin
        $display("%0s: the address of a burst is not aligned (A3.4.1)", PORT);
        $stop;
    end
    if (resetn && (aw_broken == 4 || ar_broken == 4)) begin
        $display("%0s: a burst crosses 4 KiB (A3.4.1)", PORT);
        $stop;
    end
end

// ---- writes: lengths by address and by wlast, compared burst by burst
localparam INDEX_W = $clog2(PENDING);
localparam [31:0] MOST = PENDING[31:0];

reg  [8:0]  wanted [0:PENDING-1];
reg  [8:0]  sent   [0:PENDING-1];
reg  [31:0] addresses_reg, bursts_reg, compared_reg, answered_reg;     // since reset
reg  [8:0]  beat_reg;                                                   // beats of the burst under way
wire        aw_taken   = awvalid && awready;
wire        w_taken    = wvalid && wready;
wire        b_taken    = bvalid && bready;
wire        w_last     = LITE != 0 || wlast;
wire [8:0]  beat       = beat_reg + 9'd1;
wire [8:0]  aw_beats   = LITE != 0 ? 9'd1 : {1'b0, awlen} + 9'd1;
wire        comparable = addresses_reg != compared_reg && bursts_reg != compared_reg;
wire [8:0]  compared_wanted = wanted[compared_reg[INDEX_W-1:0]];
wire [8:0]  compared_sent   = sent[compared_reg[INDEX_W-1:0]];
// The burst under way: its length, once its address is there
wire        known      = addresses_reg - bursts_reg - 32'd1 < MOST;
wire [8:0]  known_beats = wanted[bursts_reg[INDEX_W-1:0]];

initial {addresses_reg, bursts_reg, compared_reg, answered_reg, beat_reg} = 137'd0;

always @(posedge clk) begin
    if (aw_taken) wanted[addresses_reg[INDEX_W-1:0]] <= aw_beats;
    if (w_taken && w_last) sent[bursts_reg[INDEX_W-1:0]] <= beat;
    addresses_reg <= addresses_reg + {31'd0, aw_taken};
    bursts_reg    <= bursts_reg + {31'd0, w_taken && w_last};
    compared_reg  <= compared_reg + {31'd0, comparable};
    answered_reg  <= answered_reg + {31'd0, b_taken};
    if (w_taken) beat_reg <= w_last ? 9'd0 : beat;
    if (!resetn) {addresses_reg, bursts_reg, compared_reg, answered_reg, beat_reg} <= 137'd0;

    if (resetn && comparable && compared_wanted != compared_sent) begin
        $display("%0s: wlast on beat %0d of a burst of %0d (A3.4.1)", PORT, compared_sent, compared_wanted);
        $stop;
    end
    if (resetn && beat_reg != 9'd0 && ((known && beat_reg >= known_beats) || {23'd0, beat_reg} >= LONGEST)) begin
        $display("%0s: no wlast on beat %0d (A3.4.1)", PORT, beat_reg);
        $stop;
    end
    // A response may come the cycle after both the last data and the address were taken; comparing takes that cycle
    if (resetn && bvalid && answered_reg == compared_reg && !comparable) begin
        $display("%0s: bvalid without a write that has all its data (A3.3.1)", PORT);
        $stop;
    end
    if (resetn && (addresses_reg - answered_reg > MOST || bursts_reg - answered_reg > MOST)) begin
        $display("%0s: more than %0d writes are open: the monitor cannot follow", PORT, PENDING);
        $stop;
    end
    if (resetn && closed && (addresses_reg != bursts_reg || beat_reg != 9'd0)) begin
        $display("%0s: a write is not complete where none may be open (A3.4.1)", PORT);
        $stop;
    end
    if (resetn && closed && addresses_reg == bursts_reg && bursts_reg != answered_reg) begin
        $display("%0s: a write is not answered where none may be open (A3.3.1)", PORT);
        $stop;
    end
end

// ---- reads
reg  [8:0]  asked [0:PENDING-1];
reg  [31:0] reads_reg, read_reg;                                        // since reset: asked for, and complete
reg  [8:0]  r_beat_reg;
wire        ar_taken = arvalid && arready;
wire        r_taken  = rvalid && rready;
wire        r_last   = r_beat_reg + 9'd1 == asked[read_reg[INDEX_W-1:0]];

initial {reads_reg, read_reg, r_beat_reg} = 73'd0;

always @(posedge clk) begin
    if (ar_taken) asked[reads_reg[INDEX_W-1:0]] <= LITE != 0 ? 9'd1 : {1'b0, arlen} + 9'd1;
    reads_reg <= reads_reg + {31'd0, ar_taken};
    read_reg  <= read_reg + {31'd0, r_taken && r_last};
    if (r_taken) r_beat_reg <= r_last ? 9'd0 : r_beat_reg + 9'd1;
    if (!resetn) {reads_reg, read_reg, r_beat_reg} <= 73'd0;

    if (resetn && rvalid && reads_reg == read_reg) begin
        $display("%0s: rvalid without a read address (A3.3.1)", PORT);
        $stop;
    end
    if (resetn && LITE == 0 && rvalid && reads_reg != read_reg && rlast != r_last) begin
        $display("%0s: rlast is %b on beat %0d of %0d (A3.4.1)", PORT, rlast, r_beat_reg + 9'd1, asked[read_reg[INDEX_W-1:0]]);
        $stop;
    end
    if (resetn && reads_reg - read_reg > MOST) begin
        $display("%0s: more than %0d reads are open: the monitor cannot follow", PORT, PENDING);
        $stop;
    end
    if (resetn && closed && reads_reg != read_reg) begin
        $display("%0s: a read is not answered where none may be open (A3.3.1)", PORT);
        $stop;
    end
end

endmodule

`resetall
