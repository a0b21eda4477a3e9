// The ports of the module soc, for soc_sim.cpp. Written by host/tilewright/sim/ports.py, as for any block design.
#pragma once

// AXI4-Lite slaves: name, bits of an address
#define SOC_SLAVES(X) \
    X(s_axil_dma, 10) \
    X(s_axil_acc, 16) \
    X(s_axil_intc, 9)

// AXI masters that read: name, channel in messages, identifiers or not, rules, seed
#define SOC_READERS(X) \
    X(m_axi_mm2s, "AR", NO_ID, DMA, 0x5245414400000000ULL) \
    X(m_axi_sg, "SG AR", NO_ID, DMA, 0x5345470052000000ULL)

// AXI masters that write: name, channels in messages, as above
#define SOC_WRITERS(X) \
    X(m_axi_s2mm, "AW", "W", NO_ID, DMA, 0x5752495445000000ULL) \
    X(m_axi_sg, "SG AW", "SG W", NO_ID, DMA, 0x5345470057000000ULL)

// Streams that are observed: name, slave of the DMA that they belong to or -1, the channel's first register
#define SOC_STREAMS(X) \
    X(program, 0, 0x00) \
    X(result, 0, 0x30)

#define SOC_INTERRUPTS(X) \
    X(mm2s_introut) \
    X(s2mm_introut) \
    X(accelerator_irq) \
    X(irq)

// Whether something moves inside, and whether a waveform that waits begins
#define SOC_MOVED(top) (top.engine_moved)
#define SOC_BEGINS(top) (top.program_beat)
