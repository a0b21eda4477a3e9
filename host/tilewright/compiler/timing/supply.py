"""When stream words are there for the decoder: at the stream's rate, or at the rate that stalls of the memory leave."""

from __future__ import annotations

import numpy as np

from tilewright.compiler.timing.fifo import NEVER, Cycles, ascending
from tilewright.hardware.parameters import HardwareParameters

# From a beat's leaving the DMA's FIFO to its successor's arrival there, beside the memory's latency
REFILL_CYCLES = 10


class WordSupply:
    """Words of 128 bits from the DMA in order: one a cycle, or every second one of a stream of 64 bits.

    With stalls a word comes 1 / (1 - p) times later after the one before, or once there is space for it in the DMA's
    FIFO: the mean of what is random.

    Args:
        words: of the program.
        stall_probability: that a cycle brings nothing.
        hardware: its stream, its DMA and its memory.

    Attributes:
        taken: words taken so far.
        pitch: cycles from a word to the next, at least.
    """

    def __init__(self, words: int, stall_probability: float, hardware: HardwareParameters) -> None:
        self.pitch = hardware.word_pitch
        self._mean = self.pitch / (1.0 - stall_probability) if stall_probability else None
        self._depth = hardware.dma_depth // self.pitch
        self._refill = hardware.ddr_latency + REFILL_CYCLES
        # When each word was taken; word i is at i + depth.
        self._times = np.full(self._depth + (words if stall_probability else 0), NEVER, np.int64)
        self.taken = 0
        self._next = 0.0
        self._last = NEVER

    def take(self, first: int, count: int, lower: Cycles | None = None) -> Cycles:
        """Cycles in which the next words are taken.

        Args:
            first: none is taken before.
            count: so many.
            lower: earliest cycle of each.

        Returns:
            int64 (count,), ascending.
        """
        if self._mean is None:
            self.taken += count
            return self._wanted(first, count, lower)
        parts = []
        for start in range(0, count, self._depth):
            size = min(self._depth, count - start)
            parts.append(self._delivered(first, size, None if lower is None else lower[start : start + size]))
        return np.concatenate(parts)

    def take_one(self, first: int) -> int:
        """:meth:`take` for one word."""
        return int(self.take(first, 1)[0])

    def _wanted(self, first: int, count: int, lower: Cycles | None) -> Cycles:
        first = max(first, self._last + self.pitch)
        if lower is None:
            times = np.arange(first, first + count * self.pitch, self.pitch, dtype=np.int64)
        else:
            bounds = lower.copy()
            bounds[0] = max(bounds[0], first)
            times = ascending(bounds, self.pitch)
        self._last = int(times[-1])
        return times

    def _delivered(self, first: int, count: int, lower: Cycles | None) -> Cycles:
        assert self._mean is not None
        slope = np.arange(count) * self._mean
        space = self._times[self.taken : self.taken + count] + float(self._refill)
        space[0] = max(space[0], self._next)
        arrival = np.maximum.accumulate(space - slope) + slope
        bounds = np.ceil(arrival).astype(np.int64)
        taken = self._wanted(first, count, bounds if lower is None else np.maximum(bounds, lower))
        self._next = float(arrival[-1]) + self._mean
        self._times[self._depth + self.taken : self._depth + self.taken + count] = taken
        self.taken += count
        return taken
