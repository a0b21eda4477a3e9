`resetall
`default_nettype none

/*
 * The block RAMs of AMD's 7 series as UG473 has them, for netlists: Yosys' cells_sim.v has their timing only.
 *
 * Known are the modes that Yosys makes of `sram`: one port writes and one reads, READ_FIRST, one clock, no resets. All else ends
 * in $fatal, or names a parameter that is not here, which is an error to Verilator. Contents and outputs are not known at the
 * start.
 */

/*
 * What RAMB18E1 and RAMB36E1 share. Addresses count bits; the lower ones of a wide word are not read. Words of 9 bits and more
 * are bytes, and a parity bit each.
 */
module xc7_block_ram #(
    // Width of an address: 14 or 15
    parameter ADDR_W = 15,
    // Bits of a port's widest word without parity, in RAM_MODE TDP: 16 or 32
    parameter HALF = 32,
    parameter RAM_MODE      = "TDP",
    parameter READ_WIDTH_A  = 0,
    parameter READ_WIDTH_B  = 0,
    parameter WRITE_WIDTH_A = 0,
    parameter WRITE_WIDTH_B = 0,
    parameter WRITE_MODE    = "READ_FIRST",
    parameter DO_REG        = 0
) (
    input  wire                clk_a,
    input  wire                clk_b,
    input  wire                en_a,
    input  wire                en_b,
    input  wire                regce_a,
    input  wire                regce_b,
    input  wire                reset,
    input  wire [ADDR_W-1:0]   addr_a,
    input  wire [ADDR_W-1:0]   addr_b,
    input  wire [HALF/8-1:0]   we_a,
    input  wire [HALF/4-1:0]   we_b,
    input  wire [HALF-1:0]     di_a,
    input  wire [HALF-1:0]     di_b,
    input  wire [HALF/8-1:0]   dip_a,
    input  wire [HALF/8-1:0]   dip_b,
    output wire [HALF-1:0]     do_a,
    output wire [HALF-1:0]     do_b,
    output wire [HALF/8-1:0]   dop_a,
    output wire [HALF/8-1:0]   dop_b
);

localparam ROW     = 2 * HALF;
localparam BYTES   = ROW / 8;
localparam LOW     = $clog2(ROW);
localparam WHOLE   = RAM_MODE == "SDP";
localparam READ    = READ_WIDTH_A + READ_WIDTH_B;
localparam WRITE   = WRITE_WIDTH_A + WRITE_WIDTH_B;
localparam READ_A  = READ_WIDTH_A != 0;
localparam WRITE_A = WRITE_WIDTH_A != 0;

initial begin
    if ((READ_A && READ_WIDTH_B != 0) || (WRITE_A && WRITE_WIDTH_B != 0) || READ == 0 || WRITE == 0) begin
        $display("FAIL: %m: the model has one port that writes and one that reads");
        $fatal(1);
    end
    if (WHOLE ? READ_WIDTH_A != ROW / 8 * 9 || WRITE_WIDTH_B != ROW / 8 * 9 : RAM_MODE != "TDP") begin
        $display("FAIL: %m: the model has RAM_MODE TDP, and SDP of the whole width");
        $fatal(1);
    end
    if (WRITE_MODE != "READ_FIRST") begin
        $display("FAIL: %m: the model has WRITE_MODE READ_FIRST");
        $fatal(1);
    end
end

// Bits of a word without parity, and parity bits
function integer data_bits(input integer width);
    data_bits = width < 9 ? width : width / 9 * 8;
endfunction

function integer parity_bits(input integer width);
    parity_bits = width / 9;
endfunction

