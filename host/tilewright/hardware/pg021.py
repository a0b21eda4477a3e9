"""Registers and descriptors of Xilinx's AXI DMA, numbered and named as in PG021.

The RTL has the same in ``cores/axi_dma/rtl/pg021.vh``; ``tests/project/test_pg021.py`` compares the two.
"""

from __future__ import annotations

from typing import Final

from tilewright.hardware.fields import Field

# Channels: offsets in bytes of their first registers
MM2S: Final = 0x00
S2MM: Final = 0x30

# Registers of a channel, from its first; ADDRESS is SA of MM2S and DA of S2MM
DMACR: Final = 0x00
DMASR: Final = 0x04
CURDESC: Final = 0x08
CURDESC_MSB: Final = 0x0C
TAILDESC: Final = 0x10
TAILDESC_MSB: Final = 0x14
ADDRESS: Final = 0x18
ADDRESS_MSB: Final = 0x1C
LENGTH: Final = 0x28

MM2S_DMACR: Final = MM2S + DMACR
MM2S_DMASR: Final = MM2S + DMASR
MM2S_LENGTH: Final = MM2S + LENGTH
S2MM_DMACR: Final = S2MM + DMACR
S2MM_DMASR: Final = S2MM + DMASR
S2MM_LENGTH: Final = S2MM + LENGTH

DMACR_FIELDS: Final[dict[str, Field]] = {
    "RS": Field(0, 1),
    "Reset": Field(2, 1),
    "Keyhole": Field(3, 1),
    "Cyclic_BD_Enable": Field(4, 1),
    "IOC_IrqEn": Field(12, 1),
    "Dly_IrqEn": Field(13, 1),
    "Err_IrqEn": Field(14, 1),
    "IRQThreshold": Field(16, 8),
    "IRQDelay": Field(24, 8),
}
DMASR_FIELDS: Final[dict[str, Field]] = {
    "Halted": Field(0, 1),
    "Idle": Field(1, 1),
    "SGIncld": Field(3, 1),
    "DMAIntErr": Field(4, 1),
    "DMASlvErr": Field(5, 1),
    "DMADecErr": Field(6, 1),
    "SGIntErr": Field(8, 1),
    "SGSlvErr": Field(9, 1),
    "SGDecErr": Field(10, 1),
    "IOC_Irq": Field(12, 1),
    "Dly_Irq": Field(13, 1),
    "Err_Irq": Field(14, 1),
    "IRQThresholdSts": Field(16, 8),
    "IRQDelaySts": Field(24, 8),
}
# At most: the length of a build's registers and descriptors may have fewer bits
LENGTH_FIELD: Final = Field(0, 26)
# Descriptors lie at multiples of 64
POINTER_FIELD: Final = Field(6, 26)

DMACR_RUN: Final = DMACR_FIELDS["RS"].mask
DMACR_RESET: Final = DMACR_FIELDS["Reset"].mask
DMACR_CYCLIC: Final = DMACR_FIELDS["Cyclic_BD_Enable"].mask
DMASR_HALTED: Final = DMASR_FIELDS["Halted"].mask
DMASR_IDLE: Final = DMASR_FIELDS["Idle"].mask
DMASR_SG_INCLUDED: Final = DMASR_FIELDS["SGIncld"].mask
DMASR_INTERNAL_ERROR: Final = DMASR_FIELDS["DMAIntErr"].mask
DMASR_SLAVE_ERROR: Final = DMASR_FIELDS["DMASlvErr"].mask
DMASR_DECODE_ERROR: Final = DMASR_FIELDS["DMADecErr"].mask
DMASR_SG_INTERNAL_ERROR: Final = DMASR_FIELDS["SGIntErr"].mask
DMASR_SG_SLAVE_ERROR: Final = DMASR_FIELDS["SGSlvErr"].mask
DMASR_SG_DECODE_ERROR: Final = DMASR_FIELDS["SGDecErr"].mask
DMASR_MEMORY_ERRORS: Final = DMASR_SLAVE_ERROR | DMASR_DECODE_ERROR
DMASR_DESCRIPTOR_ERRORS: Final = DMASR_SG_INTERNAL_ERROR | DMASR_SG_SLAVE_ERROR | DMASR_SG_DECODE_ERROR
DMASR_ERRORS: Final = DMASR_INTERNAL_ERROR | DMASR_MEMORY_ERRORS | DMASR_DESCRIPTOR_ERRORS
DMASR_IOC_IRQ: Final = DMASR_FIELDS["IOC_Irq"].mask
DMASR_DELAY_IRQ: Final = DMASR_FIELDS["Dly_Irq"].mask
DMASR_ERROR_IRQ: Final = DMASR_FIELDS["Err_Irq"].mask

# A descriptor: bytes from one to the next, those that are read or written, and its words' offsets in bytes
DESCRIPTOR_PITCH: Final = 64
DESCRIPTOR_BYTES: Final = 52
DESCRIPTOR_NEXT: Final = 0x00
DESCRIPTOR_BUFFER: Final = 0x08
DESCRIPTOR_CONTROL: Final = 0x18
DESCRIPTOR_STATUS: Final = 0x1C
# Its control word: TXSOF and TXEOF of MM2S; its status word: RXSOF and RXEOF of S2MM, errors, done
CONTROL_FIELDS: Final[dict[str, Field]] = {"Length": LENGTH_FIELD, "EOF": Field(26, 1), "SOF": Field(27, 1)}
STATUS_FIELDS: Final[dict[str, Field]] = {
    "Length": LENGTH_FIELD,
    "EOF": Field(26, 1),
    "SOF": Field(27, 1),
    "DMAIntErr": Field(28, 1),
    "DMASlvErr": Field(29, 1),
    "DMADecErr": Field(30, 1),
    "Cmplt": Field(31, 1),
}
CONTROL_FIRST: Final = CONTROL_FIELDS["SOF"].mask
CONTROL_LAST: Final = CONTROL_FIELDS["EOF"].mask
STATUS_LAST: Final = STATUS_FIELDS["EOF"].mask
STATUS_INTERNAL_ERROR: Final = STATUS_FIELDS["DMAIntErr"].mask
STATUS_SLAVE_ERROR: Final = STATUS_FIELDS["DMASlvErr"].mask
STATUS_DECODE_ERROR: Final = STATUS_FIELDS["DMADecErr"].mask
STATUS_ERRORS: Final = STATUS_INTERNAL_ERROR | STATUS_SLAVE_ERROR | STATUS_DECODE_ERROR
STATUS_COMPLETE: Final = STATUS_FIELDS["Cmplt"].mask
