"""When results leave: raw sums and what READs bring, each through its own buffer, to one stream of 128-bit words."""

from __future__ import annotations

from collections import deque

from tilewright.compiler.timing.fifo import NEVER, PLACE_CYCLES, READ_AHEAD
from tilewright.hardware.beats import STREAM_WORD_BEATS
from tilewright.hardware.parameters import HardwareParameters

# From a place's end (its last word is read, or has left) to the first cycle in which another position can be issued
FREE_CYCLES = 2
# From the last word's leaving to the first cycle in which the buffer counts as empty
EMPTY_CYCLES = 3


class OutputTiming:
    """What both buffers lead to: a register of two words, the word before the output, the beats of the stream.

    The outside takes a beat a cycle. ``cores/accelerator/rtl/result_stream.v``.

    Args:
        hardware: its sizes.
    """

    def __init__(self, hardware: HardwareParameters) -> None:
        self._transfers = STREAM_WORD_BEATS * 64 // hardware.stream_w  # cycles of a word on the stream
        self._entered = NEVER  # when the last word entered the register,
        self._moved = (NEVER, NEVER)  # when the last two left it,
        self._left = NEVER  # and when the last one went to the output

    def send(self, visible: int) -> int:
        """Sends the next word, which waits at its buffer from a cycle on; returns the one in which it leaves it."""
        self._entered = max(visible, self._entered + 1, self._moved[0] + 1)
        moved = max(self._entered + 1, self._moved[1] + 1, self._left)
        self._left = max(moved + 1, self._left + self._transfers)
        self._moved = (self._moved[1], moved)
        return self._entered

    def end(self, request: int) -> int:
        """Cycle in which the last of the trailer's two words has left whole, if it is asked for in a cycle."""
        start = max(request, self._moved[1] + 1, self._left)
        first = max(start + 1, self._left + self._transfers)
        # The second word needs the CRC-32 of the first.
        second = first + self._transfers + 2
        return second + 2 * self._transfers - 1


class SumsTiming:
    """The buffer of raw sums: a place for each position issued, given back when its last word is read.

    Args:
        hardware: its sizes.
        output: where the words go.
    """

    def __init__(self, hardware: HardwareParameters, output: OutputTiming) -> None:
        self._output = output
        self._issue_cycles = hardware.sum_cycles + 1
        self._words = hardware.n // 4
        self._way = hardware.sram_latency + 2
        self._taken = deque(
            [NEVER] * hardware.result_places, hardware.result_places
        )  # last words of the last positions
        ahead = hardware.sram_latency + READ_AHEAD + 1
        self._left = deque([NEVER] * ahead, ahead)  # of the last words

    @property
    def empty_at(self) -> int:
        """Cycle from which the buffer counts as empty."""
        return self._left[-1] + EMPTY_CYCLES

    def issue(self, first: int, count: int, blocked: int) -> tuple[int, int]:
        """Issues positions, one a cycle or as space allows.

        Args:
            first: none is issued before.
            count: so many.
            blocked: no word leaves before this cycle: what a READ brings goes first.

        Returns:
            Cycles in which the first and the last are issued.
        """
        start = cycle = max(first, self._taken[0] + FREE_CYCLES)
        for index in range(count):
            if index:
                cycle = max(cycle + 1, self._taken[0] + FREE_CYCLES)
            taken = max(cycle + self._issue_cycles, self._taken[-1] + 1, self._left[0] + PLACE_CYCLES)
            self._left.append(self._output.send(max(taken + self._way, blocked)))
            for _ in range(self._words - 1):
                taken = max(taken + 1, self._left[0] + PLACE_CYCLES)
                self._left.append(self._output.send(max(taken + self._way, blocked)))
            self._taken.append(taken)
        return start, cycle


class WordsTiming:
    """The buffer of what READs bring: a place for each 128 bits, or for a word of more, given back when it has left.

    Args:
        hardware: its sizes.
        output: where the words go.
    """

    def __init__(self, hardware: HardwareParameters, output: OutputTiming) -> None:
        self._output = output
        self._words, self._parts = hardware.array.alignment, max(1, hardware.n // 32)
        # From the issue of the last word of a place to where it waits
        self._way = hardware.sram_latency + 3 + (self._parts > 1)
        places = hardware.read_places
        self._left = deque([NEVER] * places, places)  # the last of the last places
        self._filled = 0  # words of the place that is being filled

    @property
    def empty_at(self) -> int:
        """Cycle from which the buffer counts as empty."""
        return self._left[-1] + EMPTY_CYCLES

    def issue(self, first: int, count: int, last: bool) -> int:
        """Issues positions of a READ, one a cycle or as space allows.

        Args:
            first: none is issued before.
            count: so many.
            last: whether the READ ends with them.

        Returns:
            Cycle in which the last is issued.
        """
        cycle = first - 1
        for index in range(count):
            cycle += 1
            if self._filled == 0:
                cycle = max(cycle, self._left[0] + FREE_CYCLES)
            self._filled += 1
            if self._filled == self._words or (last and index + 1 == count):
                left = cycle + self._way - 1
                for _ in range(self._parts):
                    left = self._output.send(max(cycle + self._way, left + 1))
                self._left.append(left)
                self._filled = 0
        return cycle
