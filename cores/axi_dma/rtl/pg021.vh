// Registers and descriptors of Xilinx's AXI DMA as PG021 has them. host/tilewright/hardware/pg021.py has the same for the host, in bytes;
// tests/project/test_pg021.py compares the two.

// A module that includes this file uses only some of its constants.
// verilator lint_off UNUSEDPARAM

// Words of the registers of a channel, and how many words lie between the channels' first
localparam [7:0] CHANNEL_WORDS = 8'h0c;
localparam [3:0] DMACR         = 4'h0;
localparam [3:0] DMASR         = 4'h1;
localparam [3:0] CURDESC       = 4'h2;
localparam [3:0] CURDESC_MSB   = 4'h3;
localparam [3:0] TAILDESC      = 4'h4;
localparam [3:0] TAILDESC_MSB  = 4'h5;
localparam [3:0] ADDRESS       = 4'h6;
localparam [3:0] ADDRESS_MSB   = 4'h7;
localparam [3:0] LENGTH        = 4'ha;

// Bits of DMACR
localparam DMACR_RS                = 0;
localparam DMACR_RESET             = 2;
localparam DMACR_CYCLIC_BD_ENABLE  = 4;
localparam DMACR_IOC_IRQEN         = 12;
localparam DMACR_DLY_IRQEN         = 13;
localparam DMACR_ERR_IRQEN         = 14;
localparam DMACR_IRQTHRESHOLD_LOW  = 16;
localparam DMACR_IRQTHRESHOLD_HIGH = 23;
localparam DMACR_IRQDELAY_LOW      = 24;
localparam DMACR_IRQDELAY_HIGH     = 31;

// Bits of DMASR
localparam DMASR_HALTED               = 0;
localparam DMASR_IDLE                 = 1;
localparam DMASR_SGINCLD              = 3;
localparam DMASR_DMAINTERR            = 4;
localparam DMASR_DMASLVERR            = 5;
localparam DMASR_DMADECERR            = 6;
localparam DMASR_SGINTERR             = 8;
localparam DMASR_SGSLVERR             = 9;
localparam DMASR_SGDECERR             = 10;
localparam DMASR_IOC_IRQ              = 12;
localparam DMASR_DLY_IRQ              = 13;
localparam DMASR_ERR_IRQ              = 14;
localparam DMASR_IRQTHRESHOLDSTS_LOW  = 16;
localparam DMASR_IRQTHRESHOLDSTS_HIGH = 23;
localparam DMASR_IRQDELAYSTS_LOW      = 24;
localparam DMASR_IRQDELAYSTS_HIGH     = 31;

// Descriptors: bytes from one's first to its words
localparam [5:0] DESCRIPTOR_NEXT    = 6'h00;
localparam [5:0] DESCRIPTOR_BUFFER  = 6'h08;
localparam [5:0] DESCRIPTOR_CONTROL = 6'h18;
localparam [5:0] DESCRIPTOR_STATUS  = 6'h1c;

// Bits of a descriptor's control word and of its status word; the length lies below them
localparam CONTROL_EOF      = 26;
localparam STATUS_EOF       = 26;
localparam STATUS_SOF       = 27;
localparam STATUS_DMAINTERR = 28;
localparam STATUS_DMASLVERR = 29;
localparam STATUS_DMADECERR = 30;
localparam STATUS_CMPLT     = 31;

// verilator lint_on UNUSEDPARAM
