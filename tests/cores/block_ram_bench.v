`default_nettype none

/* A block RAM of the model, wired as `sram` by UG473, beside `sram` itself: random accesses, every word that is read compared. */
module beside #(
    parameter BITS = 36, parameter WIDTH = 9, parameter LATENCY = 1, parameter SEED = 1
) (
    input wire clk,
    output integer compared
);

localparam DATA   = WIDTH < 9 ? WIDTH : WIDTH / 9 * 8;
localparam ADDR_W = (BITS == 36 ? 15 : 14) - $clog2(DATA);
localparam PLACES = BITS == 36 ? 15 : 14;
localparam WHOLE  = WIDTH == 2 * BITS;
localparam HALF   = BITS == 36 ? 32 : 16;

integer               seed = SEED;
reg                   wr_en = 1'b0, rd_en = 1'b0, rd_en_reg = 1'b0;
reg  [1:0]            known = 2'b00;
reg  [ADDR_W-1:0]     wr_addr = 0, rd_addr = 0;
reg  [WIDTH-1:0]      wr_data = 0;
wire [WIDTH-1:0]      expected;
wire [2*HALF-1:0]     data;
wire [HALF/4-1:0]     parity;
wire [WIDTH-1:0]      got = {parity, data[DATA-1:0]};
wire [PLACES-1:0]     wr_place = wr_addr << $clog2(DATA);
wire [PLACES-1:0]     rd_place = rd_addr << $clog2(DATA);
wire [2*HALF-1:0]     di = wr_data[DATA-1:0];
wire [HALF/4-1:0]     dip = WIDTH < 9 ? 0 : wr_data >> DATA;

sram #(.WIDTH(WIDTH), .DEPTH(2 ** ADDR_W), .LATENCY(LATENCY)) reference (
    .clk(clk), .wr_en(wr_en), .wr_addr(wr_addr), .wr_data(wr_data), .rd_en(rd_en), .rd_addr(rd_addr), .rd_data(expected)
);

generate
    if (BITS == 36 && WHOLE) begin : g_sdp36
        RAMB36E1 #(.RAM_MODE("SDP"), .READ_WIDTH_A(72), .WRITE_WIDTH_B(72), .WRITE_MODE_A("READ_FIRST"), .WRITE_MODE_B("READ_FIRST"),
            .DOA_REG(LATENCY - 1)) ram (
            .CLKARDCLK(clk), .CLKBWRCLK(clk), .ENARDEN(rd_en), .ENBWREN(1'b1), .REGCEAREGCE(rd_en_reg), .REGCEB(1'b0),
            .RSTRAMARSTRAM(1'b0), .RSTRAMB(1'b0), .RSTREGARSTREG(1'b0), .RSTREGB(1'b0),
            .ADDRARDADDR({1'b1, rd_place}), .ADDRBWRADDR({1'b1, wr_place}), .WEA(4'd0), .WEBWE({8{wr_en}}),
            .DIADI(di[31:0]), .DIBDI(di[63:32]), .DIPADIP(dip[3:0]), .DIPBDIP(dip[7:4]),
            .DOADO(data[31:0]), .DOBDO(data[63:32]), .DOPADOP(parity[3:0]), .DOPBDOP(parity[7:4]));
    end else if (BITS == 36) begin : g_tdp36
        assign data[63:32] = 32'd0;
        assign parity[7:4] = 4'd0;
        RAMB36E1 #(.WRITE_WIDTH_A(WIDTH), .READ_WIDTH_B(WIDTH), .WRITE_MODE_A("READ_FIRST"), .DOB_REG(LATENCY - 1)) ram (
            .CLKARDCLK(clk), .CLKBWRCLK(clk), .ENARDEN(wr_en), .ENBWREN(rd_en), .REGCEAREGCE(1'b0), .REGCEB(rd_en_reg),
            .RSTRAMARSTRAM(1'b0), .RSTRAMB(1'b0), .RSTREGARSTREG(1'b0), .RSTREGB(1'b0),
            .ADDRARDADDR({1'b1, wr_place}), .ADDRBWRADDR({1'b1, rd_place}), .WEA({4{wr_en}}), .WEBWE(8'd0),
            .DIADI(di[31:0]), .DIBDI(32'd0), .DIPADIP(dip[3:0]), .DIPBDIP(4'd0),
            .DOADO(), .DOBDO(data[31:0]), .DOPADOP(), .DOPBDOP(parity[3:0]));
    end else if (WHOLE) begin : g_sdp18
        RAMB18E1 #(.RAM_MODE("SDP"), .READ_WIDTH_A(36), .WRITE_WIDTH_B(36), .WRITE_MODE_A("READ_FIRST"), .WRITE_MODE_B("READ_FIRST"),
            .DOA_REG(LATENCY - 1)) ram (
            .CLKARDCLK(clk), .CLKBWRCLK(clk), .ENARDEN(rd_en), .ENBWREN(wr_en), .REGCEAREGCE(rd_en_reg), .REGCEB(1'b0),
            .RSTRAMARSTRAM(1'b0), .RSTRAMB(1'b0), .RSTREGARSTREG(1'b0), .RSTREGB(1'b0),
            .ADDRARDADDR(rd_place), .ADDRBWRADDR(wr_place), .WEA(2'd0), .WEBWE(4'hF),
            .DIADI(di[15:0]), .DIBDI(di[31:16]), .DIPADIP(dip[1:0]), .DIPBDIP(dip[3:2]),
            .DOADO(data[15:0]), .DOBDO(data[31:16]), .DOPADOP(parity[1:0]), .DOPBDOP(parity[3:2]));
    end else begin : g_tdp18
        assign data[31:16] = 16'd0;
        assign parity[3:2] = 2'd0;
        RAMB18E1 #(.READ_WIDTH_A(WIDTH), .WRITE_WIDTH_B(WIDTH), .WRITE_MODE_B("READ_FIRST"), .DOA_REG(LATENCY - 1)) ram (
            .CLKARDCLK(clk), .CLKBWRCLK(clk), .ENARDEN(rd_en), .ENBWREN(wr_en), .REGCEAREGCE(rd_en_reg), .REGCEB(1'b0),
            .RSTRAMARSTRAM(1'b0), .RSTRAMB(1'b0), .RSTREGARSTREG(1'b0), .RSTREGB(1'b0),
            .ADDRARDADDR(rd_place), .ADDRBWRADDR(wr_place), .WEA(2'd0), .WEBWE({4{wr_en}}),
            .DIADI(16'd0), .DIBDI(di[15:0]), .DIPADIP(2'd0), .DIPBDIP(dip[1:0]),
            .DOADO(data[15:0]), .DOBDO(), .DOPADOP(parity[1:0]), .DOPBDOP());
    end
endgenerate

initial compared = 0;

// Few addresses, so that most words are known and many are written as they are read; the lowest and the highest bits take part
always @(negedge clk) begin
    if (expected !== got) begin
        $display("FAIL: %m: expected %h, got %h", expected, got);
        $fatal(1);
    end
    if (^expected !== 1'bx) compared = compared + 1;
    rd_en_reg = rd_en;
    wr_en     = $random(seed) % 3 != 0;
    rd_en     = $random(seed) % 4 != 0;
    wr_addr   = ($random(seed) & 3) * (2 ** (ADDR_W - 2) + 1);
    rd_addr   = ($random(seed) & 3) * (2 ** (ADDR_W - 2) + 1);
    wr_data   = {$random(seed), $random(seed), $random(seed)};
end

endmodule

module block_ram_bench;

reg clk = 1'b0;
always #5 clk = !clk;

localparam KINDS = 9;
integer total;
integer i;
integer compared [0:2*KINDS-1];

// Width and size of each kind
localparam [16*KINDS-1:0] WIDTHS = {
    8'd36, 8'd36, 8'd36, 8'd72, 8'd36, 8'd1, 8'd36, 8'd2, 8'd36, 8'd9, 8'd36, 8'd18, 8'd18, 8'd4, 8'd18, 8'd18, 8'd18, 8'd36
};

genvar g;
generate
    for (g = 0; g < 2 * KINDS; g = g + 1) begin : g_kind
        wire [31:0] count;
        beside #(.BITS(WIDTHS[16*(g/2)+8+:8]), .WIDTH(WIDTHS[16*(g/2)+:8]), .LATENCY(1 + g % 2), .SEED(g + 1)) pair (
            .clk(clk), .compared(count)
        );
        always @(posedge clk) compared[g] = count;
    end
endgenerate

initial begin
    repeat (1000) @(posedge clk);
    total = 0;
    for (i = 0; i < 2 * KINDS; i = i + 1) begin
        if (compared[i] < 900) begin
            $display("FAIL: kind %0d compared %0d words only", i, compared[i]);
            $fatal(1);
        end
        total = total + compared[i];
    end
    $display("PASS: %0d kinds, %0d words equal", 2 * KINDS, total);
    $finish;
end

endmodule
