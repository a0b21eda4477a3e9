"""What ``pynq.lib.dma.DMA`` leaves out: decoded status, errors, a reset. Register numbers: PG021."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from tilewright.errors import DmaError
from tilewright.hardware import pg021

_ERRORS: Final = {
    pg021.DMASR_INTERNAL_ERROR: "DMAIntErr (internal: length 0, or a packet longer than the buffer)",
    pg021.DMASR_SLAVE_ERROR: "DMASlvErr (the memory answered with an error)",
    pg021.DMASR_DECODE_ERROR: "DMADecErr (no memory at this address)",
    pg021.DMASR_SG_INTERNAL_ERROR: "SGIntErr (a descriptor was used before)",
    pg021.DMASR_SG_SLAVE_ERROR: "SGSlvErr (the memory answered with an error to a descriptor's access)",
    pg021.DMASR_SG_DECODE_ERROR: "SGDecErr (no memory at a descriptor's address)",
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
    if status & pg021.DMASR_HALTED:
        words.append("halted")
    words.append("idle" if status & pg021.DMASR_IDLE else "not idle")
    return tuple(words)


def describe_status(dma: Registers) -> str:
    """DMASR of both channels in words.

    Args:
        dma: the ``pynq.lib.dma.DMA`` driver.
    """
    return f"MM2S {_status_text(dma.read(pg021.MM2S_DMASR))}, S2MM {_status_text(dma.read(pg021.S2MM_DMASR))}"


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
    if status & (pg021.DMASR_ERRORS | pg021.DMASR_HALTED):
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
    dma.write(pg021.MM2S_DMACR, pg021.DMACR_RESET)
    while dma.read(pg021.MM2S_DMACR) & pg021.DMACR_RESET or dma.read(pg021.S2MM_DMACR) & pg021.DMACR_RESET:
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
    for control, status in ((pg021.MM2S_DMACR, pg021.MM2S_DMASR), (pg021.S2MM_DMACR, pg021.S2MM_DMASR)):
        dma.write(control, pg021.DMACR_RUN)
        while dma.read(status) & pg021.DMASR_HALTED:
            if expired():
                raise DmaError(f"the DMA does not start: {describe_status(dma)}; reload the bitstream")


def _status_text(status: int) -> str:
    return f"{status & 0xFFFF_FFFF:#010x} ({', '.join(status_words(status))})"
