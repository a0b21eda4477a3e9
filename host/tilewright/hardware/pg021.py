"""Registers of Xilinx's AXI DMA, as PG021 numbers them."""

from __future__ import annotations

from typing import Final

MM2S_DMACR: Final = 0x00
MM2S_DMASR: Final = 0x04
S2MM_DMACR: Final = 0x30
S2MM_DMASR: Final = 0x34
S2MM_LENGTH: Final = 0x58
DMACR_RUN: Final = 1 << 0
DMACR_RESET: Final = 1 << 2
DMASR_HALTED: Final = 1 << 0
DMASR_IDLE: Final = 1 << 1
DMASR_INTERNAL_ERROR: Final = 1 << 4
DMASR_MEMORY_ERRORS: Final = 1 << 5 | 1 << 6
DMASR_DESCRIPTOR_ERRORS: Final = 0x700
DMASR_ERRORS: Final = 0x770

CURDESC, TAILDESC, TAILDESC_MSB, ADDRESS, LENGTH = 0x08, 0x10, 0x14, 0x18, 0x28
