"""When thresholds come out of their FIFO (cores/accelerator/rtl/threshold_fifo.v), cycle by cycle, many at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tilewright.hardware.beats import STREAM_WORD_BEATS
from tilewright.hardware.parameters import HardwareParameters

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


class ThresholdFifoTiming:
    """Times at which words are taken from the stream, and their beats pushed and popped.

    A beat is at the output a fixed time after it was pushed, or once the one before has been popped: what is read ahead
    is enough for one a cycle. The decoder counts the places. A stream of 64 bits pushes a word's beats one after the
    other, and both popped make its place free; with 128 bits it is free once both of the word before are popped.

    Args:
        words: that pass in all.
        hardware: its sizes.

    Attributes:
        pushes, pops: beats whose time is known.
    """

    def __init__(self, words: int, hardware: HardwareParameters) -> None:
        self._halves = hardware.stream_w == 64
        self._way = hardware.sram_latency + 2
        self._depth = hardware.thr_depth // STREAM_WORD_BEATS
        self._visible = np.zeros(2 * words, np.int64)
        self._popped = np.zeros(2 * words, np.int64)
        # From when on there is a place; that of word i is at i + depth.
        self._free = np.full(self._depth + words, NEVER, np.int64)
        self._freed = 0  # words whose place's time is known
        self.pushes = 0
        self.pops = 0

    @property
    def held(self) -> int:
        """Beats pushed and not popped."""
        return self.pushes - self.pops

    @property
    def pushable(self) -> int:
        """Words whose earliest time to be taken is known."""
        return self._freed + self._depth - self.pushes // 2

    def space_times(self, count: int) -> Cycles:
        """First cycles in which there is a place for each of the next ``count`` words; at most :attr:`pushable`."""
        first = self.pushes // 2
        return self._free[first : first + count]

    def take(self, times: Cycles) -> None:
        """Notes when the next words are taken; ascending."""
        beats = slice(self.pushes, self.pushes + 2 * len(times))
        visible = np.repeat(times + 1 + self._way, 2)
        if self._halves:
            visible[1::2] += 1
        else:
            visible += 1
        self._visible[beats] = visible
        self.pushes += 2 * len(times)
        self._note_free()

    def pop(self, count: int, consume: Callable[[Cycles], Cycles]) -> Cycles:
        """Pops the next beats.

        Args:
            count: so many; all are pushed.
            consume: gives the cycles in which beats are taken that are at the output from the given cycles on.

        Returns:
            When they are popped, int64 (count,).
        """
        popped = consume(self._visible[self.pops : self.pops + count])
        self._popped[self.pops : self.pops + count] = popped
        self.pops += count
        self._note_free()
        return popped

    def _note_free(self) -> None:
        known = self.pops // 2 if self._halves else min(self.pushes // 2, self.pops // 2 + 1)
        if known > self._freed:
            words = np.arange(self._freed, known)
            if self._halves:
                free = self._popped[2 * words + 1] + 1
            else:
                before = np.where(words > 0, self._popped[2 * words - 1], NEVER)
                free = np.maximum(self._visible[2 * words] - 1, before) + 1
            self._free[self._depth + self._freed : self._depth + known] = free
            self._freed = known
