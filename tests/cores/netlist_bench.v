`resetall
`default_nettype none

/* A netlist of mac_array, here mapped_array, beside the RTL: random weights, activations and commands, the same results in each cycle. */
module netlist_bench;

// The memories are block RAM, of which the first WORDS are used.
localparam N = 8, ADDR_W = 7, WORDS = 32, WARM = 40, BEGUN = WARM + WORDS;

integer           seed = 1, cycle, compared = 0, differ = 0;
reg               clk = 1'b0, rst = 1'b1;
reg               load_valid, act_swap, acc_valid, acc_first, acc_last, acc_relu, acc_raise, acc_final, acc_tag;
reg  [1:0]        load_index;
reg  [8*N-1:0]    load_data;
reg  [4*N-1:0]    act_data;
reg  [ADDR_W-1:0] acc_addr;
wire [N-1:0]      out_valid, out_tag, mapped_valid, mapped_tag;
wire [28*N-1:0]   out_data, mapped_data;
wire              out_final, mapped_final;

mac_array #(.N(N), .ROWS(2), .DSP_COLUMNS(6), .ACC_DEPTH(1 << ADDR_W)) rtl (
    .clk(clk), .rst(rst), .load_valid(load_valid), .load_index(load_index), .load_data(load_data), .act_data(act_data),
    .act_swap(act_swap), .acc_valid(acc_valid), .acc_first(acc_first), .acc_last(acc_last), .acc_relu(acc_relu),
    .acc_raise(acc_raise), .acc_final(acc_final), .acc_tag(acc_tag), .acc_addr(acc_addr), .out_valid(out_valid),
    .out_data(out_data), .out_tag(out_tag), .out_final(out_final));
mapped_array netlist (
    .clk(clk), .rst(rst), .load_valid(load_valid), .load_index(load_index), .load_data(load_data), .act_data(act_data),
    .act_swap(act_swap), .acc_valid(acc_valid), .acc_first(acc_first), .acc_last(acc_last), .acc_relu(acc_relu),
    .acc_raise(acc_raise), .acc_final(acc_final), .acc_tag(acc_tag), .acc_addr(acc_addr), .out_valid(mapped_valid),
    .out_data(mapped_data), .out_tag(mapped_tag), .out_final(mapped_final));

always #5 clk = !clk;

integer c;
initial begin
    for (cycle = 0; cycle < 200; cycle = cycle + 1) begin
        rst        = cycle < 25;
        load_valid = cycle < WARM || $random(seed) % 2;
        load_index = cycle;
        load_data  = {$random(seed), $random(seed)};
        act_data   = $random(seed) % 8 == 0 ? {4*N{1'b1}} : $random(seed);
        act_swap   = cycle < WARM || $random(seed) % 4 == 0;
        // Each address once before it is added to; none sooner again than the others
        acc_valid  = cycle >= WARM && (cycle < BEGUN || $random(seed) % 8 != 0);
        acc_first  = cycle < BEGUN || $random(seed) % 8 == 0;
        acc_last   = cycle >= BEGUN && $random(seed) % 2;
        {acc_relu, acc_raise, acc_final, acc_tag} = $random(seed);
        acc_addr   = cycle % WORDS;
        @(negedge clk);
        if (cycle >= WARM) begin
            if (mapped_valid !== out_valid || mapped_final !== out_final) differ = differ + 1;
            for (c = 0; c < N; c = c + 1) if (out_valid[c]) begin
                compared = compared + 1;
                if (mapped_data[28*c +: 28] !== out_data[28*c +: 28] || mapped_tag[c] !== out_tag[c]) differ = differ + 1;
            end
        end
    end
    $display("%0s: %0d results of columns, %0d differ", differ || compared < 300 ? "FAIL" : "PASS", compared, differ);
    if (differ || compared < 300) $fatal(1);
    $finish;
end

endmodule

`resetall
