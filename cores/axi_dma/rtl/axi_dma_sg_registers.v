`resetall
`default_nettype none

/*
 * Registers of one DMA channel in scatter-gather mode: control, status, current and tail descriptor, as in PG021.
 *
 * Writing the tail descriptor (its upper word, where addresses have more than 32 bits) lets a running channel fetch up to that
 * descriptor. CURDESC is written while halted; then it tells the descriptor that is worked on or in error. An error clears
 * DMACR.RS and holds it until a reset. A reset clears the registers at once; what is written while the channel still finishes what
 * is outstanding (resetting) takes effect when that has ended.
 */
module axi_dma_sg_registers #(
    // Width of an address in bits: 32 to 64
    parameter ADDR_W = 40
) (
    input  wire              clk,
    input  wire              rst,
    // Register access, in words from the channel's first register; rd_data one cycle after rd_word
    input  wire              wr_en,
    input  wire [3:0]        wr_word,
    input  wire [31:0]       wr_data,
    input  wire [3:0]        rd_word,
    output wire [31:0]       rd_data,
    // DMACR.Reset was written / a reset is in progress
    output wire              reset_request,
    input  wire              resetting,
    // Channel, see axi_dma_sg_channel
    output wire              run,
    output wire              cyclic,
    output wire              armed,
    output wire [ADDR_W-7:0] current,
    output wire [ADDR_W-7:0] tail,
    input  wire              tail_fetched,
    input  wire              started,
    input  wire [ADDR_W-7:0] started_addr,
    input  wire              packet_done,
    input  wire              failed,
    input  wire [5:0]        failed_errors,
    input  wire [ADDR_W-7:0] failed_addr,
    input  wire              active,
    output wire              introut
);

