"""Compiles a network for an array and a batch: one program that takes images in and returns the last accumulators."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.image import Images
from tilewright.compiler.lanes import WIDTHS, lanes_of
from tilewright.compiler.planner import Placement, placements, step_cycles
from tilewright.compiler.stages import Stage, stages_of
from tilewright.compiler.stream import ConvItem, ImageItem, Item, WeightsItem, order_items
from tilewright.compiler.thresholds import IMAGE_OFFSET
from tilewright.compiler.timing import time_program
from tilewright.errors import CompileError
from tilewright.hardware.commands import Begin, Body, Mode, Thresholds, Weights
from tilewright.hardware.parameters import ArrayParameters, HardwareParameters
from tilewright.hardware.program import Frame, FramedProgram, content_id, encode_frame
from tilewright.hardware.program_format import BEGIN, END, HEADER
from tilewright.hardware.results import CodeMap, OutputMap, ResultMap
from tilewright.network.inference import check_images
from tilewright.network.network import Network

# Of the cycles without, that several images in a word must take at most to be taken
WORTH = 0.97
# Ways to divide a batch, and passes of all of them, that the compiler times to choose the fastest
TIMED_CHOICES, TIMED_PASSES = 16, 20_000


@dataclass(frozen=True)
class Returned:
    """Where a part of the results belongs.

    Attributes:
        stage: whose output it is.
        images: of the batch.
        channels: of the output.
        rows, columns: of the output.
        codes: whether it is a map of codes that was read back; else it holds accumulators.
        lanes: images side by side in its words.
    """

    stage: int
    images: range
    channels: range
    rows: range
    columns: range
    codes: bool
    lanes: int = 1


@dataclass(frozen=True)
class CompiledNetwork:
    """A network ready to take batches of one size.

    Attributes:
        network: the network.
        array: parameters that it was compiled for.
        batch: images a program.
        stages: its layers on the array.
        placement: schedule and addresses.
        items: the program's parts in order.
        returned: where each part of the results belongs.
    """

    network: Network
    array: ArrayParameters
    batch: int
    stages: tuple[Stage, ...] = field(repr=False)
    placement: Placement = field(repr=False)
    items: tuple[Item, ...] = field(repr=False)
    returned: tuple[Returned, ...] = field(repr=False)

    def program(self, pixels: npt.NDArray[np.uint8]) -> FramedProgram:
        """The program for some images.

        Args:
            pixels: uint8 (batch, channels, h, w).

        Returns:
            The program, whose results :meth:`collect` takes.

        Raises:
            NetworkError: the images do not fit the network.
            ProgramError: the program has more commands than sequence numbers.
        """
        check_images(self.network, pixels)
        return FramedProgram(self.frame, self.images.data(pixels), self.array, self.program_id, self.outputs)

    @cached_property
    def images(self) -> Images:
        """Where the rows of its IMAGE commands are among those of a batch."""
        loads = [item.load for item in self.items if isinstance(item, ImageItem)]
        return Images.of(self.stages[0], self.network.image_codes, loads)

    @cached_property
    def frame(self) -> Frame:
        """What its programs share."""
        array = self.array
        begin = Begin(array.n, array.act_w, array.wgt_w, array.acc_w, self.program_id)
        return encode_frame([begin, *map(self._command, self.items)])

    @cached_property
    def outputs(self) -> tuple[ResultMap, ...]:
        """What a program returns, part by part."""
        maps: list[ResultMap] = []
        for part in self.returned:
            channels = len(part.channels) if part.lanes == 1 else self.array.n
            shape = (len(part.images) // part.lanes, channels, len(part.rows), len(part.columns))
            kind = CodeMap if part.codes else OutputMap
            maps.append(kind(self.stages[part.stage].name, shape))
        return tuple(maps)

    def collect(self, results: Sequence[npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        """Puts a program's results together.

        Args:
            results: what :meth:`tilewright.hardware.program.Program.unpack` returned.

        Returns:
            For the last layer, int32 accumulators (batch, oc, h, w) under its name; for layers that were read back,
            uint8 codes (batch, oc, h, w) after pooling.
        """
        maps: dict[str, npt.NDArray[Any]] = {}
        for part, values in zip(self.returned, results, strict=True):
            stage = self.stages[part.stage]
            if part.lanes > 1:
                split = values.reshape(len(part.images), stage.lane, *values.shape[2:])
                values = split[:, : stage.layer.out_channels]
            shape = (self.batch, stage.layer.out_channels, *stage.out_size)
            if values.shape == shape:
                maps[stage.name] = values
                continue
            whole = maps.setdefault(stage.name, np.zeros(shape, dtype=np.uint8 if part.codes else np.int32))
            where = (part.images, part.channels, part.rows, part.columns)
            whole[tuple(slice(axis.start, axis.stop, axis.step) for axis in where)] = values
        last = self.stages[-1]
        if last.folded and last.layer.weights is not None:
            # The array's sums are of codes + 128.
            offsets = last.layer.weights.reshape(last.layer.out_channels, -1).sum(axis=1, dtype=np.int32) * IMAGE_OFFSET
            maps[last.name] = maps[last.name] - offsets[None, :, None, None]
        return maps

    @cached_property
    def program_id(self) -> int:
        """Of all its programs: it tells descriptors, weights and thresholds apart."""
        return content_id(self._command(item) for item in self.items)

    @cached_property
    def beats(self) -> int:
        """Beats of a program."""
        return sum(HEADER.beats + beats for beats in (BEGIN.beats, *(item.beats for item in self.items), END.beats))

    @cached_property
    def least_cycles(self) -> int:
        """Cycles that a program takes at least: of its passes, or of its beats."""
        steps = self.placement.schedule.steps
        return max(sum(step_cycles(self.stages[step.stage], step) for step in steps), self.beats)

    def _command(self, item: Item) -> Body:
        """An item's command; IMAGE commands bring zeros."""
        if isinstance(item, ImageItem):
            return item.command
        if isinstance(item, ConvItem):
            return item.conv
        stage = self.stages[item.stage]
        if isinstance(item, WeightsItem):
            tiles = stage.packed_weights[item.oc_tiles.start : item.oc_tiles.stop]
            return Weights(np.concatenate([tile[slice(*item.part)] for tile in tiles]), last=item.last)
        return Thresholds(stage.threshold_tiles[item.oc_tile])


