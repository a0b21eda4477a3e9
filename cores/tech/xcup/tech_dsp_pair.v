`resetall
`default_nettype none

/*
 * tech_dsp_pair for UltraScale+: one DSP48E2, which holds all of it (UG579).
 *
 * Shadow weights: registers A2 (lower) and D (upper); active ones, added up: AD; product: M; sum: P.
 * Yosys has no model of the cell to simulate it with: never run; README.md has the table of its ports and attributes.
 */
module tech_dsp_pair #(
    parameter CASCADE = 1,
    parameter ACT_W = 4,
    parameter WGT_W = 4
) (
    input  wire             clk,
    input  wire [ACT_W-1:0] act,
    input  wire             swap,
    input  wire             load,
    input  wire [WGT_W-1:0] weight_lo,
    input  wire [WGT_W-1:0] weight_hi,
    // verilator lint_off UNUSEDSIGNAL
    input  wire [47:0]      cascade_in,
    input  wire [47:0]      sum_in,
    // verilator lint_on UNUSEDSIGNAL
    output wire [47:0]      cascade_out,
    output wire [47:0]      sum_out
);

// Z is PCIN or C; X and Y are the product. A C that is not used is held, all ones, which takes the least power.
localparam [8:0] OPMODE = CASCADE != 0 ? 9'b00_001_01_01 : 9'b00_011_01_01;

// verilator lint_off PINCONNECTEMPTY
DSP48E2 #(
    .AMULTSEL("AD"), .BMULTSEL("B"), .PREADDINSEL("A"), .USE_WIDEXOR("FALSE"),
    .USE_MULT("MULTIPLY"), .USE_SIMD("ONE48"), .USE_PATTERN_DETECT("NO_PATDET"),
    .A_INPUT("DIRECT"), .B_INPUT("DIRECT"),
    .AREG(1), .ACASCREG(1), .DREG(1), .ADREG(1), .BREG(0), .BCASCREG(0), .CREG(CASCADE != 0 ? 1 : 0), .MREG(1), .PREG(1),
    .INMODEREG(0), .OPMODEREG(0), .ALUMODEREG(0), .CARRYINREG(0), .CARRYINSELREG(0)
) dsp (
    .CLK(clk),
    .A({{30-WGT_W{weight_lo[WGT_W-1]}}, weight_lo}), .D({{11-WGT_W{weight_hi[WGT_W-1]}}, weight_hi, 16'd0}),
    .B({{18-ACT_W{1'b0}}, act}), .C(CASCADE != 0 ? {48{1'b1}} : sum_in), .PCIN(CASCADE != 0 ? cascade_in : 48'd0),
    .P(sum_out), .PCOUT(cascade_out),
    // INMODE: A2 + D, B as it comes; ALUMODE: Z + X + Y + carry
    .INMODE(5'b00100), .OPMODE(OPMODE), .ALUMODE(4'b0000), .CARRYINSEL(3'b000), .CARRYIN(1'b0),
    .CEA1(1'b0), .CEA2(load), .CED(load), .CEAD(swap), .CEB1(1'b0), .CEB2(1'b0), .CEC(1'b0), .CEM(1'b1), .CEP(1'b1),
    .CEINMODE(1'b0), .CECTRL(1'b0), .CEALUMODE(1'b0), .CECARRYIN(1'b0),
    .RSTA(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTD(1'b0), .RSTM(1'b0), .RSTP(1'b0),
    .RSTINMODE(1'b0), .RSTCTRL(1'b0), .RSTALUMODE(1'b0), .RSTALLCARRYIN(1'b0),
    .ACIN(30'd0), .BCIN(18'd0), .CARRYCASCIN(1'b0), .MULTSIGNIN(1'b0),
    .ACOUT(), .BCOUT(), .CARRYCASCOUT(), .CARRYOUT(), .MULTSIGNOUT(), .OVERFLOW(), .UNDERFLOW(), .PATTERNDETECT(),
    .PATTERNBDETECT(),
    .XOROUT()
);
// verilator lint_on PINCONNECTEMPTY

endmodule

`resetall
