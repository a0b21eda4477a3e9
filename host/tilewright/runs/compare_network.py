"""Complete comparison of a network's maps with PyTorch's, layer by layer, and where the first difference lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.network import CompiledNetwork
from tilewright.compiler.stream import ConvItem
from tilewright.errors import ResultError
from tilewright.network.comparison import LISTED, Counts, listing


@dataclass(frozen=True)
class MapMismatch:
    """One wrong integer of a layer's map, and the part of the array and of the program that made it.

    Attributes:
        layer: the layer.
        image, channel, row, column: where it lies; the image's index counts all images of the run.
        expected, got: the two integers.
        oc_tile, array_column: output tile, and column of the array within it.
        ic_tiles, taps: input tiles and kernel taps (height, width) that the command summed.
        pooled: whether the code is the largest of a 2x2 window.
        command: sequence number of the CONV command that wrote it.
        first_command: of the first command that added to its sum; the same where one made it all.
        images: images of the run that the command worked on, from and to.
        rows: output rows that it made, from and to.
    """

    layer: str
    image: int
    channel: int
    row: int
    column: int
    expected: int
    got: int
    oc_tile: int
    array_column: int
    ic_tiles: int
    taps: tuple[int, int]
    pooled: bool
    command: int
    images: tuple[int, int]
    rows: tuple[int, int]
    first_command: int

    def __str__(self) -> str:
        commands = f"command {self.command}"
        if self.first_command < self.command:
            commands = f"the last of commands {self.first_command} to {self.command}, which summed it"
        pooled = ", largest of a 2x2 window" if self.pooled else ""
        return (
            f"{self.layer}, image {self.image}, channel {self.channel}, row {self.row}, column {self.column}: "
            f"expected {self.expected}, got {self.got} "
            f"(output tile {self.oc_tile}, array column {self.array_column}; "
            f"{self.ic_tiles} input tile(s) x {self.taps[0]}x{self.taps[1]} taps{pooled}; "
            f"{commands}: images {self.images[0]} to {self.images[1] - 1}, "
            f"rows {self.rows[0]} to {self.rows[1] - 1})"
        )


@dataclass(kw_only=True)
class LayerComparison(Counts):
    """One layer's map against PyTorch's, all batches so far.

    Attributes:
        layer: its name.
        what: ``codes`` or ``accumulators``.
        listed: the first differences.
    """

    layer: str
    what: str
    listed: list[MapMismatch] = field(default_factory=list)


@dataclass
class NetworkComparison(Counts):
    """All layers that were compared, in order, their counts added up, and the classes.

    Attributes:
        layers: by name.
        predictions_compared, predictions_differing: classes.
    """

    layers: dict[str, LayerComparison] = field(default_factory=dict)
    predictions_compared: int = 0
    predictions_differing: int = 0

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.mismatches == 0 and self.predictions_differing == 0

    @property
    def first_mismatch(self) -> MapMismatch | None:
        """The first wrong integer of the first layer that differs: what is behind it follows from it."""
        return next((layer.listed[0] for layer in self.layers.values() if layer.listed), None)

    def add(
        self,
        compiled: CompiledNetwork,
        first_image: int,
        expected: Mapping[str, npt.NDArray[Any]],
        got: Mapping[str, npt.NDArray[Any]],
        predictions: npt.NDArray[np.int64],
    ) -> None:
        """Compares one batch.

        Args:
            compiled: what ran.
            first_image: index of the batch's first image.
            expected: PyTorch's ``LAYER.codes``, ``LAYER.accumulators`` of the last layer and ``predictions``.
            got: the accelerator's maps by layer.
            predictions: int64 (images,), from the accelerator's accumulators.

        Raises:
            ResultError: a map is missing or of another shape.
        """
        for stage in compiled.stages:
            if stage.name not in got:
                continue
            what = "accumulators" if stage.layer.is_last else "codes"
            want = expected.get(f"{stage.name}.{what}")
            if want is None or want.shape != got[stage.name].shape:
                raise ResultError(
                    f"layer {stage.name}: PyTorch's {what} are {'missing' if want is None else want.shape}, the "
                    f"accelerator's {got[stage.name].shape}"
                )
            counted = Counts()
            where = np.argwhere(counted.count(want, got[stage.name]))
            comparison = self.layers.setdefault(stage.name, LayerComparison(layer=stage.name, what=what))
            comparison.listed += [
                _mismatch(compiled, stage.index, first_image, tuple(index), want, got[stage.name])
                for index in where[: LISTED - len(comparison.listed)].tolist()
            ]
            comparison.include(counted)
            self.include(counted)
        self.predictions_compared += len(predictions)
        self.predictions_differing += int((np.asarray(expected["predictions"]) != predictions).sum())

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON types."""
        return {
            "equal": self.equal,
            "compared": self.compared,
            "nonzero": self.nonzero,
            "mismatches": self.mismatches,
            "first_mismatch": None if (first := self.first_mismatch) is None else asdict(first),
            "predictions_compared": self.predictions_compared,
            "predictions_differing": self.predictions_differing,
            "layers": [asdict(layer) for layer in self.layers.values()],
        }

    def __str__(self) -> str:
        lines = [f"{self.mismatches} of {self.compared} integers differ"]
        for layer in self.layers.values():
            if layer.mismatches:
                lines.append(f"  {layer.layer}: {layer.mismatches} of {layer.compared} {layer.what} differ")
        differing = next((layer for layer in self.layers.values() if layer.mismatches), None)
        if differing is not None:
            lines.append(f"The first layer that differs is {differing.layer}:")
            lines += listing(differing.mismatches, differing.listed)
        if self.predictions_differing:
            lines.append(f"{self.predictions_differing} of {self.predictions_compared} predictions differ")
        return "\n".join(lines)


