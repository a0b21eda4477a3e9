"""When the thresholds of each output tile are in the columns (cores/postproc/rtl/threshold_loader.v)."""

from __future__ import annotations

import numpy as np

from tilewright.compiler.thresholds import BEATS_A_CHANNEL
from tilewright.compiler.timing.fifo import NEVER, Cycles, ThresholdFifoTiming, ascending
from tilewright.hardware.parameters import HardwareParameters


class ThresholdTiming:
    """Loads sets from their FIFO, a beat a cycle, while the columns have room for one.

    Args:
        hardware: its sizes.
        fifo: that the decoder fills.
    """

    def __init__(self, hardware: HardwareParameters, fifo: ThresholdFifoTiming) -> None:
        self._sets = hardware.thr_sets
        self._beats = BEATS_A_CHANNEL * hardware.n
        self._fifo = fifo
        self._loaded = 0  # beats of the set that is being loaded
        self._next = NEVER  # first cycle in which its next beat can be taken
        self._ready: list[int] = []
        self._freed: list[int] = []

    def free(self, cycle: int) -> None:
        """The oldest set in use is not needed from this cycle on."""
        self._freed.append(cycle)

    def ready_at(self, index: int) -> int | None:
        """When an output tile's set can be used, None as long as that is not known."""
        while len(self._ready) <= index and self.load():
            pass
        return self._ready[index] if index < len(self._ready) else None

    def load(self) -> bool:
        """Takes beats of the next set as far as it is known when; says whether there were any."""
        count = min(self._beats - self._loaded, self._fifo.held)
        waits = len(self._ready) - self._sets
        if count == 0 or waits >= len(self._freed):
            return False
        start = max(self._next, self._freed[waits]) if waits >= 0 and self._loaded == 0 else self._next
        offsets = start + np.arange(count)

        def consume(visible: Cycles) -> Cycles:
            return ascending(np.maximum(offsets, visible))

        self._next = int(self._fifo.pop(count, consume)[-1]) + 1
        self._loaded += count
        if self._loaded == self._beats:
            self._loaded = 0
            self._ready.append(self._next + 1)
        return True