`include "pg021.vh"

localparam [63:0] POINTER_MASK = ({64{1'b1}} >> (64 - ADDR_W)) & ~64'd63;
localparam [3:0]  TAIL_LAST    = ADDR_W > 32 ? TAILDESC_MSB : TAILDESC;

wire [7:0] threshold = wr_data[DMACR_IRQTHRESHOLD_HIGH:DMACR_IRQTHRESHOLD_LOW];
wire [7:0] delay     = wr_data[DMACR_IRQDELAY_HIGH:DMACR_IRQDELAY_LOW];

wire write_control   = wr_en && wr_word == DMACR;
wire write_status    = wr_en && wr_word == DMASR;
wire write_threshold = write_control && threshold != 0;
wire busy            = active && !resetting;
wire failing         = failed && !resetting;

// Control
reg       run_reg;
reg       cyclic_reg;
reg [2:0] irq_enable_reg;
reg [7:0] irq_threshold_reg;
reg [7:0] irq_delay_reg;
reg       irq_restart_reg;
reg [5:0] errors_reg;
reg       request_reg;

assign reset_request = request_reg;
assign run           = run_reg;
assign cyclic        = cyclic_reg;

always @(posedge clk) begin
    request_reg     <= write_control && wr_data[DMACR_RESET];
    irq_restart_reg <= write_threshold || (write_control && delay != irq_delay_reg);
    if (write_control) begin
        run_reg        <= wr_data[DMACR_RS] && errors_reg == 0;
        cyclic_reg     <= wr_data[DMACR_CYCLIC_BD_ENABLE];
        irq_enable_reg <= wr_data[DMACR_ERR_IRQEN:DMACR_IOC_IRQEN];
        irq_delay_reg  <= delay;
        if (write_threshold) irq_threshold_reg <= threshold;
    end
    if (failing) run_reg <= 1'b0;
    if (rst) begin
        request_reg       <= 1'b0;
        irq_restart_reg   <= 1'b0;
        run_reg           <= 1'b0;
        cyclic_reg        <= 1'b0;
        irq_enable_reg    <= 3'b000;
        irq_threshold_reg <= 8'd1;
        irq_delay_reg     <= 8'd0;
    end
end

// Descriptors
wire halted = !run_reg && !busy;
wire begins = wr_en && wr_word == TAIL_LAST;

reg [63:0]       current_reg;
reg [63:0]       written_tail_reg;
reg [ADDR_W-7:0] tail_reg;
reg              begins_reg;
reg              armed_reg;
wire [63:0]      written_tail = POINTER_MASK
    & {wr_word == TAILDESC_MSB ? wr_data : written_tail_reg[63:32], wr_word == TAILDESC ? wr_data : written_tail_reg[31:0]};

assign current = current_reg[ADDR_W-1:6];
assign tail    = tail_reg;
assign armed   = armed_reg;

always @(posedge clk) begin
    if (wr_en && wr_word == CURDESC && halted) current_reg[31:0] <= wr_data & POINTER_MASK[31:0];
    if (wr_en && wr_word == CURDESC_MSB && halted) current_reg[63:32] <= wr_data & POINTER_MASK[63:32];
    if (started && !resetting) current_reg[ADDR_W-1:6] <= started_addr;
    if (failing) current_reg[ADDR_W-1:6] <= failed_addr;
    if (wr_en) written_tail_reg <= written_tail;
    begins_reg <= begins;
    // A cycle before it arms: a fetch of the old tail that ends now must not disarm it.
    if (begins) tail_reg <= written_tail[ADDR_W-1:6];
    armed_reg <= run_reg && (begins_reg || (armed_reg && !(tail_fetched && !resetting)));
    if (rst) begin
        current_reg      <= 64'd0;
        written_tail_reg <= 64'd0;
        begins_reg       <= 1'b0;
        armed_reg        <= 1'b0;
    end
end

// Status
reg  complete_reg;
reg  ioc_irq_reg;
reg  delay_irq_reg;
reg  err_irq_reg;
reg  introut_reg;
wire pending = begins_reg || armed_reg || busy;
wire idle    = complete_reg && !pending && !halted;
wire ioc;
wire delayed;

wire [7:0] threshold_status;
wire [7:0] delay_status;

assign introut = introut_reg;

axi_dma_sg_interrupts interrupts (
    .clk(clk),
    .rst(rst),
    .packet_done(packet_done && !resetting),
    .threshold(irq_threshold_reg),
    .delay(irq_delay_reg),
    .restart(irq_restart_reg),
    .ioc(ioc),
    .delayed(delayed),
    .threshold_status(threshold_status),
    .delay_status(delay_status)
);

always @(posedge clk) begin
    complete_reg  <= run_reg && (complete_reg || armed_reg);
    ioc_irq_reg   <= ioc || (ioc_irq_reg && !(write_status && wr_data[DMASR_IOC_IRQ]));
    delay_irq_reg <= delayed || (delay_irq_reg && !(write_status && wr_data[DMASR_DLY_IRQ]));
    err_irq_reg   <= failing || (err_irq_reg && !(write_status && wr_data[DMASR_ERR_IRQ]));
    introut_reg   <= ({err_irq_reg, delay_irq_reg, ioc_irq_reg} & irq_enable_reg) != 0;
    if (failing) errors_reg <= failed_errors;
    if (rst) begin
        complete_reg  <= 1'b0;
        ioc_irq_reg   <= 1'b0;
        delay_irq_reg <= 1'b0;
        err_irq_reg   <= 1'b0;
        introut_reg   <= 1'b0;
        errors_reg    <= 6'd0;
    end
end

// Read; bit 1 of DMACR is always 1
reg [31:0] control, status;
reg [31:0] rd_data_reg;

always @* begin
    control                                                      = 32'd2;
    control[DMACR_RS]                                            = run_reg;
    control[DMACR_RESET]                                         = resetting;
    control[DMACR_CYCLIC_BD_ENABLE]                              = cyclic_reg;
    control[DMACR_ERR_IRQEN:DMACR_IOC_IRQEN]                     = irq_enable_reg;
    control[DMACR_IRQTHRESHOLD_HIGH:DMACR_IRQTHRESHOLD_LOW]      = irq_threshold_reg;
    control[DMACR_IRQDELAY_HIGH:DMACR_IRQDELAY_LOW]              = irq_delay_reg;

    status                                                       = 32'd0;
    status[DMASR_HALTED]                                         = halted;
    status[DMASR_IDLE]                                           = idle;
    status[DMASR_SGINCLD]                                        = 1'b1;
    status[DMASR_DMADECERR:DMASR_DMAINTERR]                      = errors_reg[2:0];
    status[DMASR_SGDECERR:DMASR_SGINTERR]                        = errors_reg[5:3];
    status[DMASR_IOC_IRQ]                                        = ioc_irq_reg;
    status[DMASR_DLY_IRQ]                                        = delay_irq_reg;
    status[DMASR_ERR_IRQ]                                        = err_irq_reg;
    status[DMASR_IRQTHRESHOLDSTS_HIGH:DMASR_IRQTHRESHOLDSTS_LOW] = threshold_status;
    status[DMASR_IRQDELAYSTS_HIGH:DMASR_IRQDELAYSTS_LOW]         = delay_status;
end

assign rd_data = rd_data_reg;

always @(posedge clk) begin
    case (rd_word)
        DMACR:        rd_data_reg <= control;
        DMASR:        rd_data_reg <= status;
        CURDESC:      rd_data_reg <= current_reg[31:0];
        CURDESC_MSB:  rd_data_reg <= current_reg[63:32];
        TAILDESC:     rd_data_reg <= written_tail_reg[31:0];
        TAILDESC_MSB: rd_data_reg <= written_tail_reg[63:32];
        default:      rd_data_reg <= 32'd0;
    endcase
end

endmodule

`resetall
