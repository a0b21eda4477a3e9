"""When program beats are there for the decoder: one a cycle, or at the rate that stalls of the memory leave."""

from __future__ import annotations

import numpy as np

from tilewright.compiler.timing.fifo import NEVER, Cycles, ascending

# From a beat's leaving the DMA's FIFO to its successor's arrival there, beside the memory's latency
REFILL_CYCLES = 10


class BeatSupply:
    """Beats from the DMA in order: without stalls they never keep the decoder waiting.

    With stalls a beat comes 1 / (1 - p) cycles after the one before, or once there is space for it in the DMA's FIFO:
    the mean of what is random.

    Args:
        beats: of the program.
        stall_probability: that a cycle brings no beat.
        depth: beats that the DMA reads ahead.
        latency: cycles from a read address to its first beat.

    Attributes:
        taken: beats taken so far.
    """

    def __init__(self, beats: int, stall_probability: float, depth: int, latency: int) -> None:
        self._pitch = 1.0 / (1.0 - stall_probability) if stall_probability else None
        self._depth = depth
        self._refill = latency + REFILL_CYCLES
        # When each beat was taken; beat i is at i + depth.
        self._times = np.full(depth + (beats if stall_probability else 0), NEVER, np.int64)
        self.taken = 0
        self._next = 0.0

    def take(self, first: int, count: int, lower: Cycles | None = None) -> Cycles:
        """Cycles in which the next beats are taken, one a cycle at most.

        Args:
            first: none is taken before.
            count: so many.
            lower: earliest cycle of each.

        Returns:
            int64 (count,), ascending.
        """
        if self._pitch is None:
            self.taken += count
            return self._wanted(first, count, lower)
        parts = []
        for start in range(0, count, self._depth):
            size = min(self._depth, count - start)
            part = self._delivered(first, size, None if lower is None else lower[start : start + size])
            first = int(part[-1]) + 1
            parts.append(part)
        return np.concatenate(parts)

    def take_one(self, first: int) -> int:
        """:meth:`take` for one beat."""
        if self._pitch is not None:
            return int(self.take(first, 1)[0])
        self.taken += 1
        return first

    @staticmethod
    def _wanted(first: int, count: int, lower: Cycles | None) -> Cycles:
        if lower is None:
            return np.arange(first, first + count, dtype=np.int64)
        bounds = lower.copy()
        bounds[0] = max(bounds[0], first)
        return ascending(bounds)

    def _delivered(self, first: int, count: int, lower: Cycles | None) -> Cycles:
        assert self._pitch is not None
        slope = np.arange(count) * self._pitch
        space = self._times[self.taken : self.taken + count] + float(self._refill)
        space[0] = max(space[0], self._next)
        arrival = np.maximum.accumulate(space - slope) + slope
        bounds = np.ceil(arrival).astype(np.int64)
        taken = self._wanted(first, count, bounds if lower is None else np.maximum(bounds, lower))
        self._next = float(arrival[-1]) + self._pitch
        self._times[self._depth + self.taken : self._depth + self.taken + count] = taken
        self.taken += count
        return taken
