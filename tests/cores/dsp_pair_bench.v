`default_nettype none
`timescale 1ns/1ps

/*
 * Chains of tech_dsp_pair beside two columns of pe, every row compared in every cycle: the behavioural one, and the one for xc7 (as
 * tech_dsp_pair_xc7) on the model of its DSP, both with and without breaks. First all weights and activations in one pair, whose
 * products are looked at themselves, then random traffic with every kind of load and swap.
 */
module dsp_pair_bench;

parameter ROWS   = 5;
parameter BREAK  = 2;
parameter CYCLES = 2000;

localparam W      = 13;
localparam CHAINS = 4;      // behavioural, behavioural with breaks, DSP, DSP with breaks

reg clk = 0;
always #5 clk = !clk;

reg [3:0]      act       [0:ROWS-1];
reg [3:0]      weight_lo [0:ROWS-1];
reg [3:0]      weight_hi [0:ROWS-1];
reg [ROWS-1:0] swap, load;

wire signed [W-1:0] lo [0:ROWS];
wire signed [W-1:0] hi [0:ROWS];
wire [48*(ROWS+1)-1:0] sums [0:CHAINS-1];

assign lo[0] = 0;
assign hi[0] = 0;

genvar r, k;
generate
    for (r = 0; r < ROWS; r = r + 1) begin : g_pe
        pe #(.PSUM_W(W)) pe_lo (.clk(clk), .act(act[r]), .swap(swap[r]), .load(load[r]), .weight(weight_lo[r]),
                                .psum_in(lo[r]), .psum_out(lo[r+1]));
        pe #(.PSUM_W(W)) pe_hi (.clk(clk), .act(act[r]), .swap(swap[r]), .load(load[r]), .weight(weight_hi[r]),
                                .psum_in(hi[r]), .psum_out(hi[r+1]));
    end
    for (k = 0; k < CHAINS; k = k + 1) begin : g_chain
        wire [48*(ROWS+1)-1:0] sum, cascade;
        assign sum[47:0]     = 48'd32768;
        assign cascade[47:0] = 48'hX;
        assign sums[k]       = sum;
        for (r = 0; r < ROWS; r = r + 1) begin : g_row
            localparam CASCADE = r > 0 && (k % 2 == 0 || r % BREAK != 0);
            // What the row does not take is unknown.
            wire [47:0] sum_in     = CASCADE ? 48'hX : sum[48*r +: 48];
            wire [47:0] cascade_in = CASCADE ? cascade[48*r +: 48] : 48'hX;
            if (k < 2) begin : g_plain
                tech_dsp_pair #(.CASCADE(CASCADE)) pair (
                    .clk(clk), .act(act[r]), .swap(swap[r]), .load(load[r]), .weight_lo(weight_lo[r]), .weight_hi(weight_hi[r]),
                    .cascade_in(cascade_in), .sum_in(sum_in), .cascade_out(cascade[48*(r+1) +: 48]), .sum_out(sum[48*(r+1) +: 48]));
            end else begin : g_dsp
                tech_dsp_pair_xc7 #(.CASCADE(CASCADE)) pair (
                    .clk(clk), .act(act[r]), .swap(swap[r]), .load(load[r]), .weight_lo(weight_lo[r]), .weight_hi(weight_hi[r]),
                    .cascade_in(cascade_in), .sum_in(sum_in), .cascade_out(cascade[48*(r+1) +: 48]), .sum_out(sum[48*(r+1) +: 48]));
            end
        end
    end
endgenerate

integer i, n, chain, weights, products, checks;
reg [47:0] word;
reg        running;

// Sums of a row beside those of the two PEs, and all 48 bits beside the first chain's
always @(negedge clk) begin
    for (chain = 0; running && chain < CHAINS; chain = chain + 1)
        for (i = 1; i <= ROWS; i = i + 1) begin
            word = sums[chain][48*i +: 48];
            if (word[W-1:0] !== lo_of(i) || word[16 +: W] !== hi_of(i) || word !== sums[0][48*i +: 48]) begin
                $display("FAIL: chain %0d row %0d: %h, sums %0d and %0d", chain, i - 1, word, lo[i], hi[i]);
                $finish_and_return(1);
            end
            checks = checks + 1;
        end
end

function [W-1:0] lo_of(input integer row); lo_of = lo[row]; endfunction
function [W-1:0] hi_of(input integer row); hi_of = hi[row]; endfunction

task random_row(input integer row);
    begin
        act[row]       = n % 7 == 0 ? 4'd15 : $random;
        weight_lo[row] = n % 5 == 0 ? 4'd8 : $random;
        weight_hi[row] = n % 5 == 1 ? 4'd8 : $random;
        {swap[row], load[row]} = $random;
    end
endtask

// All rows' shadows, then their active weights; the sums are known two cycles and a row later.
task fill;
    begin
        swap = 0;
        load = {ROWS{1'b1}};
        @(posedge clk) #1 swap = {ROWS{1'b1}};
        repeat (ROWS + 4) @(posedge clk);
        #1;
    end
endtask

task expect_product(input integer lower, input integer upper, input integer activation);
    begin
        word = sums[CHAINS-1][48 +: 48] - 48'd32768;
        if ($signed(word) !== activation * (lower + (upper << 16))) begin
            $display("FAIL: %0d * (%0d, %0d): %h", activation, lower, upper, word);
            $finish_and_return(1);
        end
        products = products + 1;
    end
endtask

initial begin
    {products, checks, running, n} = 0;
    for (i = 0; i < ROWS; i = i + 1) {act[i], weight_lo[i], weight_hi[i]} = 0;
    fill;
    running = 1;
    for (weights = 0; weights < 256; weights = weights + 1) begin
        {weight_hi[0], weight_lo[0]} = weights;
        load[0] = 1;
        swap[0] = 0;
        @(posedge clk) #1 {load[0], swap[0]} = 2'b01;
        for (n = 0; n < 18; n = n + 1) begin
            for (i = 1; i < ROWS; i = i + 1) random_row(i);
            @(posedge clk) #1 {swap[0], act[0]} = n;
            if (n >= 2) expect_product($signed(weights[3:0]), $signed(weights[7:4]), n - 2);
        end
    end
    for (n = 0; n < CYCLES; n = n + 1) begin
        for (i = 0; i < ROWS; i = i + 1) random_row(i);
        // From time to time the largest sums there are
        if (n % 100 > 80) for (i = 0; i < ROWS; i = i + 1) begin
            act[i] = 15;
            {weight_lo[i], weight_hi[i]} = n % 200 > 100 ? 8'h87 : 8'h78;
            {swap[i], load[i]} = 2'b11;
        end
        @(posedge clk) #1;
    end
    $display("PASS: %0d products, %0d sums", products, checks);
    $finish;
end

endmodule
