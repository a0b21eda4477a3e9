"""Physical addresses of the buffers that pynq gives out: aligned, and where the DMA reaches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tilewright.check.design import Design
from tilewright.check.findings import Finding, judged
from tilewright.driver import Driver
from tilewright.hardware.beats import BEAT_BYTES

# Of a packet's trailer alone, of a page, of a batch's program
SIZES = (64, 4096, 1 << 20, 8 << 20)
# A burst of AXI ends at 4 KiB; what starts a page never leaves one in its middle
PAGE = 4096


@dataclass(frozen=True)
class Piece:
    """A buffer's physical memory: address and bytes."""

    address: int
    nbytes: int

    @property
    def last(self) -> int:
        """Address of the last byte."""
        return self.address + self.nbytes - 1

    def __str__(self) -> str:
        return f"{self.address:#x} to {self.last:#x}"


def allocated(driver: Driver) -> list[Piece]:
    """Buffers of each size, all at once, freed again."""
    buffers: list[Any] = [driver.allocate(size // BEAT_BYTES) for size in SIZES]
    try:
        return [Piece(int(buffer.physical_address), int(buffer.nbytes)) for buffer in buffers]
    finally:
        for buffer in buffers:
            buffer.freebuffer()


def check_buffers(pieces: Sequence[Piece], design: Design) -> list[Finding]:
    """Alignment, overlaps, reach of the address register, and the segments of the .hwh.

    Args:
        pieces: of :func:`allocated`.
        design: the bitstream's own words.
    """
    width = max(design.dma_integer(f"c_m_axi_{channel}_data_width") or 64 for channel in ("mm2s", "s2mm")) // 8
    bits = design.dma_integer("c_addr_width") or 32
    rules: list[tuple[str, Callable[[Piece], bool], str]] = [
        ("alignment", lambda piece: piece.address % width == 0, f"multiples of {width} bytes, the DMA's words"),
        ("address width", lambda piece: piece.last < 1 << bits, f"below 2^{bits}, what the DMA's address holds"),
    ]
    if design.segments:
        shown = ", ".join(sorted({str(segment) for segment in design.segments}))
        rules.append(("segments", lambda piece: _reached(piece, design), f"within {shown}, the segments of the .hwh"))
    findings = [_rule(name, [piece for piece in pieces if not holds(piece)], text) for name, holds, text in rules]
    return [*findings, _apart(pieces)]


def not_allocated(error: Exception) -> Finding:
    """The finding where pynq gives out no buffers.

    Args:
        error: that it raised.
    """
    advice = "close other notebooks and programs that hold buffers, or start the kernel with cma=128M"
    expected = f"buffers of {', '.join(map(str, SIZES))} bytes"
    return judged("memory", "allocation", False, expected, f"{type(error).__name__}: {error}", advice)


def _rule(name: str, outside: Sequence[Piece], expected: str) -> Finding:
    advice = {
        "alignment": "the DMA has no realignment engine and would move other bytes: is this pynq's own allocator?",
        "address width": "the DMA would reach other memory: keep pynq's CMA below it (cma=128M@0x10000000), or build "
        "the DMA with a wider c_addr_width",
        "segments": "the DMA would answer with a decode error: map this memory in the block design, or move the CMA",
    }
    found = ", ".join(map(str, outside)) if outside else f"all {len(SIZES)} buffers are"
    return judged("memory", name, not outside, expected, found, advice[name])


def _reached(piece: Piece, design: Design) -> bool:
    """Whether each master of the DMA reaches all of a piece."""
    masters = {segment.master for segment in design.segments}
    return all(
        any(
            each.master == master and each.base <= piece.address and piece.last <= each.high for each in design.segments
        )
        for master in masters
    )


def _apart(pieces: Sequence[Piece]) -> Finding:
    ordered = sorted(pieces, key=lambda piece: piece.address)
    both = [(one, other) for one, other in pairwise(ordered) if one.last >= other.address]
    found = "; ".join(f"{one} and {other}" for one, other in both) or f"{len(pieces)} apart"
    advice = "two buffers share memory: restart the board; if it stays, pynq's allocator is broken"
    return judged("memory", "overlap", not both, "none", found, advice)
