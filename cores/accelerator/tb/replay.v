`resetall
`default_nettype none

/*
 * Replays golden programs through the accelerator with random stalls on both streams and compares every result beat.
 *
 * The golden files (golden/make_golden.py) hold a beat a line, and their lengths. Ends with $fatal on the first difference, so
 * that the simulator's exit status tells.
 */
module replay #(
    // Seed of the random stalls
    parameter SEED = 1
);

`include "golden_sizes.vh"

localparam TIMEOUT = 100000;

reg         clk      = 1'b0;
reg         resetn   = 1'b0;
integer     seed     = SEED;
integer     cycles   = 0;
integer     compared = 0;

reg  [63:0] in_beats  [0:PROGRAM_BEATS-1];
reg  [63:0] out_beats [0:RESULT_BEATS-1];
integer     sent;
integer     received;
reg         active   = 1'b0;

reg  [63:0] s_tdata  = 64'd0;
reg         s_tvalid = 1'b0;
reg         s_tlast  = 1'b0;
wire        s_tready;
wire [63:0] m_tdata;
wire [7:0]  m_tkeep;
wire        m_tvalid;
wire        m_tlast;
reg         m_tready = 1'b0;

wire        awready, wready, bvalid, arready, rvalid, irq, moved;
wire [1:0]  bresp, rresp;
wire [31:0] rdata;

always #5 clk = !clk;

accelerator dut (
    .aclk(clk), .aresetn(resetn),
    .s_axil_awaddr(12'd0), .s_axil_awprot(3'd0), .s_axil_awvalid(1'b0), .s_axil_awready(awready),
    .s_axil_wdata(32'd0), .s_axil_wstrb(4'd0), .s_axil_wvalid(1'b0), .s_axil_wready(wready),
    .s_axil_bresp(bresp), .s_axil_bvalid(bvalid), .s_axil_bready(1'b1),
    .s_axil_araddr(12'd0), .s_axil_arprot(3'd0), .s_axil_arvalid(1'b0), .s_axil_arready(arready),
    .s_axil_rdata(rdata), .s_axil_rresp(rresp), .s_axil_rvalid(rvalid), .s_axil_rready(1'b1),
    .s_axis_tdata(s_tdata), .s_axis_tvalid(s_tvalid), .s_axis_tready(s_tready), .s_axis_tlast(s_tlast),
    .m_axis_tdata(m_tdata), .m_axis_tkeep(m_tkeep), .m_axis_tvalid(m_tvalid), .m_axis_tready(m_tready), .m_axis_tlast(m_tlast),
    .irq(irq), .moved(moved)
);

task check_beat;
    begin
        if (received == RESULT_BEATS) begin
            $display("FAIL: more than the expected %0d result beats", RESULT_BEATS);
            $fatal(1);
        end
        if (m_tdata !== out_beats[received] || m_tkeep !== 8'hFF) begin
            $display("FAIL: result beat %0d: expected %h, got %h", received, out_beats[received], m_tdata);
            $fatal(1);
        end
        if (m_tlast !== (received + 1 == RESULT_BEATS)) begin
            $display("FAIL: result beat %0d: TLAST is %b", received, m_tlast);
            $fatal(1);
        end
    end
endtask

// The beat to offer next: a beat that is taken in this cycle counts as sent.
wire [31:0] next_beat = s_tvalid && s_tready ? sent + 1 : sent;

always @(posedge clk) begin
    cycles <= cycles + 1;
    if (active) begin
        sent <= next_beat;
        if (!s_tvalid || s_tready) begin
            s_tvalid <= next_beat < PROGRAM_BEATS && $random(seed) % 8 != 0;
            s_tdata  <= in_beats[next_beat];
            s_tlast  <= next_beat == PROGRAM_BEATS - 1;
        end
        m_tready <= $random(seed) % 4 != 0;
        if (m_tvalid && m_tready) begin
            check_beat;
            received <= received + 1;
            compared <= compared + 1;
        end
    end
end

task run;
    integer start;
    begin
        sent     = 0;
        received = 0;
        start    = cycles;
        @(negedge clk) active = 1'b1;
        while (received < RESULT_BEATS && cycles - start < TIMEOUT) @(negedge clk);
        repeat (50) @(negedge clk);
        active = 1'b0;
        if (received != RESULT_BEATS) begin
            $display("FAIL: %0d of %0d result beats after %0d cycles", received, RESULT_BEATS, cycles - start);
            $fatal(1);
        end
    end
endtask

initial begin
    repeat (4) @(negedge clk);
    resetn = 1'b1;
    repeat (4) @(negedge clk);
    $readmemh("raw_program.hex", in_beats);
    $readmemh("raw_results.hex", out_beats);
    run;
    $display("raw:  %0d result beats equal", received);
    $readmemh("relu_program.hex", in_beats);
    $readmemh("relu_results.hex", out_beats);
    run;
    $display("ReLU: %0d result beats equal", received);
    if (compared == 0) begin
        $display("FAIL: nothing was compared");
        $fatal(1);
    end
    $display("PASS: %0d result beats equal, seed %0d", compared, SEED);
    $finish;
end

endmodule

`resetall
