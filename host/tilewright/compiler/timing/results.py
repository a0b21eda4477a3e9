"""When results leave: raw sums and words that a READ brings, each through its own buffer, to one stream of beats."""

from __future__ import annotations

from collections import deque

from tilewright.compiler.timing.fifo import NEVER, PLACE_CYCLES, READ_AHEAD

# `space` of result_reader.v falls while so many positions still fit
SLACK = 3
# From a position's issue, and from its taking, to the first cycle whose `space` knows of it
ISSUED_CYCLES, TAKEN_CYCLES = 3, 2
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
        self._space = depth - SLACK
        # When the last positions were issued, and taken
        uncounted = ISSUED_CYCLES - 1
        self._issued = deque([NEVER] * uncounted, uncounted)
        self._taken = deque([NEVER] * (self._space + uncounted), self._space + uncounted)
        self.sent = NEVER

    @property
    def empty_at(self) -> int:
        """Cycle from which the buffer counts as empty."""
        return self.sent + EMPTY_CYCLES

    def issue(self, first: int, count: int, blocked: int = NEVER) -> int:
        """Issues positions, one a cycle or as space allows.

        Args:
            first: none is issued before.
            count: so many.
            blocked: up to this cycle the stream is taken by something else.

        Returns:
            Cycle in which the last is issued.
        """
        ahead = self._latency + READ_AHEAD
        for index in range(count):
            cycle = self._first_space(max(first, self._issued[-1] + 1))
            read = max(cycle + self._issue_cycles, self._taken[-1] + 1)
            taken = read + self._beats - 1
            # What fits into the queue is read at once, and then a beat for each that leaves.
            beat = (index + 1) * self._beats
            if beat > ahead:
                taken = max(taken, blocked + beat - ahead + PLACE_CYCLES)
            self._issued.append(cycle)
            self._taken.append(taken)
        self.sent = self._taken[-1] + self._latency + 1
        return self._issued[-1]

    def _first_space(self, first: int) -> int:
        """First cycle from the given one on with space for the next position."""
        last = self._issued[-1] + ISSUED_CYCLES
        for cycle in range(first, last):
            uncounted = sum(issued > cycle - ISSUED_CYCLES for issued in self._issued)
            if self._taken[-self._space - uncounted] + TAKEN_CYCLES <= cycle:
                return cycle
        return max(first, last, self._taken[-self._space] + TAKEN_CYCLES)
