"""The engine's side of a program's timing: passes, in the order in which the sequencer issues them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.compiler.timing.fifo import NEVER, Cycles, ascending
from tilewright.compiler.timing.results import OutputTiming, SumsTiming, WordsTiming
from tilewright.compiler.timing.thresholds import ThresholdTiming
from tilewright.compiler.timing.weights import WeightTiming
from tilewright.compiler.timing.writeback import WriteBackTiming
from tilewright.hardware.commands import Conv, Mode
from tilewright.hardware.parameters import HardwareParameters

# From a descriptor taken to the first position of its first pass
START_CYCLES = 4
# From the cycle in which activations count as written, or a threshold set is ready, or no raw result is left, to the
# first position of the pass that waits for it
WRITTEN_CYCLES, READY_CYCLES = 3, 2
# From one pass of a READ to the next
READ_CYCLES = 4
# From a CONV command's last position to the cycle from which it counts as issued
ISSUED_CYCLES = 2


@dataclass
class ConvTiming:
    """What a CONV command does, and when.

    Attributes:
        accepted: its descriptor is taken.
        last_issue: its last position is issued.
        stall_weights, stall_activations, stall_thresholds, stall_output: cycles in which its next position waits.
    """

    accepted: int
    last_issue: int = NEVER
    stall_weights: int = 0
    stall_activations: int = 0
    stall_thresholds: int = 0
    stall_output: int = 0


@dataclass
class _Work:
    """The CONV command that is being issued.

    Attributes:
        conv: it.
        timing: what is known of it.
        free: first cycle in which its next position can go.
        tiles: output tiles done.
        passes: done of the present one.
    """

    conv: Conv
    timing: ConvTiming
    free: int
    tiles: int = 0
    passes: int = 0

    @property
    def taps(self) -> int:
        return self.conv.kernel_h * self.conv.kernel_w

    @property
    def passes_left(self) -> int:
        """Of the present output tile."""
        return self.conv.ic_tiles * self.taps - self.passes


@dataclass(frozen=True)
class _Dependencies:
    """Passes among some that wait for activations: their indices, and the cycles from which they can begin."""

    passes: Cycles
    written: Cycles

    def delay(self, times: Cycles) -> int:
        """Brings the passes' times, in place, up to when the activations are written; returns what that adds."""
        waits = np.maximum(self.written - times[self.passes], 0)
        times[self.passes] += waits
        return int(waits.sum())


_NO_DEPENDENCIES = _Dependencies(np.zeros(0, np.int64), np.zeros(0, np.int64))