def _mismatch(
    compiled: CompiledNetwork,
    stage_index: int,
    first_image: int,
    index: tuple[int, ...],
    expected: npt.NDArray[Any],
    got: npt.NDArray[Any],
) -> MapMismatch:
    image, channel, row, column = index
    stage, n = compiled.stages[stage_index], compiled.array.n
    chain = commands_of(compiled, stage_index, image, channel // n, row, column)
    command, item = chain[-1]
    step = compiled.placement.schedule.steps[item.step]
    return MapMismatch(
        layer=stage.name,
        image=first_image + image,
        channel=channel,
        row=row,
        column=column,
        expected=int(expected[index]),
        got=int(got[index]),
        oc_tile=channel // n,
        array_column=stage.array_column(image, channel),
        ic_tiles=item.conv.ic_tiles,
        taps=(item.conv.kernel_h, item.conv.kernel_w),
        pooled=item.conv.pool,
        command=command,
        images=(first_image + step.images.start, first_image + step.images.stop),
        rows=(step.rows.start, step.rows.stop),
        first_command=chain[0][0],
    )


def commands_of(
    compiled: CompiledNetwork, stage: int, image: int, oc_tile: int, row: int, column: int
) -> list[tuple[int, ConvItem]]:
    """The CONV commands that add to an output's sum, the one that writes it last.

    Args:
        compiled: the network.
        stage: index of the layer.
        image: of the batch.
        oc_tile: output tile.
        row, column: of the output.

    Returns:
        For each its sequence number in the program, and the item.
    """
    steps, width = compiled.placement.schedule.steps, compiled.stages[stage].out_size[1]
    lanes, turns = compiled.stages[stage].lanes, compiled.stages[stage].turns
    chain: list[tuple[int, ConvItem]] = []
    for sequence, item in enumerate(compiled.items, start=1):
        if not isinstance(item, ConvItem) or item.piece is None or oc_tile not in item.oc_tiles:
            continue
        step = steps[item.step]
        made = image in item.images and image // lanes % turns == item.piece.turn
        if step.stage == stage and made and row in step.rows and item.piece.makes(row, column, width):
            chain.append((sequence, item))
            if not item.conv.hold:
                return chain
    raise ResultError(f"no command makes output tile {oc_tile}, row {row} of layer {compiled.stages[stage].name}")
