"""When codes are written to the activation memory, which commands, passes and LOADs wait for (cores/postproc)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    def writer(self, first: int) -> Callable[[int], int] | None:
        """What gives the first cycle, from one on, in which a word of an image is written: in it no code is.

        Args:
            first: it is asked for none before this one; later ones in order.

        Returns:
            None where nothing else is written from there on.
        """
        windows = [window for window in self._windows if window.stop > first]

        def write(cycle: int) -> int:
            while windows and windows[0].stop <= cycle:
                del windows[0]
            return _next_free(windows, cycle)

        return write if windows else None


def _next_free(windows: Sequence[_Window], cycle: int) -> int:
    """The first cycle, from this one on, in which no code is written."""
    while any(window.first <= cycle < window.stop and (cycle - window.first) % window.pitch == 0 for window in windows):
        cycle += 1
    return cycle
