"""What ``pynq.lib.dma.DMA`` leaves out: decoded status, errors, a reset. Register numbers: PG021."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from tilewright.errors import DmaError
from tilewright.hardware.pg021 import (
    DMACR_RESET,
    DMACR_RUN,
    DMASR_ERRORS,
    DMASR_HALTED,
    DMASR_IDLE,
    MM2S_DMACR,
    MM2S_DMASR,
    S2MM_DMACR,
    S2MM_DMASR,
)

_ERRORS: Final = {
    1 << 4: "DMAIntErr (internal: length 0, or a packet longer than the buffer)",
    1 << 5: "DMASlvErr (the memory answered with an error)",
    1 << 6: "DMADecErr (no memory at this address)",
    1 << 8: "SGIntErr (a descriptor was used before)",
    1 << 9: "SGSlvErr (the memory answered with an error to a descriptor's access)",
    1 << 10: "SGDecErr (no memory at a descriptor's address)",
}


class Registers(Protocol):
    """What reads and writes 32-bit registers: a ``pynq.lib.dma.DMA``, or a ``pynq.MMIO``."""

    def read(self, offset: int) -> Any:
        """The register at an offset in bytes."""

    def write(self, offset: int, value: int) -> Any:
        """Writes the register at an offset in bytes."""


def status_words(status: int) -> tuple[str, ...]:
    """DMASR in words: its errors, ``halted``, and ``idle`` or ``not idle``."""
    words = [text for bit, text in _ERRORS.items() if status & bit]
    if status & DMASR_HALTED:
        words.append("halted")
    words.append("idle" if status & DMASR_IDLE else "not idle")
    return tuple(words)


def describe_status(dma: Registers) -> str:
    """DMASR of both channels in words.

    Args:
        dma: the ``pynq.lib.dma.DMA`` driver.
    """
    return f"MM2S {_status_text(dma.read(MM2S_DMASR))}, S2MM {_status_text(dma.read(S2MM_DMASR))}"


def running_status(dma: Registers, channel: str, offset: int) -> int:
    """DMASR of a channel that runs.

    Args:
        dma: the ``pynq.lib.dma.DMA`` driver.
        channel: its name, MM2S or S2MM.
        offset: of its DMASR.

    Returns:
        The register.

    Raises:
        DmaError: the channel reports an error or has halted.
    """
    status = int(dma.read(offset))
    if status & (DMASR_ERRORS | DMASR_HALTED):
        raise DmaError(f"DMA channel {channel} stopped: {_status_text(status)}")
    return status


def reset(dma: Registers, expired: Callable[[], bool]) -> None:
    """Resets both channels, which are halted then; pynq has no reset.

    Args:
        dma: the ``pynq.lib.dma.DMA`` driver, or an MMIO of its registers.
        expired: says when to give up.

    Raises:
        DmaError: the reset does not end.
    """
    dma.write(MM2S_DMACR, DMACR_RESET)
    while dma.read(MM2S_DMACR) & DMACR_RESET or dma.read(S2MM_DMACR) & DMACR_RESET:
        if expired():
            raise DmaError(f"the DMA's reset does not end: {describe_status(dma)}; reload the bitstream")


def run_channels(dma: Registers, expired: Callable[[], bool]) -> None:
    """Sets both channels running; what pynq's ``start`` waits for without end is true afterwards.

    Args:
        dma: the ``pynq.lib.dma.DMA`` driver, or an MMIO of its registers.
        expired: says when to give up.

    Raises:
        DmaError: a channel stays halted.
    """
    for control, status in ((MM2S_DMACR, MM2S_DMASR), (S2MM_DMACR, S2MM_DMASR)):
        dma.write(control, DMACR_RUN)
        while dma.read(status) & DMASR_HALTED:
            if expired():
                raise DmaError(f"the DMA does not start: {describe_status(dma)}; reload the bitstream")


def _status_text(status: int) -> str:
    return f"{status & 0xFFFF_FFFF:#010x} ({', '.join(status_words(status))})"