class SequencerTiming:
    """Issues passes as far as what they wait for is known: descriptors, weights, thresholds.

    Args:
        hardware: its sizes.
        convs: the program's CONV commands in order, READs included.
        weights: the weight store.
        thresholds: the threshold sets.
        described: by the decoder: when each CONV command's descriptor is there for the sequencer; it grows.

    Attributes:
        timings: of the CONV commands taken so far.
        writeback: where their codes go.
        output: where their results leave.
    """

    def __init__(
        self,
        hardware: HardwareParameters,
        convs: Sequence[Conv],
        weights: WeightTiming,
        thresholds: ThresholdTiming,
        described: Sequence[int],
    ) -> None:
        self._hardware = hardware
        self._convs = convs
        self._weights = weights
        self._thresholds = thresholds
        self._described = described
        self.output = OutputTiming(hardware)
        self._sums, self._words = SumsTiming(hardware, self.output), WordsTiming(hardware, self.output)
        self._work: _Work | None = None
        self.timings: list[ConvTiming] = []
        self.writeback = WriteBackTiming(hardware, sum(c.oc_tiles for c in convs if c.mode is Mode.CODES))

    # ---- what others wait for

    def issued_at(self, convs: int) -> int | None:
        """Cycle from which so many CONV commands count as issued, None as long as that is not known."""
        if convs == 0:
            return NEVER
        known = len(self.timings) - (self._work is not None)
        return None if convs > known else self.timings[convs - 1].last_issue + ISSUED_CYCLES

    def accepted_at(self, conv: int) -> int | None:
        """Cycle in which a CONV command's descriptor is taken, None as long as that is not known."""
        return self.timings[conv].accepted if conv < len(self.timings) else None

    @property
    def finished(self) -> bool:
        """Whether every CONV command is issued."""
        return self._work is None and len(self.timings) == len(self._convs)

    def closed_at(self, conv: int) -> int:
        """Cycle from which an issued CONV command's last result is out of the array."""
        drain = 2 if self._convs[conv].mode is Mode.READ else self._hardware.sum_cycles + 1
        return self.timings[conv].last_issue + drain

    @property
    def idle_at(self) -> int:
        """Cycle from which the engine is empty, once :attr:`finished`."""
        last = self.closed_at(-1) if self._convs else 0
        return max(last, self.writeback.end + 2, self._words.empty_at, self._sums.empty_at)

    # ---- progress

    def advance(self) -> bool:
        """Goes on until something is not known; says whether anything was done."""
        moved = False
        while True:
            work = self._work or self._accept()
            if work is None or not (self._read(work) if work.conv.mode is Mode.READ else self._issue_passes(work)):
                return moved
            moved = True

    def _accept(self) -> _Work | None:
        index = len(self.timings)
        if index == len(self._described):
            return None
        conv = self._convs[index]
        issued = self.timings[-1].last_issue + 1 if self.timings else 0
        accepted = max(self._described[index], issued, self.writeback.free)
        if conv.mode is Mode.CODES:
            self.writeback.accept(accepted)
        self.timings.append(ConvTiming(accepted))
        self._work = _Work(conv, self.timings[-1], accepted + START_CYCLES)
        return self._work

    def _close(self, work: _Work) -> None:
        work.timing.last_issue = work.free - 1
        self._work = None

    def _read(self, work: _Work) -> bool:
        """Issues a READ command, whole."""
        conv = work.conv
        earliest = work.free
        for tile in range(conv.ic_tiles):
            written = self.writeback.done_at(conv.after + tile * conv.step) + WRITTEN_CYCLES
            ready = max(work.free, earliest, written, self._sums.empty_at + READY_CYCLES)
            work.timing.stall_activations += ready - work.free
            earliest = ready + READ_CYCLES
            work.free = self._words.issue(ready, conv.positions, last=tile == conv.ic_tiles - 1) + 1
            work.timing.stall_output += work.free - ready - conv.positions
        self._close(work)
        return True

    def _issue_passes(self, work: _Work) -> bool:
        """Issues as many passes of the present output tile as are known to have their weights and thresholds."""
        conv = work.conv
        count = min(work.passes_left, self._weights.tiles)
        set_ready = NEVER
        if count == work.passes_left and conv.mode is Mode.CODES:
            ready = self._thresholds.ready_at(self.writeback.tiles)
            count, set_ready = (count - 1, NEVER) if ready is None else (count, ready + READY_CYCLES)
        if count == 0:
            return False
        starts = self._start_passes(work, count, set_ready)
        work.free = int(starts[-1]) + conv.positions
        work.passes += count
        if work.passes_left == 0:
            starts[-1] = self._end_tile(work, int(starts[-1]))
        self._weights.begin(starts)
        return True

    def _end_tile(self, work: _Work, first: int) -> int:
        """An output tile's last pass can start in this cycle; returns the one in which its first position is issued."""
        conv = work.conv
        if conv.mode is Mode.CODES:
            self._thresholds.free(self.writeback.write_tile(conv, first))
        elif not conv.hold:
            first, last = self._sums.issue(first, conv.positions, blocked=self._words.empty_at)
            work.timing.stall_output += last + 1 - work.free
            work.free = last + 1
        work.tiles, work.passes = work.tiles + 1, 0
        if work.tiles == conv.oc_tiles:
            self._close(work)
        return first

    def _start_passes(self, work: _Work, count: int, set_ready: int) -> Cycles:
        """First cycles of the next passes, int64 (count,); counts their stalls.

        Args:
            work: the CONV command.
            count: passes.
            set_ready: when the thresholds are there for the last of them, if it is an output tile's last.
        """
        groups = self._hardware.weight_groups
        # A tile of weights is loaded while the one before is in use.
        floor = max(work.free, self._weights.last_pass + groups)
        needs = self._dependencies(work, count, floor)
        loaded = self._weights.loaded_times(count)
        lower = loaded.copy()
        lower[0] = max(lower[0], floor)
        needs.delay(lower)
        lower[-1] = max(lower[-1], set_ready)
        starts = ascending(lower, max(work.conv.positions, groups))
        free = np.concatenate(([work.free], starts[:-1] + work.conv.positions))
        full = np.concatenate(([self._weights.last_pass], starts[:-1])) + groups
        ready = np.maximum(free, np.maximum(full, loaded))
        work.timing.stall_weights += int((ready - free).sum())
        work.timing.stall_activations += needs.delay(ready)
        work.timing.stall_thresholds += max(0, set_ready - int(ready[-1]))
        return starts

    def _dependencies(self, work: _Work, count: int, floor: int) -> _Dependencies:
        """What the next ``count`` passes wait for that is written after ``floor``."""
        conv, taps = work.conv, work.taps
        first, last = -(-work.passes // taps), (work.passes + count - 1) // taps
        if last < first or self.writeback.done_at(conv.after + last * conv.step) + WRITTEN_CYCLES <= floor:
            return _NO_DEPENDENCIES
        tiles = np.arange(first, last + 1)
        needed = conv.after + tiles * int(conv.step)
        waits = needed > 0
        return _Dependencies(
            (tiles * taps - work.passes)[waits], self.writeback.done_times(needed[waits]) + WRITTEN_CYCLES
        )
