`resetall
`default_nettype none

/*
 * Replays golden programs through the accelerator with random stalls on both streams and compares every result beat.
 *
 * The golden files (golden/make_golden.py) hold a beat a line, and their lengths. Ends with $fatal on the first difference, so
 * that the simulator's exit status tells. With +all it prints every result beat and its cycle, and after each program every
 * register and the log: what another run of the same design prints, and a netlist of it.
 */
module replay #(
    // Seed of the random stalls
    parameter SEED = 1
);

`include "golden_sizes.vh"
`include "accelerator_registers.vh"

// A netlist has none: cores/scripts/netlist_replay.py gives those that it was made with to the RTL beside it.
`ifndef DUT_PARAMETERS
`define DUT_PARAMETERS
`endif

localparam TIMEOUT = 100000;

reg         clk      = 1'b0;
reg         resetn   = 1'b0;
integer     seed     = SEED;
integer     cycles   = 0;
integer     compared = 0;

reg  [63:0] in_beats  [0:MOST_BEATS-1];
reg  [63:0] out_beats [0:MOST_BEATS-1];
integer     program_beats;
integer     result_beats;
integer     start;
integer     sent;
integer     received;
reg         active   = 1'b0;
reg         all      = 1'b0;

reg  [63:0] s_tdata  = 64'd0;
reg         s_tvalid = 1'b0;
reg         s_tlast  = 1'b0;
wire        s_tready;
wire [63:0] m_tdata;
wire [7:0]  m_tkeep;
wire        m_tvalid;
wire        m_tlast;
reg         m_tready = 1'b0;

reg  [11:0] address  = 12'd0;
reg  [31:0] wdata    = 32'd0;
reg         awvalid  = 1'b0;
reg         wvalid   = 1'b0;
reg         arvalid  = 1'b0;
reg         waiting  = 1'b0;
reg  [31:0] value;
reg  [1:0]  response;
wire        awready, wready, bvalid, arready, rvalid, irq;
wire [1:0]  bresp, rresp;
wire [31:0] rdata;

always #5 clk = !clk;

accelerator `DUT_PARAMETERS dut (
    .aclk(clk), .aresetn(resetn),
    .s_axil_awaddr(address), .s_axil_awprot(3'd0), .s_axil_awvalid(awvalid), .s_axil_awready(awready),
    .s_axil_wdata(wdata), .s_axil_wstrb(4'hF), .s_axil_wvalid(wvalid), .s_axil_wready(wready),
    .s_axil_bresp(bresp), .s_axil_bvalid(bvalid), .s_axil_bready(1'b1),
    .s_axil_araddr(address), .s_axil_arprot(3'd0), .s_axil_arvalid(arvalid), .s_axil_arready(arready),
    .s_axil_rdata(rdata), .s_axil_rresp(rresp), .s_axil_rvalid(rvalid), .s_axil_rready(1'b1),
    .s_axis_tdata(s_tdata), .s_axis_tvalid(s_tvalid), .s_axis_tready(s_tready), .s_axis_tlast(s_tlast),
    .m_axis_aresetn(resetn),
    .m_axis_tdata(m_tdata), .m_axis_tkeep(m_tkeep), .m_axis_tvalid(m_tvalid), .m_axis_tready(m_tready), .m_axis_tlast(m_tlast),
    .irq(irq)
);

task check_beat;
    begin
        if (received == result_beats) begin
            $display("FAIL: more than the expected %0d result beats", result_beats);
            $fatal(1);
        end
        if (m_tdata !== out_beats[received] || m_tkeep !== 8'hFF) begin
            $display("FAIL: result beat %0d: expected %h, got %h", received, out_beats[received], m_tdata);
            $fatal(1);
        end
        if (m_tlast !== (received + 1 == result_beats)) begin
            $display("FAIL: result beat %0d: TLAST is %b", received, m_tlast);
            $fatal(1);
        end
        if (all) $display("beat %0d %h in cycle %0d", received, m_tdata, cycles - start);
    end
endtask

// The beat to offer next: a beat that is taken in this cycle counts as sent.
wire [31:0] next_beat = s_tvalid && s_tready ? sent + 1 : sent;

always @(posedge clk) begin
    cycles <= cycles + 1;
    if (active) begin
        sent <= next_beat;
        if (!s_tvalid || s_tready) begin
            s_tvalid <= next_beat < program_beats && $random(seed) % 8 != 0;
            s_tdata  <= in_beats[next_beat];
            s_tlast  <= next_beat == program_beats - 1;
        end
        m_tready <= $random(seed) % 4 != 0;
        if (m_tvalid && m_tready) begin
            check_beat;
            received <= received + 1;
            compared <= compared + 1;
        end
    end
    if (awready) awvalid <= 1'b0;
    if (wready) wvalid <= 1'b0;
    if (arready) arvalid <= 1'b0;
    if (rvalid || bvalid) begin
        waiting  <= 1'b0;
        value    <= rdata;
        response <= rvalid ? rresp : bresp;
    end
end

task access(input [11:0] place, input write);
    begin
        address = place;
        waiting = 1'b1;
        awvalid = write;
        wvalid  = write;
        arvalid = !write;
        while (waiting) @(negedge clk);
    end
endtask

task print_register(input [11:0] place);
    begin
        access(place, 1'b0);
        $display("register %h %h response %0d", place, value, response);
    end
endtask

task print_registers;
    integer place;
    integer entries;
    begin
        for (place = 0; place < 4096; place = place + 4) print_register(place[11:0]);
        access(REG_LOG, 1'b0);
        entries = {16'd0, value[15:0]};
        for (wdata = 0; wdata < entries; wdata = wdata + 1) begin
            access(REG_LOG_INDEX, 1'b1);
            $display("log %0d", wdata);
            for (place = {20'd0, REG_LOG_CYCLES}; place <= {20'd0, REG_LOG_STALL_THRESHOLDS}; place = place + 4)
                print_register(place[11:0]);
        end
    end
endtask

task run(input integer program_length, input integer result_length);
    begin
        program_beats = program_length;
        result_beats  = result_length;
        sent          = 0;
        received      = 0;
        start         = cycles;
        @(negedge clk) active = 1'b1;
        while (received < result_beats && cycles - start < TIMEOUT) @(negedge clk);
        repeat (50) @(negedge clk);
        active = 1'b0;
        if (received != result_beats) begin
            $display("FAIL: %0d of %0d result beats after %0d cycles", received, result_beats, cycles - start);
            $fatal(1);
        end
        if (all) print_registers;
    end
endtask

initial begin
    all = $test$plusargs("all") != 0;
    repeat (4) @(negedge clk);
    resetn = 1'b1;
    repeat (4) @(negedge clk);
    $readmemh("raw_program.hex", in_beats, 0, PROGRAM_BEATS - 1);
    $readmemh("raw_results.hex", out_beats, 0, RESULT_BEATS - 1);
    run(PROGRAM_BEATS, RESULT_BEATS);
    $display("raw:  %0d result beats equal", received);
    $readmemh("relu_program.hex", in_beats, 0, PROGRAM_BEATS - 1);
    $readmemh("relu_results.hex", out_beats, 0, RESULT_BEATS - 1);
    run(PROGRAM_BEATS, RESULT_BEATS);
    $display("ReLU: %0d result beats equal", received);
    $readmemh("network_program.hex", in_beats, 0, NETWORK_PROGRAM_BEATS - 1);
    $readmemh("network_results.hex", out_beats, 0, NETWORK_RESULT_BEATS - 1);
    run(NETWORK_PROGRAM_BEATS, NETWORK_RESULT_BEATS);
    $display("network: %0d result beats equal", received);
    if (compared == 0) begin
        $display("FAIL: nothing was compared");
        $fatal(1);
    end
    $display("PASS: %0d result beats equal, seed %0d", compared, SEED);
    $finish;
end

endmodule

`resetall
