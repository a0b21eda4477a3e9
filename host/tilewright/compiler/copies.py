"""The CONV commands of layers that make no new codes: 2x2 maxima, rows and columns twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tilewright.compiler.geometry import Geometry
from tilewright.compiler.piece import AsImages, Piece


def copies_of(stage: Geometry) -> Iterator[Piece]:
    """Each tile as it is, pooled, or, where outputs do not follow each other in memory as inputs do, run by run."""
    for tile in range(stage.oc_tiles):
        whole = Piece(range(tile, tile + 1), 1, tile, None, (1, 1), stage.in_size, (0, 0), None, True)
        if not stage.by_runs:
            yield whole
            continue
        for origin, position, as_images in _RUNS[stage.layer.kind](stage):
            yield replace(whole, origin=origin, position=position, as_images=as_images)


_Run = tuple[tuple[int, int], tuple[int, int], AsImages]


def _repeated_rows(stage: Geometry) -> Iterator[_Run]:
    """Rows of the input, every second row of the output, as many as there are accumulators for."""
    height, width = stage.in_size
    most = max(1, stage.array.acc_depth // width)
    for row in range(0, height, most):
        for again in range(2):
            yield (row, 0), (2 * row + again, 0), AsImages(min(most, height - row), width, 2 * width, width)


def _repeated_columns(stage: Geometry) -> Iterator[_Run]:
    """All positions of some rows in a row, every second position of the output."""
    height, width = stage.in_size
    most = max(1, stage.array.acc_depth // width)
    for row in range(0, height, most):
        for again in range(2):
            yield (row, 0), (row, again), AsImages(min(most, height - row) * width, 1, 2)


def _windows(stage: Geometry) -> Iterator[_Run]:
    """A row's windows within the map together, one that reaches beyond its left or right edge alone."""
    (height, width), (above, left) = stage.out_size, stage.layer.paddings
    inside = range(left, min(width, stage.in_size[1] - 1 + left))
    for row in range(height):
        for column in range(width):
            if column not in inside:
                yield (row - above, column - left), (row, column), AsImages(1, 1, 1)
        if inside:
            yield (row - above, 0), (row, inside.start), AsImages(len(inside), 1, 1)


_RUNS = {"max": _windows, "repeat_rows": _repeated_rows, "repeat_columns": _repeated_columns}
