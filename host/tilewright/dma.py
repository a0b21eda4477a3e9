"""What ``pynq.lib.dma.DMA`` leaves out: decoded status, errors, reset, a check of buffers. Register numbers: PG021."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from tilewright.errors import BufferNotAllocatedError, DmaError

MM2S_DMACR: Final = 0x00
MM2S_DMASR: Final = 0x04
S2MM_DMACR: Final = 0x30
S2MM_DMASR: Final = 0x34
S2MM_LENGTH: Final = 0x58

DMACR_RESET: Final = 1 << 2
DMASR_HALTED: Final = 1 << 0
DMASR_IDLE: Final = 1 << 1
_ERRORS: Final = {
    1 << 4: "DMAIntErr (internal: length 0, or a packet longer than the buffer)",
    1 << 5: "DMASlvErr (the memory answered with an error)",
    1 << 6: "DMADecErr (no memory at this address)",
}
DMASR_ERRORS: Final = 0x70


def describe_status(dma: Any) -> str:
    """DMASR of both channels in words.

    Args:
        dma: the ``pynq.lib.dma.DMA`` driver.
    """
    return f"MM2S {_status_text(dma.read(MM2S_DMASR))}, S2MM {_status_text(dma.read(S2MM_DMASR))}"


def check_status(dma: Any) -> None:
    """Looks for errors of both channels.

    Args:
        dma: the ``pynq.lib.dma.DMA`` driver.

    Raises:
        DmaError: a channel reports an error or has halted.
    """
    for channel, offset in (("MM2S", MM2S_DMASR), ("S2MM", S2MM_DMASR)):
        status = dma.read(offset)
        if status & (DMASR_ERRORS | DMASR_HALTED):
            raise DmaError(f"DMA channel {channel} stopped: {_status_text(status)}")


def reset(dma: Any, expired: Callable[[], bool]) -> None:
    """Resets and restarts both channels; a driver reset does not exist in pynq.

    Args:
        dma: the ``pynq.lib.dma.DMA`` driver.
        expired: says when to give up.

    Raises:
        DmaError: the reset does not end.
    """
    dma.write(MM2S_DMACR, DMACR_RESET)
    while dma.read(MM2S_DMACR) & DMACR_RESET or dma.read(S2MM_DMACR) & DMACR_RESET:
        if expired():
            raise DmaError(f"the DMA's reset does not end: {describe_status(dma)}; reload the bitstream")


def check_buffer(buffer: Any, start: int, nbytes: int) -> None:
    """Makes sure that a transfer stays inside memory that pynq allocated.

    ``buffer * 2``, ``buffer.copy()`` and ``buffer.astype(...)`` are PynqBuffers too, with an address that is not
    theirs: only the array that the allocator made, which has the attribute ``memory``, and views of it are accepted.

    Args:
        buffer: the array to transfer.
        start: offset in bytes.
        nbytes: length in bytes.

    Raises:
        BufferNotAllocatedError: not an allocated buffer, freed, not contiguous, or the range lies outside it.
    """
    owner: Any = buffer
    while not hasattr(owner, "memory") and isinstance(getattr(owner, "base", None), np.ndarray):
        owner = owner.base
    if not hasattr(owner, "memory") or getattr(buffer, "physical_address", None) is None:
        raise BufferNotAllocatedError(
            f"a {type(buffer).__name__} of {buffer.nbytes} bytes was not made by pynq.allocate (results of arithmetic, "
            "copy() and astype() are not); allocate a buffer and assign to it with buffer[:] = ..."
        )
    offset = buffer.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    if buffer.physical_address != owner.physical_address + offset:
        raise BufferNotAllocatedError(
            f"the buffer's physical address {buffer.physical_address:#x} is not that of its memory "
            f"({owner.physical_address + offset:#x})"
        )
    if not buffer.flags.c_contiguous:
        raise BufferNotAllocatedError("the buffer is not contiguous; DMA transfers one range of addresses")
    if start < 0 or nbytes <= 0 or start + nbytes > buffer.nbytes:
        raise BufferNotAllocatedError(
            f"bytes {start} to {start + nbytes} do not lie in a buffer of {buffer.nbytes} bytes"
        )


def _status_text(status: int) -> str:
    words = [text for bit, text in _ERRORS.items() if status & bit]
    if status & DMASR_HALTED:
        words.append("halted")
    words.append("idle" if status & DMASR_IDLE else "not idle")
    return f"{status:#010x} ({', '.join(words)})"
