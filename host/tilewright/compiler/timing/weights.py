"""When weights are pushed and read, tile by tile (cores/controller/rtl/weight_store.v)."""

from __future__ import annotations

import numpy as np

from tilewright.compiler.timing.fifo import NEVER, Cycles
from tilewright.hardware.parameters import HardwareParameters

# From a tile's first reading to the cycle in which the decoder can use its places again
FREE_CYCLES = 2


class WeightTiming:
    """Groups pushed by the decoder, read a tile at a time once the swap of the tile before has been decided on.

    Args:
        hardware: its sizes.
        groups: of the program.

    Attributes:
        pushes: groups whose time is known.
        passes: that have begun.
    """

    def __init__(self, hardware: HardwareParameters, groups: int) -> None:
        self._groups = hardware.weight_groups
        self._depth = hardware.wgt_depth
        tiles = groups // self._groups
        self._whole = np.zeros(tiles, np.int64)  # when a tile's last group was pushed
        self._swapped = np.full(tiles + 1, NEVER, np.int64)  # when the pass before a tile's own began
        self._free = np.full(self._depth + groups, NEVER, np.int64)  # when there was space for a group
        self._read = 0  # tiles whose reading is known
        self.pushes = 0
        self.passes = 0

    @property
    def tiles(self) -> int:
        """Whole tiles whose pass has not begun."""
        return self.pushes // self._groups - self.passes

    @property
    def last_pass(self) -> int:
        """When the last pass began."""
        return int(self._swapped[self.passes])

    @property
    def pushable(self) -> int:
        """Groups whose earliest time to be pushed is known."""
        return self._depth + self._read * self._groups - self.pushes

    def space_times(self, count: int) -> Cycles:
        """First cycles in which there is space for each of the next ``count`` groups; at most :attr:`pushable`."""
        return self._free[self.pushes : self.pushes + count]

    def push(self, times: Cycles) -> None:
        """Notes when the next groups are pushed; ascending."""
        each = self._groups
        whole = times[each - 1 - self.pushes % each :: each]
        first = self.pushes // each
        self._whole[first : first + len(whole)] = whole
        self.pushes += len(times)
        self._note_reading()

    def loaded_times(self, count: int) -> Cycles:
        """First cycles in which the next passes can begin if none waits for the one before."""
        return self._whole[self.passes : self.passes + count] + self._groups

    def begin(self, starts: Cycles) -> None:
        """The next passes begin in these cycles."""
        self._swapped[self.passes + 1 : self.passes + 1 + len(starts)] = starts
        self.passes += len(starts)
        self._note_reading()

    def _note_reading(self) -> None:
        """A tile is read once it is whole and the pass of the one before has begun."""
        known = min(self.pushes // self._groups, self.passes + 1)
        if known > self._read:
            tiles = slice(self._read, known)
            reading = np.maximum(self._whole[tiles], self._swapped[tiles]) + 1
            first = self._depth + self._read * self._groups
            free = np.repeat(reading + FREE_CYCLES, self._groups)
            self._free[first : first + len(free)] = free
            self._read = known
