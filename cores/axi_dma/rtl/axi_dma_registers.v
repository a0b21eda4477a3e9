`resetall
`default_nettype none

/*
 * Registers of one DMA channel in direct-register mode: control, status, address and length, as in PG021.
 *
 * Writing LENGTH starts the channel if it runs and no transfer is in progress; otherwise the write is ignored. An error clears
 * DMACR.RS and holds it until a reset. A reset clears the registers at once; a transfer written while the channel still finishes
 * what is outstanding (resetting) starts when that has ended.
 */
module axi_dma_registers #(
    // Width of an address in bits: 32 to 64
    parameter ADDR_W = 40,
    // Width of the length register in bits: 8 to 26
    parameter LENGTH_W = 26
) (
    input  wire                clk,
    input  wire                rst,
    // Register access, in words from the channel's first register; rd_data one cycle after rd_word
    input  wire                wr_en,
    input  wire [3:0]          wr_word,
    input  wire [31:0]         wr_data,
    input  wire [3:0]          rd_word,
    output wire [31:0]         rd_data,
    // DMACR.Reset was written / a reset is in progress
    output wire                reset_request,
    input  wire                resetting,
    output wire                start,
    output wire [ADDR_W-1:0]   start_addr,
    output wire [LENGTH_W-1:0] start_length,
    // The transfer has ended; errors: [0] internal, [1] slave, [2] decode; done_length goes to LENGTH
    input  wire                done,
    input  wire [2:0]          done_errors,
    input  wire [LENGTH_W-1:0] done_length,
    output wire                introut
);

`include "pg021.vh"

localparam [63:0] ADDRESS_MASK = {64{1'b1}} >> (64 - ADDR_W);

wire write_control = wr_en && wr_word == DMACR;
wire write_status  = wr_en && wr_word == DMASR;
wire ended         = done && !resetting;
wire failing       = ended && done_errors != 0;

wire [7:0] threshold = wr_data[DMACR_IRQTHRESHOLD_HIGH:DMACR_IRQTHRESHOLD_LOW];

// Control
reg       run_reg;
reg [2:0] irq_enable_reg;
reg [7:0] irq_threshold_reg;
reg [7:0] irq_delay_reg;
reg [2:0] errors_reg;
reg       request_reg;

assign reset_request = request_reg;

always @(posedge clk) begin
    request_reg <= write_control && wr_data[DMACR_RESET];
    if (write_control) begin
        run_reg        <= wr_data[DMACR_RS] && errors_reg == 0;
        irq_enable_reg <= wr_data[DMACR_ERR_IRQEN:DMACR_IOC_IRQEN];
        irq_delay_reg  <= wr_data[DMACR_IRQDELAY_HIGH:DMACR_IRQDELAY_LOW];
        if (threshold != 0) irq_threshold_reg <= threshold;
    end
    if (failing) run_reg <= 1'b0;
    if (rst) begin
        request_reg       <= 1'b0;
        run_reg           <= 1'b0;
        irq_enable_reg    <= 3'b000;
        irq_threshold_reg <= 8'd1;
        irq_delay_reg     <= 8'd0;
    end
end

// Status
reg  active_reg;
reg  complete_reg;
reg  ioc_irq_reg;
reg  err_irq_reg;
reg  introut_reg;
wire halted     = !run_reg && !active_reg;
wire idle       = complete_reg && !active_reg && !halted;
wire start_next = wr_en && wr_word == LENGTH && run_reg && !active_reg;

assign introut = introut_reg;

always @(posedge clk) begin
    active_reg   <= start_next || (active_reg && !ended);
    complete_reg <= complete_reg || (ended && !failing);
    ioc_irq_reg  <= (ended && !failing) || (ioc_irq_reg && !(write_status && wr_data[DMASR_IOC_IRQ]));
    err_irq_reg  <= failing || (err_irq_reg && !(write_status && wr_data[DMASR_ERR_IRQ]));
    introut_reg  <= (ioc_irq_reg && irq_enable_reg[0]) || (err_irq_reg && irq_enable_reg[2]);
    if (ended) errors_reg <= done_errors;
    if (rst) begin
        active_reg   <= 1'b0;
        complete_reg <= 1'b0;
        ioc_irq_reg  <= 1'b0;
        err_irq_reg  <= 1'b0;
        introut_reg  <= 1'b0;
        errors_reg   <= 3'b000;
    end
end

// Address and length
reg [63:0]         address_reg;
reg [LENGTH_W-1:0] length_reg;
reg                pending_reg;
reg                start_reg;

assign start        = start_reg;
assign start_addr   = address_reg[ADDR_W-1:0];
assign start_length = length_reg;

always @(posedge clk) begin
    if (wr_en && wr_word == ADDRESS) address_reg[31:0] <= wr_data & ADDRESS_MASK[31:0];
    if (wr_en && wr_word == ADDRESS_MSB) address_reg[63:32] <= wr_data & ADDRESS_MASK[63:32];
    pending_reg <= start_next || (pending_reg && resetting);
    start_reg   <= pending_reg && !resetting;
    if (start_next) length_reg <= wr_data[LENGTH_W-1:0];
    else if (ended) length_reg <= done_length;
    if (rst) begin
        address_reg <= 64'd0;
        length_reg  <= 0;
        pending_reg <= 1'b0;
        start_reg   <= 1'b0;
    end
end

// Read; bit 1 of DMACR is always 1
reg [31:0] control, status;
reg [31:0] rd_data_reg;

always @* begin
    control                                                  = 32'd2;
    control[DMACR_RS]                                        = run_reg;
    control[DMACR_RESET]                                     = resetting;
    control[DMACR_ERR_IRQEN:DMACR_IOC_IRQEN]                 = irq_enable_reg;
    control[DMACR_IRQTHRESHOLD_HIGH:DMACR_IRQTHRESHOLD_LOW]  = irq_threshold_reg;
    control[DMACR_IRQDELAY_HIGH:DMACR_IRQDELAY_LOW]          = irq_delay_reg;

    status                                                   = 32'd0;
    status[DMASR_HALTED]                                     = halted;
    status[DMASR_IDLE]                                       = idle;
    status[DMASR_DMADECERR:DMASR_DMAINTERR]                  = errors_reg;
    status[DMASR_IOC_IRQ]                                    = ioc_irq_reg;
    status[DMASR_ERR_IRQ]                                    = err_irq_reg;
end

assign rd_data = rd_data_reg;

always @(posedge clk) begin
    case (rd_word)
        DMACR:       rd_data_reg <= control;
        DMASR:       rd_data_reg <= status;
        ADDRESS:     rd_data_reg <= address_reg[31:0];
        ADDRESS_MSB: rd_data_reg <= address_reg[63:32];
        LENGTH:      rd_data_reg <= {{32-LENGTH_W{1'b0}}, length_reg};
        default:     rd_data_reg <= 32'd0;
    endcase
end

endmodule

`resetall
