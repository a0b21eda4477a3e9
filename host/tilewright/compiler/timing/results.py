"""When results leave: raw sums and words that a READ brings, each through its own buffer, to one stream of beats."""

from __future__ import annotations

from collections import deque

from tilewright.compiler.timing.fifo import NEVER, PLACE_CYCLES, READ_AHEAD

# From the reading of a position's last beat to the first cycle in which another can be issued in its place
FREE_CYCLES = 2
# From the last beat's leaving to the first cycle in which the buffer counts as empty
EMPTY_CYCLES = 3


class ResultTiming:
    """A buffer that reserves space for each position issued and gives it back when the position's last beat is read.

    Args:
        depth: positions held.
        issue_cycles: from a position's issue to the first cycle in which its first beat can be read.
        beats: of a position.
        latency: of the memories.

    Attributes:
        sent: when the last beat leaves.
    """

    def __init__(self, depth: int, issue_cycles: int, beats: int, latency: int) -> None:
        self._issue_cycles = issue_cycles
        self._beats = beats
        self._latency = latency
        self._taken = deque([NEVER] * depth, depth)  # when the last beats of the last positions were read
        self.sent = NEVER

    @property
    def empty_at(self) -> int:
        """Cycle from which the buffer counts as empty."""
        return self.sent + EMPTY_CYCLES

    def issue(self, first: int, count: int, blocked: int = NEVER) -> tuple[int, int]:
        """Issues positions, one a cycle or as space allows.

        Args:
            first: none is issued before.
            count: so many.
            blocked: up to this cycle the stream is taken by something else.

        Returns:
            Cycles in which the first and the last are issued.
        """
        ahead = self._latency + READ_AHEAD
        issued: list[int] = []
        for index in range(count):
            cycle = max(issued[-1] + 1 if issued else first, self._taken[0] + FREE_CYCLES)
            taken = max(cycle + self._issue_cycles, self._taken[-1] + 1) + self._beats - 1
            # What fits into the queue is read at once, and then a beat for each that leaves.
            beat = (index + 1) * self._beats
            if beat > ahead:
                taken = max(taken, blocked + beat - ahead + PLACE_CYCLES)
            issued.append(cycle)
            self._taken.append(taken)
        self.sent = self._taken[-1] + self._latency + 1
        return issued[0], issued[-1]
