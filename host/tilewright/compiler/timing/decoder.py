"""The decoder's side of a program's timing: which word of the stream is taken when (cores/controller/rtl/decoder.v)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.compiler.stream import ConvItem, ImageItem, Item, ThresholdsItem, WeightsItem
from tilewright.compiler.timing.fifo import NEVER, Cycles, ThresholdFifoTiming
from tilewright.compiler.timing.image import ImageTiming
from tilewright.compiler.timing.sequencer import SequencerTiming
from tilewright.compiler.timing.supply import WordSupply
from tilewright.compiler.timing.thresholds import ThresholdTiming
from tilewright.compiler.timing.weights import WeightTiming
from tilewright.hardware.beats import STREAM_WORD_BEATS
from tilewright.hardware.commands import LEAD_BEATS
from tilewright.hardware.parameters import HardwareParameters
from tilewright.hardware.program_format import BEGIN, END, IMAGE


def words_of(beats: int) -> int:
    """Stream words of so many beats, an even number."""
    return beats // STREAM_WORD_BEATS


# Header and payload
BEGIN_WORDS = words_of(1 + BEGIN.beats)
END_WORDS = words_of(1 + END.beats)
# Behind the header's
FIELD_WORDS = words_of(1 + IMAGE.beats) - 1


@dataclass(frozen=True)
class LoadTiming:
    """Cycles in which an IMAGE command shows in the accelerator's state: from its header to its last word's writing."""

    first: int
    last: int


class DecoderTiming:
    """Takes words as far as what they wait for is known: space in the FIFOs, descriptors taken, activations read.

    Args:
        hardware: its sizes.
        items: the program between BEGIN and END.
        supply: its words.
        weights, thresholds: the weight store and the FIFO that it fills.
        sets: that the threshold FIFO goes to.
        described: it writes here when each CONV command's descriptor is there for the sequencer.

    Attributes:
        loads: IMAGE commands taken so far.
        end: cycle of the last word, None as long as it is not taken.
    """

    def __init__(
        self,
        hardware: HardwareParameters,
        items: Sequence[Item],
        supply: WordSupply,
        weights: WeightTiming,
        thresholds: ThresholdFifoTiming,
        sets: ThresholdTiming,
        described: list[int],
    ) -> None:
        self._array = hardware.array
        self._group_beats = hardware.group_beats
        self._items = items
        self._supply = supply
        self._weights = weights
        self._thresholds = thresholds
        self._sets = sets
        self._described = described
        self._next = 0  # first cycle in which a header can be taken
        self.loads: list[LoadTiming] = []
        self.end: int | None = None

    def run(self, sequencer: SequencerTiming) -> Iterator[None]:
        """Goes on until something is not known that the sequencer's progress will tell, again and again.

        Args:
            sequencer: which goes as far as it can after each step.
        """
        self._next = int(self._supply.take(0, BEGIN_WORDS)[-1]) + 1
        for item in self._items:
            header = self._supply.take_one(self._next)
            if isinstance(item, WeightsItem):
                yield from self._take_weights(header, item)
            elif isinstance(item, ThresholdsItem):
                yield from self._take_thresholds(header, item)
            elif isinstance(item, ImageItem):
                yield from self._take_image(header, item, sequencer)
            else:
                yield from self._take_descriptor(header, item, sequencer)
        self.end = int(self._supply.take(self._next, END_WORDS)[-1])

    def _take_weights(self, header: int, item: WeightsItem) -> Iterator[None]:
        each = self._group_beats
        left = (item.beats - LEAD_BEATS) // each
        first = header + 1
        while left:
            count = min(left, self._weights.pushable)
            if count == 0:
                yield
                continue
            words, lower = words_of(count * each), None
            space = self._weights.space_times(count)
            if space[-1] > first:
                # A word of two groups waits for its first group's place, which is a tile's as the second's is.
                lower = np.full(words, NEVER, np.int64)
                if each == 1:
                    lower[:] = space[::2]
                else:
                    lower[:: words_of(each)] = space
            taken = self._supply.take(first, words, lower)
            self._weights.push(self._pushed(taken))
            first = int(taken[-1]) + 1
            left -= count
        self._next = first

    def _pushed(self, taken: Cycles) -> Cycles:
        """When the groups are pushed of words taken then: a word's halves one by one, or words, or pairs of words."""
        if self._group_beats == 1:
            pushed: Cycles = np.repeat(taken, 2) + np.tile(np.array([1, 2], np.int64), len(taken))
            return pushed
        each = words_of(self._group_beats)
        pushed = taken[each - 1 :: each] + 1
        return pushed

    def _take_thresholds(self, header: int, item: ThresholdsItem) -> Iterator[None]:
        left = words_of(item.beats - LEAD_BEATS)
        first = header + 1
        while left:
            while (count := min(left, self._thresholds.pushable)) == 0:
                if not self._sets.load():
                    yield
            taken = self._supply.take(first, count, self._thresholds.space_times(count))
            self._thresholds.take(taken)
            first = int(taken[-1]) + 1
            left -= count
        self._next = first

    def _take_descriptor(self, header: int, item: ConvItem, sequencer: SequencerTiming) -> Iterator[None]:
        """The descriptor is taken once the one before has gone to the sequencer, and checked in the cycle after."""
        first = header + 1
        before = len(self._described) - 1
        if before >= 0:
            while (accepted := sequencer.accepted_at(before)) is None:
                yield
            first = max(first, accepted + 1)
        self._next = int(self._supply.take(first, words_of(1 + item.beats) - 1)[-1]) + 1
        self._described.append(self._next + 1)

    def _take_image(self, header: int, item: ImageItem, sequencer: SequencerTiming) -> Iterator[None]:
        """All commands behind it wait until its last word is written."""
        yield  # all codes written meanwhile are known when the sequencer has gone as far as it can without this command
        while (issued := sequencer.issued_at(item.command.after)) is None:
            yield
        fields = int(self._supply.take(header + 1, FIELD_WORDS)[-1])
        timing = ImageTiming(item.command, self._array, sequencer.writeback.writer(fields))
        _, self._next = timing.run(fields, issued, self._supply.take)
        self.loads.append(LoadTiming(header + 2, self._next))
