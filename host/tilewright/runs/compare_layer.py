"""Complete comparison of integer outputs, and what a difference says about its cause."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ResultError
from tilewright.hardware.parameters import ArrayParameters
from tilewright.network.comparison import LISTED, Counts, listing
from tilewright.network.layer import ConvLayer
from tilewright.runs.diagnose import WeightFault, find_weight_faults


@dataclass(frozen=True)
class Mismatch:
    """One wrong output, and the part of the array and of the program that made it.

    Attributes:
        image, channel, row, column: where it lies in the output map.
        expected, got: the two values.
        oc_tile: output-channel tile.
        array_column: column of the array within the tile.
        ic_tiles: input-channel tiles that were summed.
        taps: kernel taps (ky, kx) that fall inside the map; the others add zero.
    """

    image: int
    channel: int
    row: int
    column: int
    expected: int
    got: int
    oc_tile: int
    array_column: int
    ic_tiles: int
    taps: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        taps = " ".join(f"{ky},{kx}" for ky, kx in self.taps)
        return (
            f"image {self.image}, channel {self.channel}, row {self.row}, column {self.column}: "
            f"expected {self.expected}, got {self.got} (output tile {self.oc_tile}, array column {self.array_column}, "
            f"{self.ic_tiles} input tile(s), taps {taps})"
        )


@dataclass(kw_only=True)
class Report(Counts):
    """Outcome of a comparison: what was counted, and where it differs.

    Attributes:
        layer: the layer's name.
        what: which outputs, such as ``raw``.
        listed: the first outputs that differ.
        faults: single wrong weights that explain a channel's differences exactly.
    """

    layer: str
    what: str
    listed: tuple[Mismatch, ...] = ()
    faults: tuple[WeightFault, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.layer}, {self.what}: {self.mismatches} of {self.compared} outputs differ"]
        return "\n".join([*lines, *listing(self.mismatches, self.listed), *(f"  {fault}" for fault in self.faults)])

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON types."""
        return {**asdict(self), "equal": self.equal}


def compare(
    expected: npt.NDArray[Any],
    got: npt.NDArray[Any],
    layer: ConvLayer,
    array: ArrayParameters,
    relu: bool = False,
    what: str | None = None,
) -> Report:
    """Compares every output; explains differences where one wrong weight does.

    Args:
        expected: integers (images, oc, out_h, out_w).
        got: integers, same shape.
        layer: the layer that made them.
        array: parameters of the accelerator.
        relu: whether the outputs are after ReLU.
        what: name of the outputs in the report; default ``raw`` or ``ReLU``.

    Returns:
        The report.

    Raises:
        ResultError: the shapes are not the layer's.
    """
    for name, outputs in (("expected", expected), ("got", got)):
        if outputs.shape != layer.output_shape:
            raise ResultError(
                f"layer {layer.name}: {name} has shape {outputs.shape}, its outputs are {layer.output_shape}"
            )
    report = Report(layer=layer.name, what=what or ("ReLU" if relu else "raw"))
    where = np.argwhere(report.count(expected, got))
    report.listed = tuple(_mismatch(tuple(index), expected, got, layer, array) for index in where[:LISTED].tolist())
    report.faults = tuple(find_weight_faults(got, layer, relu, channels=np.unique(where[:, 1]).tolist()))
    return report


def _mismatch(
    index: tuple[int, ...],
    expected: npt.NDArray[Any],
    got: npt.NDArray[Any],
    layer: ConvLayer,
    array: ArrayParameters,
) -> Mismatch:
    image, channel, row, column = index
    (in_h, in_w), (kernel_h, kernel_w) = layer.in_size, layer.kernel
    top, left = row * layer.stride - layer.padding, column * layer.stride - layer.padding
    taps = tuple(
        (ky, kx) for ky in range(kernel_h) for kx in range(kernel_w) if 0 <= top + ky < in_h and 0 <= left + kx < in_w
    )
    return Mismatch(
        image=image,
        channel=channel,
        row=row,
        column=column,
        expected=int(expected[index]),
        got=int(got[index]),
        oc_tile=channel // array.n,
        array_column=channel % array.n,
        ic_tiles=-(-layer.in_channels // array.n),
        taps=taps,
    )
