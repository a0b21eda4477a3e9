`resetall
`default_nettype none

/*
 * Properties of a stream module (DUT: stream_fifo or stream_register): words come out unchanged, in order, none lost, none
 * invented; m_valid and m_data stay until the word is taken; the module fills and empties.
 *
 * One word, picked by the solver, is watched from its entry: it must leave after exactly as many words as were inside.
 */
module stream_order (
    input wire       clk,
    input wire       rst,
    input wire [1:0] s_data,
    input wire       s_valid,
    input wire       m_ready,
    input wire       pick
);

localparam COUNT_W = 5;

wire       s_ready;
wire [1:0] m_data;
wire       m_valid;

`DUT dut (
    .clk(clk), .rst(rst),
    .s_data(s_data), .s_valid(s_valid), .s_ready(s_ready),
    .m_data(m_data), .m_valid(m_valid), .m_ready(m_ready)
);

wire take = s_valid && s_ready;
wire give = m_valid && m_ready;

reg               started_reg = 1'b0;
reg [COUNT_W-1:0] inside_reg  = 0;     // words in the module
reg               watched_reg = 1'b0;
reg [COUNT_W-1:0] before_reg;          // words that must leave before the watched one
reg [1:0]         word_reg;

always @(posedge clk) begin
    started_reg <= 1'b1;
    inside_reg  <= inside_reg + take - give;
    if (watched_reg && give) begin
        before_reg  <= before_reg - 1'b1;
        watched_reg <= before_reg != 0;
    end
    if (!watched_reg && take && pick) begin
        watched_reg <= 1'b1;
        before_reg  <= inside_reg - give;
        word_reg    <= s_data;
    end
    if (rst) begin
        inside_reg  <= 0;
        watched_reg <= 1'b0;
    end
end

always @* begin
    assume (rst == !started_reg);
    if (started_reg) begin
        assert (inside_reg <= `CAPACITY);
        assert (!(m_valid && inside_reg == 0));
        if (watched_reg && before_reg == 0 && m_valid) assert (m_data == word_reg);
        cover (inside_reg == `CAPACITY);
        cover (watched_reg && before_reg == `CAPACITY - 1 && give);
    end
end

always @(posedge clk) begin
    if (started_reg && $past(started_reg) && $past(m_valid && !m_ready)) begin
        assert (m_valid);
        assert (m_data == $past(m_data));
    end
end

endmodule

`resetall
