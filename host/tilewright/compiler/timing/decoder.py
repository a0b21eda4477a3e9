"""The decoder's side of a program's timing: which beat of the stream is taken when (cores/controller/rtl/decoder.v)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.compiler.stream import ConvItem, Item, LoadItem, ThresholdsItem, WeightsItem
from tilewright.compiler.timing.fifo import NEVER, FifoTiming
from tilewright.compiler.timing.sequencer import SequencerTiming
from tilewright.compiler.timing.supply import BeatSupply
from tilewright.compiler.timing.thresholds import ThresholdTiming
from tilewright.compiler.timing.weights import WeightTiming
from tilewright.hardware.commands import LEAD_BEATS
from tilewright.hardware.parameters import HardwareParameters
from tilewright.hardware.program_format import BEGIN, END

# Header and payload
BEGIN_BEATS = 1 + BEGIN.beats
END_BEATS = 1 + END.beats


@dataclass(frozen=True)
class LoadTiming:
    """Cycles in which a LOAD command shows in the accelerator's state: from its address beat to its last, one late."""

    first: int
    last: int


class DecoderTiming:
    """Takes beats as far as what they wait for is known: space in the FIFOs, descriptors taken, activations read.

    Args:
        hardware: its sizes.
        items: the program between BEGIN and END.
        supply: its beats.
        weights, thresholds: the weight store and the FIFO that it fills.
        sets: that the threshold FIFO goes to.
        described: it writes here when each CONV command's descriptor is there for the sequencer.

    Attributes:
        loads: LOAD commands taken so far.
        end: cycle of the last beat, None as long as it is not taken.
    """

    def __init__(
        self,
        hardware: HardwareParameters,
        items: Sequence[Item],
        supply: BeatSupply,
        weights: WeightTiming,
        thresholds: FifoTiming,
        sets: ThresholdTiming,
        described: list[int],
    ) -> None:
        self._group_beats = hardware.group_beats
        self._items = items
        self._supply = supply
        self._weights = weights
        self._thresholds = thresholds
        self._sets = sets
        self._described = described
        self._next = 0  # first cycle in which a header can be taken
        self._written = NEVER  # when the last word of the last LOAD command is written
        self.loads: list[LoadTiming] = []
        self.end: int | None = None

    def run(self, sequencer: SequencerTiming) -> Iterator[None]:
        """Goes on until something is not known that the sequencer's progress will tell, again and again.

        Args:
            sequencer: which goes as far as it can after each step.
        """
        self._next = int(self._supply.take(0, BEGIN_BEATS)[-1]) + 1
        for item in self._items:
            first = self._supply.take_one(self._next) + 1
            if isinstance(item, WeightsItem):
                yield from self._take_weights(first, item)
            elif isinstance(item, ThresholdsItem):
                yield from self._take_thresholds(first, item)
            elif isinstance(item, LoadItem):
                yield from self._take_load(first, item, sequencer)
            else:
                yield from self._take_descriptor(first, item, sequencer)
        self.end = int(self._supply.take(self._next, END_BEATS)[-1])

    def _take_weights(self, first: int, item: WeightsItem) -> Iterator[None]:
        each = self._group_beats
        left = (item.beats - LEAD_BEATS) // each
        first = max(self._supply.take_one(first), self._written) + 1
        while left:
            count = min(left, self._weights.pushable)
            if count == 0:
                yield
                continue
            space, lower = self._weights.space_times(count), None
            if space[-1] > first:
                lower = np.full(count * each, NEVER, np.int64)
                lower[::each] = space
            taken = self._supply.take(first, count * each, lower)
            self._weights.push(taken[each - 1 :: each] + 1)
            first = int(taken[-1]) + 1
            left -= count
        self._next = first

    def _take_thresholds(self, first: int, item: ThresholdsItem) -> Iterator[None]:
        left = item.beats - LEAD_BEATS
        first = self._supply.take_one(first) + 1
        while left:
            while (count := min(left, self._thresholds.pushable)) == 0:
                if not self._sets.load():
                    yield
            taken = self._supply.take(first, count, self._thresholds.space_times(count))
            self._thresholds.push(taken + 1)
            first = int(taken[-1]) + 1
            left -= count
        self._next = first

    def _take_descriptor(self, first: int, item: ConvItem, sequencer: SequencerTiming) -> Iterator[None]:
        """The descriptor is taken once the one before has gone to the sequencer, and checked in the cycle after."""
        first = max(first, self._written + 1)
        before = len(self._described) - 1
        if before >= 0:
            while (accepted := sequencer.accepted_at(before)) is None:
                yield
            first = max(first, accepted + 1)
        self._next = int(self._supply.take(first, item.beats)[-1]) + 1
        self._described.append(self._next + 1)

    def _take_load(self, first: int, item: LoadItem, sequencer: SequencerTiming) -> Iterator[None]:
        """The data wait for the CONV commands before, then group by group for cycles in which no code is written."""
        address = self._supply.take_one(first)
        yield  # all codes written meanwhile are known when the sequencer has gone as far as it can without this command
        while (issued := sequencer.issued_at(item.after)) is None:
            yield
        first, beats, each = max(address + 1, issued) + 2, item.beats - 1, self._group_beats
        written = sequencer.writeback.load_times(first, beats // each)
        lower = None
        if written is not None:
            # One group waits beside the one that is written next.
            lower = np.full(beats, NEVER, np.int64)
            lower[2 * each :: each] = written[:-2] + 1
        taken = self._supply.take(first, beats, lower)
        self._next = int(taken[-1]) + 1
        self._written = self._next if written is None else max(int(written[-1]), self._next)
        self.loads.append(LoadTiming(address + 1, self._next))
