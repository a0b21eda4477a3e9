"""When results leave: raw sums and words that a READ brings, each through its own buffer, to one stream of beats."""

from __future__ import annotations

import numpy as np

from tilewright.compiler.timing.fifo import NEVER, Cycles, ascending

# From taking a position out to the first cycle in which its place can be used again
FREE_CYCLES = 2


class ResultTiming:
    """A buffer that reserves space for each position issued and gives it back when the position is taken out.

    Args:
        depth: positions held.
        latency: cycles from a position's issue to the first in which it can be taken out.
        pitch: cycles from one to the next at the least.

    Attributes:
        last_sent: when the last position began to leave.
    """

    def __init__(self, depth: int, latency: int, pitch: int) -> None:
        self._latency = latency
        self._pitch = pitch
        self._taken = np.full(depth, NEVER, np.int64)  # when the last positions were taken out
        self.last_sent = NEVER

    def issue(self, first: int, count: int, blocked: int = NEVER) -> tuple[int, int]:
        """Issues positions, one a cycle or as space allows.

        Args:
            first: none is issued before.
            count: so many.
            blocked: up to this cycle the stream is taken by something else; one position waits behind the buffer.

        Returns:
            Cycles in which the first and the last are issued.
        """
        depth, issued_first = len(self._taken), None
        for done in range(0, count, depth):
            size = min(depth, count - done)
            issued = ascending(np.maximum(np.arange(first, first + size), self._taken[:size] + FREE_CYCLES))
            self._take(issued, blocked)
            issued_first = int(issued[0]) if issued_first is None else issued_first
            first = int(issued[-1]) + 1
        assert issued_first is not None
        return issued_first, first - 1

    def _take(self, issued: Cycles, blocked: int) -> None:
        lower = issued + self._latency
        lower[0] = max(lower[0], self.last_sent + self._pitch)
        lower[1:2] = np.maximum(lower[1:2], blocked + self._pitch)
        taken = ascending(lower, self._pitch)
        self.last_sent = max(int(taken[-1]), blocked)
        self._taken = np.concatenate((self._taken, taken))[-len(self._taken) :]
