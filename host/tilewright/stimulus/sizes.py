"""Finds the sizes of a set's layer from the lengths of its files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tilewright.errors import StimulusError
from tilewright.stimulus.geometry import ARRAY_SIZE, Geometry
from tilewright.stimulus.names import Kind
from tilewright.stimulus.roles import Convolution
from tilewright.stimulus.textfile import Table


@dataclass(frozen=True)
class Overrides:
    """What the user says about a set; None: decided by the data.

    Attributes:
        weight_line: what a weight line is, ``oc`` or ``ic``.
        rows_reversed: whether weights and activations give their input channels in opposite orders.
        columns_reversed: whether weights and sums give their output channels in opposite orders.
        relu: whether out files are after ReLU.
        padded: height and width of the padded map.
        kernel: height and width of the kernel.
        stride: step of both directions.
    """

    weight_line: str | None = None
    rows_reversed: bool | None = None
    columns_reversed: bool | None = None
    relu: bool | None = None
    padded: tuple[int, int] | None = None
    kernel: tuple[int, int] | None = None
    stride: int | None = None


def geometries(convolution: Convolution, taps: int, overrides: Overrides) -> list[Geometry]:
    """Sizes that a convolution's files allow; maps and kernels are square unless ``overrides`` says otherwise.

    Args:
        convolution: its files.
        taps: kernel taps.
        overrides: what the user says.

    Returns:
        At least one, the most likely first: those that give as many outputs as an out file has lines, if there are
        such. Activation files may hold fewer rows than positions only if they hold 8 (a known defect).

    Raises:
        StimulusError: lengths do not agree; names the file that is too short or too long, and its last line.
    """
    kernel = _find_kernel(convolution, taps, overrides)
    strides = (overrides.stride,) if overrides.stride else (1, 2)
    activations, outs = convolution.activations[0], [file.table for file in convolution.sums if file.kind is Kind.OUT]
    padded = overrides.padded or _square(activations.rows)
    if padded is None:
        found = _from_sums(convolution, kernel, strides[0]) if activations.rows == ARRAY_SIZE else []
    else:
        found = [
            Geometry(size, kernel, stride, implied)
            for size, implied in _maps(activations.rows, padded, kernel, overrides)
            for stride in strides
            if min(size) >= max(kernel)
        ]
    if not found:
        raise StimulusError(_no_map(activations, convolution.weight_tables[0], outs, kernel, strides[0]))
    counts = {table.rows for table in outs}
    matching = [geometry for geometry in found if counts & {geometry.outputs, geometry.pooled_outputs}]
    return matching or found


def _find_kernel(convolution: Convolution, taps: int, overrides: Overrides) -> tuple[int, int]:
    end = convolution.weight_tables[-1].end
    kernel = overrides.kernel or _square(taps)
    if kernel is None:
        raise StimulusError(
            f"{end}: {taps} kernel taps are no square kernel; the weights of further taps are missing, or say --kernel "
            "HxW"
        )
    if math.prod(kernel) != taps:
        raise StimulusError(f"{end}: {taps} kernel taps, --kernel {kernel[0]}x{kernel[1]} has {math.prod(kernel)}")
    return kernel


def _maps(
    rows: int, padded: tuple[int, int], kernel: tuple[int, int], overrides: Overrides
) -> list[tuple[tuple[int, int], int]]:
    """Padded maps, and how much of their border the activation files leave out."""
    border = (min(kernel) - 1) // 2
    if overrides.padded is None:
        return [(padded, 0), *([((padded[0] + 2 * border, padded[1] + 2 * border), border)] if border else [])]
    inner = math.prod(side - 2 * border for side in padded)
    if rows == inner and border:
        return [(padded, border)]
    return [(padded, 0)] if rows in (math.prod(padded), ARRAY_SIZE) else []


def _from_sums(convolution: Convolution, kernel: tuple[int, int], stride: int) -> list[Geometry]:
    """Sizes where activation rows are missing: from the outputs, else from the partial sums of one tap."""
    file = convolution.sums[0]
    size = _square(file.table.rows)
    if size and file.kind is Kind.OUT:
        size = ((size[0] - 1) * stride + kernel[0], (size[1] - 1) * stride + kernel[1])
    return [Geometry(size, kernel, stride)] if size and min(size) >= max(kernel) else []


def _no_map(activations: Table, weights: Table, outs: Sequence[Table], kernel: tuple[int, int], stride: int) -> str:
    of_kernel = f"a kernel of {kernel[0]}x{kernel[1]}"
    size = _square(outs[0].rows) if outs else None
    if activations.rows == weights.rows:
        return (
            f"{activations.end}: {activations.rows} activation rows, as many as the weight lines of "
            f"{weights.path.name}: so an output-stationary set has them, which is not read; only weight-stationary "
            "sets are replayed"
        )
    if size is None:
        return (
            f"{activations.end}: file ends after {activations.rows} rows, which is no square map that {of_kernel} fits "
            "into; rows are missing, or say --padded-map HxW"
        )
    expected = ((size[0] - 1) * stride + kernel[0]) * ((size[1] - 1) * stride + kernel[1])
    return (
        f"{activations.end}: file ends after {activations.rows} rows; {size[0]}x{size[1]} outputs in "
        f"{outs[0].path.name} and {of_kernel} need {expected}"
    )


def _square(count: int) -> tuple[int, int] | None:
    side = math.isqrt(count)
    return (side, side) if side * side == count else None