// `count` ones
function [ROW-1:0] ones(input integer count);
    ones = ~({ROW{1'b1}} << count);
endfunction

// Each enable as a byte
function [ROW-1:0] spread(input [BYTES-1:0] enables);
    integer i;
    for (i = 0; i < ROW; i = i + 1) spread[i] = enables[i/8];
endfunction

wire              clk     = WRITE_A ? clk_a : clk_b;
wire              wr_en   = WRITE_A ? en_a : en_b;
wire [ADDR_W-1:0] wr_addr = WRITE_A ? addr_a : addr_b;
wire [BYTES-1:0]  we      = WRITE_A ? {{HALF/8{1'b0}}, we_a} : we_b;
wire [ROW-1:0]    di      = WHOLE ? {di_b, di_a} : {{HALF{1'b0}}, WRITE_A ? di_a : di_b};
wire [BYTES-1:0]  dip     = WHOLE ? {dip_b, dip_a} : {{HALF/8{1'b0}}, WRITE_A ? dip_a : dip_b};
wire              rd_en   = READ_A ? en_a : en_b;
wire              regce   = READ_A ? regce_a : regce_b;
wire [ADDR_W-1:0] rd_addr = READ_A ? addr_a : addr_b;

// Where a word begins in its row
wire [LOW-1:0]    wr_place = wr_addr[LOW-1:0] & ~(data_bits(WRITE) - 1);
wire [LOW-1:0]    rd_place = rd_addr[LOW-1:0] & ~(data_bits(READ) - 1);
// Words of 9 bits and less have the first write enable
wire [ROW-1:0]    wr_bits   = (spread(we) & ones(data_bits(WRITE))) << wr_place;
wire [BYTES-1:0]  wr_parity = (we & ones(parity_bits(WRITE))) << (wr_place >> 3);

reg [ROW-1:0]   rows   [0:2**(ADDR_W-LOW)-1];
reg [BYTES-1:0] parity [0:2**(ADDR_W-LOW)-1];
reg [ROW-1:0]   latch_reg, output_reg;
reg [BYTES-1:0] platch_reg, poutput_reg;

// The read comes first: a word that is written in the same cycle is read as it was.
always @(posedge clk) begin
    if (rd_en) begin
        latch_reg  <= (rows[rd_addr[ADDR_W-1:LOW]] >> rd_place) & ones(data_bits(READ));
        platch_reg <= (parity[rd_addr[ADDR_W-1:LOW]] >> (rd_place >> 3)) & ones(parity_bits(READ));
    end
    if (regce) {poutput_reg, output_reg} <= {platch_reg, latch_reg};
    if (wr_en) begin
        rows[wr_addr[ADDR_W-1:LOW]]   = (rows[wr_addr[ADDR_W-1:LOW]] & ~wr_bits) | ((di << wr_place) & wr_bits);
        parity[wr_addr[ADDR_W-1:LOW]] =
            (parity[wr_addr[ADDR_W-1:LOW]] & ~wr_parity) | ((dip << (wr_place >> 3)) & wr_parity);
    end
    if (clk_a !== clk_b || reset !== 1'b0) begin
        $display("FAIL: %m: the model has one clock and no reset");
        $fatal(1);
    end
end

wire [ROW-1:0]   word  = DO_REG != 0 ? output_reg : latch_reg;
wire [BYTES-1:0] pword = DO_REG != 0 ? poutput_reg : platch_reg;

assign do_a  = word[HALF-1:0];
assign dop_a = pword[HALF/8-1:0];
assign do_b  = WHOLE ? word[ROW-1:HALF] : word[HALF-1:0];
assign dop_b = WHOLE ? pword[BYTES-1:HALF/8] : pword[HALF/8-1:0];

endmodule

/*
 * 18 Kbit: the ports and parameters of the primitive, as far as netlists name them.
 */
module RAMB18E1 #(
    parameter DOA_REG         = 0,
    parameter DOB_REG         = 0,
    parameter INIT_A          = 18'd0,
    parameter INIT_B          = 18'd0,
    parameter RAM_MODE        = "TDP",
    parameter READ_WIDTH_A    = 0,
    parameter READ_WIDTH_B    = 0,
    parameter SRVAL_A         = 18'd0,
    parameter SRVAL_B         = 18'd0,
    parameter WRITE_MODE_A    = "WRITE_FIRST",
    parameter WRITE_MODE_B    = "WRITE_FIRST",
    parameter WRITE_WIDTH_A   = 0,
    parameter WRITE_WIDTH_B   = 0
) (
    input  wire        CLKARDCLK,
    input  wire        CLKBWRCLK,
    input  wire        ENARDEN,
    input  wire        ENBWREN,
    input  wire        REGCEAREGCE,
    input  wire        REGCEB,
    input  wire        RSTRAMARSTRAM,
    input  wire        RSTRAMB,
    input  wire        RSTREGARSTREG,
    input  wire        RSTREGB,
    input  wire [13:0] ADDRARDADDR,
    input  wire [13:0] ADDRBWRADDR,
    input  wire [15:0] DIADI,
    input  wire [15:0] DIBDI,
    input  wire [1:0]  DIPADIP,
    input  wire [1:0]  DIPBDIP,
    input  wire [1:0]  WEA,
    input  wire [3:0]  WEBWE,
    output wire [15:0] DOADO,
    output wire [15:0] DOBDO,
    output wire [1:0]  DOPADOP,
    output wire [1:0]  DOPBDOP
);

xc7_block_ram #(
    .ADDR_W(14), .HALF(16), .RAM_MODE(RAM_MODE),
    .READ_WIDTH_A(READ_WIDTH_A), .READ_WIDTH_B(READ_WIDTH_B), .WRITE_WIDTH_A(WRITE_WIDTH_A), .WRITE_WIDTH_B(WRITE_WIDTH_B),
    .WRITE_MODE(WRITE_WIDTH_A != 0 ? WRITE_MODE_A : WRITE_MODE_B), .DO_REG(READ_WIDTH_A != 0 ? DOA_REG : DOB_REG)
) u_block_ram (
    .clk_a(CLKARDCLK), .clk_b(CLKBWRCLK), .en_a(ENARDEN), .en_b(ENBWREN), .regce_a(REGCEAREGCE), .regce_b(REGCEB),
    .reset(RSTRAMARSTRAM | RSTRAMB | RSTREGARSTREG | RSTREGB),
    .addr_a(ADDRARDADDR[13:0]), .addr_b(ADDRBWRADDR[13:0]), .we_a(WEA), .we_b(WEBWE),
    .di_a(DIADI), .di_b(DIBDI), .dip_a(DIPADIP), .dip_b(DIPBDIP),
    .do_a(DOADO), .do_b(DOBDO), .dop_a(DOPADOP), .dop_b(DOPBDOP)
);

endmodule

/*
 * 36 Kbit: the ports and parameters of the primitive, as far as netlists name them.
 */
module RAMB36E1 #(
    parameter DOA_REG         = 0,
    parameter DOB_REG         = 0,
    parameter INIT_A          = 36'd0,
    parameter INIT_B          = 36'd0,
    parameter RAM_EXTENSION_A = "NONE",
    parameter RAM_EXTENSION_B = "NONE",
    parameter RAM_MODE        = "TDP",
    parameter READ_WIDTH_A    = 0,
    parameter READ_WIDTH_B    = 0,
    parameter SRVAL_A         = 36'd0,
    parameter SRVAL_B         = 36'd0,
    parameter WRITE_MODE_A    = "WRITE_FIRST",
    parameter WRITE_MODE_B    = "WRITE_FIRST",
    parameter WRITE_WIDTH_A   = 0,
    parameter WRITE_WIDTH_B   = 0
) (
    input  wire        CLKARDCLK,
    input  wire        CLKBWRCLK,
    input  wire        ENARDEN,
    input  wire        ENBWREN,
    input  wire        REGCEAREGCE,
    input  wire        REGCEB,
    input  wire        RSTRAMARSTRAM,
    input  wire        RSTRAMB,
    input  wire        RSTREGARSTREG,
    input  wire        RSTREGB,
    input  wire [15:0] ADDRARDADDR,
    input  wire [15:0] ADDRBWRADDR,
    input  wire [31:0] DIADI,
    input  wire [31:0] DIBDI,
    input  wire [3:0]  DIPADIP,
    input  wire [3:0]  DIPBDIP,
    input  wire [3:0]  WEA,
    input  wire [7:0]  WEBWE,
    output wire [31:0] DOADO,
    output wire [31:0] DOBDO,
    output wire [3:0]  DOPADOP,
    output wire [3:0]  DOPBDOP
);

initial if (RAM_EXTENSION_A != "NONE" || RAM_EXTENSION_B != "NONE") begin
    $display("FAIL: %m: the model has no cascades");
    $fatal(1);
end

xc7_block_ram #(
    .ADDR_W(15), .HALF(32), .RAM_MODE(RAM_MODE),
    .READ_WIDTH_A(READ_WIDTH_A), .READ_WIDTH_B(READ_WIDTH_B), .WRITE_WIDTH_A(WRITE_WIDTH_A), .WRITE_WIDTH_B(WRITE_WIDTH_B),
    .WRITE_MODE(WRITE_WIDTH_A != 0 ? WRITE_MODE_A : WRITE_MODE_B), .DO_REG(READ_WIDTH_A != 0 ? DOA_REG : DOB_REG)
) u_block_ram (
    .clk_a(CLKARDCLK), .clk_b(CLKBWRCLK), .en_a(ENARDEN), .en_b(ENBWREN), .regce_a(REGCEAREGCE), .regce_b(REGCEB),
    .reset(RSTRAMARSTRAM | RSTRAMB | RSTREGARSTREG | RSTREGB),
    .addr_a(ADDRARDADDR[14:0]), .addr_b(ADDRBWRADDR[14:0]), .we_a(WEA), .we_b(WEBWE),
    .di_a(DIADI), .di_b(DIBDI), .dip_a(DIPADIP), .dip_b(DIPBDIP),
    .do_a(DOADO), .do_b(DOBDO), .dop_a(DOPADOP), .dop_b(DOPBDOP)
);

endmodule

`resetall
