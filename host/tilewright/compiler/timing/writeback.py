"""When codes are written to the activation memory, which commands, passes and LOADs wait for (cores/postproc)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.compiler.timing.fifo import NEVER, Cycles
from tilewright.hardware.commands import Conv
from tilewright.hardware.parameters import HardwareParameters


@dataclass(frozen=True)
class _Window:
    """Cycles in which an output tile's words are written: first, first + pitch, .. and below stop."""

    first: int
    stop: int
    pitch: int


class WriteBackTiming:
    """Follows the CONV commands that write codes; holds two: one whose words come, and the next.

    Args:
        hardware: its sizes.
        tiles: output tiles of the program.

    Attributes:
        free: from this cycle on the next CONV command is taken.
        end: cycle in which the last command's last word, of those known, has come.
    """

    def __init__(self, hardware: HardwareParameters, tiles: int) -> None:
        self._delay = hardware.tile_cycles
        self._group_beats = hardware.group_beats
        self._windows: list[_Window] = []
        self._done = np.zeros(tiles, np.int64)
        self.tiles = 0
        self.free = 0
        self.end = NEVER

    def accept(self, cycle: int) -> None:
        """Takes a CONV command's descriptor; it moves on once the one before has ended."""
        self.free = max(cycle + 1, self.end) + 1

    def write_tile(self, conv: Conv, first: int) -> int:
        """An output tile's last pass starts.

        Args:
            conv: the command.
            first: cycle in which the pass's first position is issued.

        Returns:
            Cycle from which the tile counts as written.
        """
        done = first + conv.positions - 1 + self._delay
        self._done[self.tiles] = done
        self.tiles += 1
        pitch = 4 if conv.pool else 1
        # The last member of a window brings its word.
        self._windows.append(_Window(first + pitch - 1 + self._delay, done + 1, pitch))
        self.end = done - 1
        return done

    def done_at(self, tiles: int) -> int:
        """Cycle from which so many tiles count as written."""
        return int(self._done[tiles - 1]) if tiles else NEVER

    def done_times(self, tiles: npt.NDArray[np.int64]) -> Cycles:
        """:meth:`done_at` of positive numbers, int64 of the same shape."""
        times: Cycles = self._done[tiles - 1]
        return times

    def load_times(self, first: int, groups: int) -> Cycles | None:
        """Cycles in which a LOAD command's groups are written: each as soon as it is there and no code is written.

        Args:
            first: its first beat of data can be taken.
            groups: words that one cycle writes.

        Returns:
            int64 (groups,), or None where nothing else is written meanwhile.
        """
        first += self._group_beats
        busy = self._busy(first, groups * self._group_beats)
        if busy is None:
            return None
        if self._group_beats == 1:
            return np.flatnonzero(~busy)[:groups] + first
        # A group's first beat is taken once no more than one group before it is not written.
        written, free = [], (~busy).tolist()
        taken, before, last = first - 1 - self._group_beats, NEVER, NEVER
        for _ in range(groups):
            taken = (taken if taken > before else before) + self._group_beats
            at = (taken if taken > last else last) + 1
            while not free[at - first]:
                at += 1
            written.append(at)
            before, last = last, at
        return np.array(written, np.int64)

    def _busy(self, first: int, cycles: int) -> npt.NDArray[np.bool_] | None:
        """Whether codes are written in each cycle from ``first`` on, until so many are left free; None: never."""
        later = []
        for window in reversed(self._windows):
            if window.stop <= first:
                break
            later.append(window)
        length = cycles
        for window in reversed(later):
            if window.first < first + length:
                # A code can keep more than one cycle from being used where a group takes two.
                length += self._group_beats * -(-(window.stop - max(window.first, first)) // window.pitch)
        busy = np.zeros(length, bool)
        for window in later:
            start = window.first + max(0, -(-(first - window.first) // window.pitch)) * window.pitch
            busy[max(0, start - first) : max(0, window.stop - first) : window.pitch] = True
        return busy if busy.any() else None
