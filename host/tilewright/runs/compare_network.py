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

LISTED = 10


@dataclass(frozen=True)
class MapMismatch:
    """One wrong integer of a layer's map, and the part of the array and of the program that made it.

    Attributes:
        layer: the layer.
        image, channel, row, column: where it lies; the image's index counts all images of the run.
        expected, got: the two integers.
        oc_tile, array_column: output tile, and column of the array within it.
        ic_tiles, taps: input tiles and kernel taps (height, width) that were summed.
        pooled: whether the code is the largest of a 2x2 window.
        command: sequence number of the CONV command.
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

    def __str__(self) -> str:
        pooled = ", largest of a 2x2 window" if self.pooled else ""
        return (
            f"{self.layer}, image {self.image}, channel {self.channel}, row {self.row}, column {self.column}: "
            f"expected {self.expected}, got {self.got} "
            f"(output tile {self.oc_tile}, array column {self.array_column}; "
            f"{self.ic_tiles} input tile(s) x {self.taps[0]}x{self.taps[1]} taps{pooled}; "
            f"command {self.command}: images {self.images[0]} to {self.images[1] - 1}, "
            f"rows {self.rows[0]} to {self.rows[1] - 1})"
        )


@dataclass
class LayerComparison:
    """One layer's map against PyTorch's, all batches so far.

    Attributes:
        layer: its name.
        what: ``codes`` or ``accumulators``.
        compared, nonzero, mismatches: integers.
        listed: the first differences.
    """

    layer: str
    what: str
    compared: int = 0
    nonzero: int = 0
    mismatches: int = 0
    listed: list[MapMismatch] = field(default_factory=list)


@dataclass
class NetworkComparison:
    """All layers that were compared, in order, and the classes.

    Attributes:
        layers: by name.
        predictions_compared, predictions_differing: classes.
    """

    layers: dict[str, LayerComparison] = field(default_factory=dict)
    predictions_compared: int = 0
    predictions_differing: int = 0

    @property
    def compared(self) -> int:
        """Integers compared."""
        return sum(layer.compared for layer in self.layers.values())

    @property
    def nonzero(self) -> int:
        """Expected integers that are not zero."""
        return sum(layer.nonzero for layer in self.layers.values())

    @property
    def mismatches(self) -> int:
        """Integers that differ."""
        return sum(layer.mismatches for layer in self.layers.values())

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.mismatches == 0 and self.predictions_differing == 0

    @property
    def first_difference(self) -> MapMismatch | None:
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
            comparison = self.layers.setdefault(stage.name, LayerComparison(stage.name, what))
            _compare_map(comparison, compiled, stage.index, first_image, want, got[stage.name])
        self.predictions_compared += len(predictions)
        self.predictions_differing += int((np.asarray(expected["predictions"]) != predictions).sum())

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON types."""
        return {
            "equal": self.equal,
            "compared": self.compared,
            "nonzero": self.nonzero,
            "mismatches": self.mismatches,
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
            lines += [f"  {mismatch}" for mismatch in differing.listed]
            if differing.mismatches > len(differing.listed):
                lines.append(f"  and {differing.mismatches - len(differing.listed)} more")
        if self.predictions_differing:
            lines.append(f"{self.predictions_differing} of {self.predictions_compared} predictions differ")
        return "\n".join(lines)


def _compare_map(
    comparison: LayerComparison,
    compiled: CompiledNetwork,
    stage: int,
    first_image: int,
    expected: npt.NDArray[Any],
    got: npt.NDArray[Any],
) -> None:
    where = np.argwhere(expected != got)
    comparison.compared += expected.size
    comparison.nonzero += int(np.count_nonzero(expected))
    comparison.mismatches += len(where)
    for index in where[: LISTED - len(comparison.listed)].tolist():
        comparison.listed.append(_mismatch(compiled, stage, first_image, tuple(index), expected, got))


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
    command, item = command_of(compiled, stage_index, image, channel // n, row)
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
        array_column=channel % n,
        ic_tiles=item.conv.ic_tiles,
        taps=(item.conv.kernel_h, item.conv.kernel_w),
        pooled=item.conv.pool,
        command=command,
        images=(first_image + step.images.start, first_image + step.images.stop),
        rows=(step.rows.start, step.rows.stop),
    )


def command_of(compiled: CompiledNetwork, stage: int, image: int, oc_tile: int, row: int) -> tuple[int, ConvItem]:
    """The CONV command that makes an output.

    Args:
        compiled: the network.
        stage: index of the layer.
        image: of the batch.
        oc_tile: output tile.
        row: of the output.

    Returns:
        Its sequence number in the program, and the item.
    """
    steps = compiled.placement.schedule.steps
    for sequence, item in enumerate(compiled.items, start=1):
        if isinstance(item, ConvItem) and oc_tile in item.oc_tiles and not item.conv.hold:
            step = steps[item.step]
            if step.stage == stage and image in step.images and row in step.rows:
                return sequence, item
    raise ResultError(f"no command makes output tile {oc_tile}, row {row} of layer {compiled.stages[stage].name}")
