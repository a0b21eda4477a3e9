`resetall
`default_nettype none

/*
 * Registers of the interrupt controller, as in PG099.
 *
 * An input that is high sets its bit of ISR, once the hardware inputs are enabled (MER.HIE); the bit stays until it is
 * acknowledged (IAR), and comes back at once while the input is still high. irq is a level: MER.ME and a bit in ISR and IER.
 */
module axi_intc_core #(
    // Interrupt inputs: 1 to 32
    parameter INPUTS = 3
) (
    input  wire              clk,
    input  wire              rst,
    // Register access in words; rd_data in the same cycle as rd_word
    input  wire              wr_en,
    input  wire [2:0]        wr_word,
    // verilator lint_off UNUSEDSIGNAL
    input  wire [31:0]       wr_data,
    // verilator lint_on UNUSEDSIGNAL
    input  wire [2:0]        rd_word,
    output reg  [31:0]       rd_data,
    input  wire [INPUTS-1:0] intr,
    output wire              irq
);

localparam [2:0] ISR = 3'd0, IPR = 3'd1, IER = 3'd2, IAR = 3'd3, SIE = 3'd4, CIE = 3'd5, IVR = 3'd6, MER = 3'd7;

wire [INPUTS-1:0] wr_bits = wr_data[INPUTS-1:0];

reg [INPUTS-1:0] intr_reg;
reg [INPUTS-1:0] status_reg;
reg [INPUTS-1:0] enable_reg;
reg              master_reg;
reg              hardware_reg;
reg              irq_reg;

wire [INPUTS-1:0] pending      = status_reg & enable_reg;
wire [INPUTS-1:0] acknowledged = wr_en && wr_word == IAR ? wr_bits : {INPUTS{1'b0}};

assign irq = irq_reg;

always @(posedge clk) begin
    intr_reg   <= intr;
    status_reg <= (status_reg | (intr_reg & {INPUTS{hardware_reg}})) & ~acknowledged;
    irq_reg    <= master_reg && pending != 0;
    if (wr_en) begin
        case (wr_word)
            ISR: if (!hardware_reg) status_reg <= wr_bits;
            IER: enable_reg <= wr_bits;
            SIE: enable_reg <= enable_reg | wr_bits;
            CIE: enable_reg <= enable_reg & ~wr_bits;
            MER: begin
                master_reg   <= wr_data[0];
                hardware_reg <= hardware_reg || wr_data[1];
            end
            default: ;
        endcase
    end
    if (rst) begin
        intr_reg     <= 0;
        status_reg   <= 0;
        enable_reg   <= 0;
        master_reg   <= 1'b0;
        hardware_reg <= 1'b0;
        irq_reg      <= 1'b0;
    end
end

// The lowest pending input; all ones: none
function [31:0] lowest(input [INPUTS-1:0] bits);
    integer i;
    begin
        lowest = 32'hffff_ffff;
        for (i = INPUTS - 1; i >= 0; i = i - 1) if (bits[i]) lowest = $unsigned(i);
    end
endfunction

reg [31:0] status_word;
reg [31:0] enable_word;

always @* begin
    status_word             = 32'd0;
    enable_word             = 32'd0;
    status_word[INPUTS-1:0] = status_reg;
    enable_word[INPUTS-1:0] = enable_reg;
end

always @* begin
    case (rd_word)
        ISR:     rd_data = status_word;
        IPR:     rd_data = status_word & enable_word;
        IER:     rd_data = enable_word;
        IVR:     rd_data = lowest(pending);
        MER:     rd_data = {30'd0, hardware_reg, master_reg};
        default: rd_data = 32'd0;
    endcase
end

endmodule

`resetall
