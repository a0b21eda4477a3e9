"""When words come out of ``stream_fifo`` (cores/stream/rtl/stream_fifo.v), cycle by cycle, many words at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Cycles = npt.NDArray[np.int64]

# Before all time
NEVER = -(1 << 40)
# Words read ahead, beside one for each cycle of the memory's latency
READ_AHEAD = 3
# From a word's leaving to the first cycle in which another can be read in its place
PLACE_CYCLES = 2


def ascending(lower: Cycles, step: int = 1) -> Cycles:
    """The earliest times that are not below ``lower`` and `step` or more apart, int64 of the same shape."""
    slope = np.arange(len(lower), dtype=np.int64) * step
    result: Cycles = np.maximum.accumulate(lower - slope) + slope
    return result


class FifoTiming:
    """Times at which the words of a FIFO are taken from the stream, pushed and popped.

    A word is at the output a fixed time after it was pushed, or once the one before has been popped: the words that are
    read ahead are enough for one a cycle. The decoder counts ``depth`` places.

    Args:
        words: that pass in all.
        depth: words of its memory.
        latency: of its memory in cycles.

    Attributes:
        pushes, pops: words whose time is known.
    """

    def __init__(self, words: int, depth: int, latency: int) -> None:
        self._way = latency + 2
        self._depth = depth
        self._pushed = np.zeros(words, np.int64)
        # The pop of word i is at i + depth: what is before word 0 was popped before all time.
        self._popped = np.full(self._depth + words, NEVER, np.int64)
        self.pushes = 0
        self.pops = 0

    @property
    def held(self) -> int:
        """Words pushed and not popped."""
        return self.pushes - self.pops

    @property
    def pushable(self) -> int:
        """Words whose earliest time to be taken is known."""
        return self.pops + self._depth - self.pushes

    def space_times(self, count: int) -> Cycles:
        """First cycles in which there is a place for each of the next ``count`` words; at most :attr:`pushable`."""
        return self._popped[self.pushes : self.pushes + count] + 1

    def push(self, times: Cycles) -> None:
        """Notes when the next words are pushed; ascending."""
        self._pushed[self.pushes : self.pushes + len(times)] = times
        self.pushes += len(times)

    def pop(self, count: int, consume: Callable[[Cycles], Cycles]) -> Cycles:
        """Pops the next words.

        Args:
            count: so many; all are pushed.
            consume: gives the cycles in which words are taken that are at the output from the given cycles on.

        Returns:
            When they are popped, int64 (count,).
        """
        popped = consume(self._pushed[self.pops : self.pops + count] + self._way)
        self._popped[self._depth + self.pops : self._depth + self.pops + count] = popped
        self.pops += count
        return popped