def compile_network(
    network: Network, array: ArrayParameters, batch: int = 1, read_back: Collection[str] = ()
) -> CompiledNetwork:
    """Compiles a network.

    Args:
        network: the network.
        array: parameters of the accelerator.
        batch: images a program.
        read_back: names of layers whose maps are read back.

    Returns:
        The network, ready for batches of images.

    Raises:
        CompileError: the network is beyond the array, or has no such layer; names the layer and the reason.
    """
    _check_read_back(network, read_back)
    stages, placement, items = _fastest_of_widths(network, array, batch, read_back)
    returned = [_returned(stages, placement, item, array.n) for item in items if isinstance(item, ConvItem)]
    parts = tuple(part for part in returned if part is not None)
    return CompiledNetwork(network, array, batch, stages, placement, tuple(items), parts)


def _fastest_of_widths(
    network: Network, array: ArrayParameters, batch: int, read_back: Collection[str]
) -> tuple[tuple[Stage, ...], Placement, list[Item]]:
    """The fastest with words that hold one image, or several where that pays."""
    stages = stages_of(network, array)
    found = _fastest(stages, batch, read_back)
    assert found is not None
    best = stages, *found
    for width in WIDTHS[1:]:
        if batch % width or max(lanes_of(network, array.n, width)) < width:
            continue
        stages = stages_of(network, array, width)
        found = _fastest(stages, batch, read_back)
        if found is not None and _step_cycles(stages, found[0]) < WORTH * _step_cycles(best[0], best[1]):
            best = stages, *found
    return best


def _step_cycles(stages: Sequence[Stage], placement: Placement) -> int:
    return sum(step_cycles(stages[step.stage], step) for step in placement.schedule.steps)


def _fastest(stages: Sequence[Stage], batch: int, read_back: Collection[str]) -> tuple[Placement, list[Item]] | None:
    """The fastest of the first divisions that fit, as many as can be timed at once; of large networks the first.

    None: with several images in a word nothing fits.
    """
    array = stages[0].array
    hardware = HardwareParameters(n=array.n, acc_w=array.acc_w, act_depth=array.act_depth, acc_depth=array.acc_depth)
    choices: list[tuple[Placement, list[Item]]] = []
    passes = 0
    for placement in placements(stages, batch):
        choices.append((placement, order_items(stages, placement, read_back)))
        passes += sum(item.conv.passes for item in choices[-1][1] if isinstance(item, ConvItem))
        if passes > TIMED_PASSES or len(choices) == TIMED_CHOICES:
            break
    if len(choices) < 2:
        return choices[0] if choices else None
    return min(choices, key=lambda choice: time_program(choice[1], hardware).cycles)


def _check_read_back(network: Network, read_back: Collection[str]) -> None:
    names = [layer.name for layer in network.layers]
    for name in read_back:
        if name not in names:
            raise CompileError(f"layer {name}: network {network.name} has none of this name, but {', '.join(names)}")


def _returned(stages: Sequence[Stage], placement: Placement, item: ConvItem, n: int) -> Returned | None:
    if item.conv.mode is Mode.CODES or item.conv.hold:
        return None
    step = placement.schedule.steps[item.step]
    stage = stages[step.stage]
    channels = range(item.oc_tiles.start * n, min(item.oc_tiles.stop * n, stage.layer.out_channels))
    rows, columns = step.rows, range(stage.out_size[1])
    if item.piece is not None and item.piece.position is not None:
        rows, columns = (range(place, place + 1) for place in item.piece.position)
    images = item.images if item.piece is None else item.images[item.piece.turn :: stage.turns]
    return Returned(step.stage, images, channels, rows, columns, item.conv.mode is Mode.READ, stage.lanes)
