"""What lines and fields of out and psum files stand for, as candidates that the data choose from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.stimulus.geometry import ARRAY_SIZE, Geometry, Ints
from tilewright.stimulus.reader import SumFile


@dataclass(frozen=True)
class OutLayout:
    """Reading of an out file.

    Attributes:
        relu: whether it holds outputs after ReLU.
        columns_reversed: whether its columns run against the weights'.
        step: quantisation step that the outputs were multiplied by before rounding, or None for integers.
    """

    relu: bool
    columns_reversed: bool
    step: float | None = None

    def expected(self, outputs: Ints) -> Ints:
        """What the file must hold.

        Args:
            outputs: (outputs, columns) of one output-channel tile, before ReLU.

        Returns:
            int64, same shape, columns in the file's order.
        """
        return self.as_written(np.maximum(outputs, 0) if self.relu else outputs)

    def as_written(self, outputs: Ints) -> Ints:
        """Outputs as the file has them: rounded after the step where there is one, columns in the file's order.

        Args:
            outputs: (outputs, columns) of one output-channel tile, after ReLU where ``relu`` says so.

        Returns:
            int64, same shape.
        """
        values = outputs if self.step is None else np.rint(outputs * self.step).astype(np.int64)
        return values[:, ::-1] if self.columns_reversed else values

    def __str__(self) -> str:
        text = "after ReLU" if self.relu else "before ReLU"
        return text if self.step is None else f"{text}, dequantised"


@dataclass(frozen=True)
class PsumLayout:
    """Reading of a psum file.

    Attributes:
        ic: input-channel tile, or None for all, one after the other.
        tap: kernel tap, or None for all.
        tap_major: whether all positions of a tap follow each other (else all taps of a position).
        line_positions: positions in one line.
        leftmost_first: whether a line's first position is its leftmost.
        columns_reversed: whether its columns run against the weights'.
    """

    ic: int | None
    tap: int | None
    tap_major: bool
    line_positions: int
    leftmost_first: bool
    columns_reversed: bool

    def rows(self, file: SumFile) -> Ints:
        """A file's partial sums, columns in the weights' order.

        Returns:
            int64 (rows, columns); one row a tap and position, in the order of the file.
        """
        values = file.table.values.reshape(file.table.rows, self.line_positions, ARRAY_SIZE)
        values = values[:, ::-1] if self.leftmost_first else values
        values = values[:, :, ::-1] if self.columns_reversed else values
        return values.reshape(-1, ARRAY_SIZE)

    def line(self, file: SumFile, row: int) -> int:
        """Line number of a row."""
        return file.table.lines[row // self.line_positions]

    def mask(self, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Which of the rows' sums are known; ``known`` is shaped as the sums of :meth:`expected`."""
        return self.expected(known.astype(np.int64)).astype(np.bool_)

    def expected(self, sums: Ints) -> Ints:
        """What the rows must be.

        Args:
            sums: (ic_tiles, taps, positions, columns) of one output-channel tile.

        Returns:
            int64 (rows, columns).
        """
        chosen = sums if self.ic is None else sums[self.ic : self.ic + 1]
        chosen = chosen if self.tap is None else chosen[:, self.tap : self.tap + 1]
        return (chosen if self.tap_major else chosen.swapaxes(1, 2)).reshape(-1, ARRAY_SIZE)

    def __str__(self) -> str:
        tap = "all taps" if self.tap is None else f"tap {self.tap}"
        if self.tap is None:
            tap += ", tap-major" if self.tap_major else ", position-major"
        if self.ic is None:
            tap += ", all input-channel tiles"
        return tap if self.line_positions == 1 else f"{tap}, {self.line_positions} positions a line"


def out_layouts(relu: bool | None, columns_reversed: bool | None) -> Iterator[OutLayout]:
    """Candidate readings of an out file; None: both."""
    for after, reverse in itertools.product(_choices(relu, True), _choices(columns_reversed, False)):
        yield OutLayout(after, reverse)


def psum_layouts(
    file: SumFile, geometry: Geometry, ic_tiles: int, columns_reversed: bool | None
) -> Iterator[PsumLayout]:
    """Candidate readings of a psum file, from its length and name."""
    rows = file.table.values.size // ARRAY_SIZE
    per_line = rows // file.table.rows
    ics: list[int | None] = list(range(ic_tiles)) if file.ic is None else [file.ic]
    taps: list[int | None] = [None]
    if rows == geometry.positions:
        taps = list(range(geometry.taps)) if file.tap is None else [file.tap]
    elif rows > geometry.positions * geometry.taps:
        ics = [None]
    one_order = taps != [None] or geometry.taps == 1
    orders = (True,) if one_order else (True, False)
    ends = (True,) if per_line == 1 else (True, False)
    columns = _choices(columns_reversed, False)
    for ic, tap, tap_major, leftmost, reverse in itertools.product(ics, taps, orders, ends, columns):
        yield PsumLayout(ic, tap, tap_major, per_line, leftmost, reverse)


def dequantisation_step(outputs: Ints, found: Ints) -> float | None:
    """The one step that, multiplied with the outputs and rounded, gives the numbers of a file.

    Args:
        outputs: integers after ReLU.
        found: the file's numbers, same shape.

    Returns:
        Middle of the interval of all steps that fit; None where none fits or where nothing but zero is compared.
    """
    positive = outputs > 0
    if not found.any() or (found[~positive] != 0).any() or (found < 0).any():
        return None
    low = ((found[positive] - 0.5) / outputs[positive]).max()
    high = ((found[positive] + 0.5) / outputs[positive]).min()
    return float((low + high) / 2) if low < high else None


def _choices(value: bool | None, first: bool) -> tuple[bool, ...]:
    return (first, not first) if value is None else (value,)
