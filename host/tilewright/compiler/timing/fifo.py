"""When words come out of ``stream_fifo`` (cores/stream/rtl/stream_fifo.v), cycle by cycle, many words at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Cycles = npt.NDArray[np.int64]

# Before all time
NEVER = -(1 << 40)
# Rounds until the guess of how words went through the FIFO agrees with itself
MAX_ROUNDS = 12
# Words that still fit when the FIFO's flag falls (SLACK of stream_fifo.v in accelerator.v)
SLACK = 4


def ascending(lower: Cycles, step: int = 1) -> Cycles:
    """The earliest times that are not below ``lower`` and `step` or more apart, int64 of the same shape."""
    slope = np.arange(len(lower), dtype=np.int64) * step
    result: Cycles = np.maximum.accumulate(lower - slope) + slope
    return result


class FifoTiming:
    """Times at which the words of a FIFO are pushed and popped.

    A word that meets an empty FIFO goes straight to the queue of registers (one cycle); one that does not, or that
    comes while others are on their way there, goes through the memory (2 cycles and its latency). The decoder takes a
    word from the stream while the FIFO's flag says that there is space, and pushes it a cycle later.

    Args:
        words: that pass in all.
        depth: words of its memory.
        latency: of its memory in cycles.

    Attributes:
        pushes, pops: words whose time is known.
    """

    def __init__(self, words: int, depth: int, latency: int) -> None:
        self._latency = latency
        self._way = latency + 2  # cycles through the memory
        self._queue = latency + 2  # registers behind it
        self._capacity = depth + self._queue - SLACK + 1  # the flag is up while it holds fewer words
        self._pushed = np.zeros(words, np.int64)
        # The pop of word i is at i + capacity: what is before word 0 was popped before all time.
        self._popped = np.full(self._capacity + words, NEVER, np.int64)
        self._by_memory = False  # how the last popped word went
        self._entered = NEVER  # when it would have entered the queue through the memory
        self.pushes = 0
        self.pops = 0

    @property
    def held(self) -> int:
        """Words pushed and not popped."""
        return self.pushes - self.pops

    @property
    def pushable(self) -> int:
        """Words whose earliest time to be taken from the stream is known."""
        return self.pops + self._capacity - self.pushes

    def space_times(self, count: int) -> Cycles:
        """First cycles in which there is space for each of the next ``count`` words; at most :attr:`pushable`."""
        return self._popped[self.pushes : self.pushes + count] + 1

    def follows(self, cycle: int) -> bool:
        """Whether the last word is pushed in this cycle: the flag does not know of it yet, and lets one more pass."""
        return self.pushes > 0 and int(self._pushed[self.pushes - 1]) == cycle

    def take_times(self, first: int, count: int) -> Cycles:
        """Cycles in which the next words are taken from the stream, one a cycle, none before ``first``.

        Word i follows word i - 1 in the next cycle if there is space for word i - 1 by then, for the flag does not know
        that it was taken; else it waits for its own.
        """
        index = np.arange(count)
        # What the place in the stream does not explain; ascending
        space = np.maximum(self.space_times(count) - index, first)
        begin = int(space[0])
        if self.follows(first) and int(self._popped[self.pushes - 1]) < first:
            begin = first
        if space[-1] <= begin:
            return begin + index
        ends = (np.searchsorted(space, space + 1, side="right") + 1).tolist()
        bursts, end = [0], int(np.searchsorted(space, begin + 1, side="right")) + 1
        while end < count:
            bursts.append(end)
            end = ends[end]
        begins = space[bursts]
        begins[0] = begin
        result: Cycles = np.repeat(begins, np.diff([*bursts, count])) + index
        return result

    def push(self, times: Cycles) -> None:
        """Notes when the next words are pushed; ascending."""
        self._pushed[self.pushes : self.pushes + len(times)] = times
        self.pushes += len(times)

    def pop(self, count: int, consume: Callable[[Cycles], Cycles], floor: int) -> Cycles:
        """Pops the next words.

        Args:
            count: so many; all are pushed.
            consume: gives the cycles in which words are taken that are at the output from the given cycles on.
            floor: no word is taken before this cycle.

        Returns:
            When they are popped, int64 (count,).
        """
        pushed = self._pushed[self.pops : self.pops + count]
        popped = consume(pushed + 1)
        if count > self._queue and pushed[-1] + self._way <= floor:
            # Nothing that comes out now has been waited for.
            self._by_memory = True
            self._entered = int(popped[-1 - self._queue]) + self._latency + 1
        else:
            popped = self._settle(pushed, popped, consume)
        self._popped[self._capacity + self.pops : self._capacity + self.pops + count] = popped
        self.pops += count
        return popped

    def _settle(self, pushed: Cycles, popped: Cycles, consume: Callable[[Cycles], Cycles]) -> Cycles:
        """Pops that agree with the way that the words took; the first guess is that none waited."""
        for _ in range(MAX_ROUNDS):
            visible, by_memory, entered = self._visible(pushed, popped)
            again = consume(visible)
            if np.array_equal(again, popped):
                break
            popped = again
        self._by_memory, self._entered = by_memory, entered
        return popped

    def _visible(self, pushed: Cycles, popped: Cycles) -> tuple[Cycles, bool, int]:
        """When words are at the output if those before are popped as given; how and when the last one got there."""
        count, at = len(pushed), self._capacity + self.pops - self._queue
        before = np.concatenate((self._popped[at : at + self._queue], popped))[:count]
        lower = np.maximum(pushed + self._way, before + self._latency + 1)
        lower[0] = max(lower[0], self._entered + 1)
        entered = ascending(lower)
        blocked = before > pushed
        last_entered = np.concatenate(([self._entered], entered[:-1]))
        changes = blocked | (last_entered <= pushed)
        # The way of a word is that of the last one that was blocked, or that found nothing on its way.
        latest = np.maximum.accumulate(np.where(changes, np.arange(count), -1))
        by_memory = np.where(latest < 0, self._by_memory, blocked[latest])
        visible: Cycles = np.where(by_memory, entered, pushed + 1)
        return visible, bool(by_memory[-1]), int(visible[-1]) if not by_memory[-1] else int(entered[-1])
