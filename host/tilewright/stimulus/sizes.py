"""Finds the sizes of a set's layer from the lengths of its files."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tilewright.errors import StimulusError
from tilewright.stimulus.geometry import ARRAY_SIZE, Geometry
from tilewright.stimulus.reader import StimulusSet
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


def find_geometry(stimulus: StimulusSet, overrides: Overrides) -> Geometry:
    """Sizes of a set's layer; maps and kernels are square unless ``overrides`` says otherwise.

    Args:
        stimulus: the set.
        overrides: what the user says.

    Returns:
        The sizes. Activation files may hold fewer rows than positions only if they hold 8 (a known defect).

    Raises:
        StimulusError: lengths do not agree; names the file that is too short or too long, and its last line.
    """
    kernel = _find_kernel(stimulus, overrides)
    strides = (overrides.stride,) if overrides.stride else (1, 2)
    activations = stimulus.activations[0]
    candidates = []
    padded = overrides.padded or _square(activations.rows)
    if padded is not None:
        candidates = [Geometry(padded, kernel, s) for s in strides if min(padded) >= max(kernel)]
    elif activations.rows == ARRAY_SIZE:
        candidates = _from_sums(stimulus, kernel, strides[0])
    for table in (file.table for file in stimulus.outs):
        candidates = [geometry for geometry in candidates if geometry.outputs == table.rows]
        if not candidates:
            raise StimulusError(_disagreement(stimulus, table, kernel, padded, strides))
    if not candidates:
        raise StimulusError(
            f"{activations.end}: file ends after {activations.rows} rows, which is no square map that a kernel of "
            f"{kernel[0]}x{kernel[1]} fits into; rows are missing, or say --padded-map HxW"
        )
    geometry = candidates[0]
    _check_rows(stimulus, geometry)
    return geometry


def rows_of_sums(stimulus: StimulusSet, geometry: Geometry) -> dict[str, int]:
    """Rows (of 8 columns) that a partial-sum file may hold, by what it holds then."""
    taps = geometry.taps * geometry.positions
    return {"one tap": geometry.positions, "all taps": taps, "all taps and tiles": stimulus.ic_tiles * taps}


def _find_kernel(stimulus: StimulusSet, overrides: Overrides) -> tuple[int, int]:
    kernel = overrides.kernel or _square(stimulus.taps)
    if kernel is None:
        raise StimulusError(
            f"{stimulus.weight_tables[-1].end}: {stimulus.taps} kernel taps are no square kernel; the weights of "
            "further taps are missing, or say --kernel HxW"
        )
    if math.prod(kernel) != stimulus.taps:
        raise StimulusError(
            f"{stimulus.weight_tables[-1].end}: {stimulus.taps} kernel taps, --kernel {kernel[0]}x{kernel[1]} has "
            f"{math.prod(kernel)}"
        )
    return kernel


def _from_sums(stimulus: StimulusSet, kernel: tuple[int, int], stride: int) -> list[Geometry]:
    """Sizes where activation rows are missing: from the outputs, else from the partial sums of one tap."""
    if stimulus.outs:
        out = _square(stimulus.outs[0].table.rows)
        padded = out and ((out[0] - 1) * stride + kernel[0], (out[1] - 1) * stride + kernel[1])
    else:
        padded = _square(stimulus.psums[0].table.rows)
    return [Geometry(padded, kernel, stride)] if padded else []


def _check_rows(stimulus: StimulusSet, geometry: Geometry) -> None:
    activations = stimulus.activations[0]
    if activations.rows not in (geometry.positions, ARRAY_SIZE):
        raise StimulusError(
            f"{activations.end}: file ends after {activations.rows} rows, {geometry.positions} expected"
        )
    allowed = rows_of_sums(stimulus, geometry)
    for table in (file.table for file in stimulus.psums):
        rows = table.values.size // ARRAY_SIZE
        if rows not in allowed.values():
            choices = ", ".join(f"{count} ({what})" for what, count in allowed.items())
            raise StimulusError(f"{table.end}: file ends after {rows} partial sums of 8 columns; expected {choices}")


def _disagreement(
    stimulus: StimulusSet, out: Table, kernel: tuple[int, int], padded: tuple[int, int] | None, strides: tuple[int, ...]
) -> str:
    activations = stimulus.activations[0]
    of_kernel = f"a kernel of {kernel[0]}x{kernel[1]}"
    if padded is not None:
        counts = " or ".join(str(Geometry(padded, kernel, s).outputs) for s in strides if min(padded) >= max(kernel))
        return (
            f"{out.end}: file ends after {out.rows} outputs; {activations.rows} activation rows and {of_kernel} give "
            f"{counts or 'none'}. Lines are missing here or in {activations.path.name}"
        )
    size = _square(out.rows)
    if size is None:
        return (
            f"{out.end}: file ends after {out.rows} outputs and {activations.path.name} after {activations.rows} rows; "
            "neither is a square map: lines are missing, or say --padded-map HxW"
        )
    expected = ((size[0] - 1) * strides[0] + kernel[0]) * ((size[1] - 1) * strides[0] + kernel[1])
    return (
        f"{activations.end}: file ends after {activations.rows} rows; {size[0]}x{size[1]} outputs in {out.path.name} "
        f"and {of_kernel} need {expected}"
    )


def _square(count: int) -> tuple[int, int] | None:
    side = math.isqrt(count)
    return (side, side) if side * side == count else None
