"""What lines and fields of out and psum files stand for, as candidates that the data choose from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from tilewright.stimulus.geometry import Geometry, Ints
from tilewright.stimulus.names import Kind
from tilewright.stimulus.roles import SumFile
from tilewright.stimulus.sizes import Overrides


@dataclass(frozen=True)
class Computed:
    """All sums of a convolution, from numpy or from the accelerator.

    Attributes:
        geometry: its sizes.
        sums: int64 (ic_tiles, oc_tiles, taps, positions, columns): partial sums.
        known: bool (ic_tiles, taps, positions): which of them are computed.
        outputs: int64 (oc_tiles, outputs, columns) by whether they are after ReLU; lacks what is not computed.
    """

    geometry: Geometry
    sums: Ints
    known: npt.NDArray[np.bool_]
    outputs: dict[bool, Ints]

    @property
    def columns(self) -> int:
        """Columns of a tile."""
        return int(self.sums.shape[-1])


@dataclass(frozen=True)
class OutLayout:
    """Reading of a file of outputs.

    Attributes:
        relu: whether it holds outputs after ReLU.
        columns_reversed: whether its columns run against the weights'.
        pooled: whether it holds the largest of each 2x2 outputs.
        step: quantisation step that the outputs were multiplied by before rounding, or None for integers.
    """

    relu: bool
    columns_reversed: bool
    pooled: bool = False
    step: float | None = None

    def rows(self, file: SumFile, columns: int) -> Ints:
        """A file's outputs: int64 (lines, columns), columns in the weights' order."""
        values = file.table.values.reshape(-1, columns)
        return values[:, ::-1] if self.columns_reversed else values

    def line(self, file: SumFile, row: int) -> int:
        """Line number of a row."""
        return file.table.lines[row]

    def expected(self, computed: Computed, oc: int) -> Ints:
        """What the rows must be: int64 (lines, columns)."""
        outputs = computed.outputs[self.relu][oc]
        outputs = computed.geometry.pool(outputs) if self.pooled else outputs
        return outputs if self.step is None else np.rint(outputs * self.step).astype(np.int64)

    def mask(self, computed: Computed, oc: int) -> npt.NDArray[np.bool_]:
        """Which of the expected numbers are computed: all."""
        return np.ones(self.expected(computed, oc).shape, dtype=bool)

    def __str__(self) -> str:
        text = "after ReLU" if self.relu else "before ReLU"
        text += ", 2x2 max-pooled" if self.pooled else ""
        return text if self.step is None else f"{text}, dequantised"


class Place(Enum):
    """Positions that a psum file gives for each tap."""

    PADDED = "all positions"
    GIVEN = "positions of the map without its padding"
    OUTPUTS = "output positions"


@dataclass(frozen=True)
class PsumLayout:
    """Reading of a file of partial sums.

    Attributes:
        ic: input-channel tile, or None for all, one after the other.
        tap: kernel tap, or None for all.
        tap_major: whether all positions of a tap follow each other (else all taps of a position).
        line_positions: positions in one line.
        leftmost_first: whether a line's first position is its leftmost.
        columns_reversed: whether its columns run against the weights'.
        place: the positions.
    """

    ic: int | None
    tap: int | None
    tap_major: bool
    line_positions: int
    leftmost_first: bool
    columns_reversed: bool
    place: Place = Place.PADDED

    def rows(self, file: SumFile, columns: int) -> Ints:
        """A file's partial sums: int64 (rows, columns), one row a tap and position, columns in the weights' order."""
        values = file.table.values.reshape(file.table.rows, self.line_positions, columns)
        values = values[:, ::-1] if self.leftmost_first else values
        values = values[:, :, ::-1] if self.columns_reversed else values
        return values.reshape(-1, columns)

    def line(self, file: SumFile, row: int) -> int:
        """Line number of a row."""
        return file.table.lines[row // self.line_positions]

    def expected(self, computed: Computed, oc: int) -> Ints:
        """What the rows must be: int64 (rows, columns)."""
        return self._select(computed.sums[:, oc], computed.geometry)

    def mask(self, computed: Computed, oc: int) -> npt.NDArray[np.bool_]:
        """Which of the expected numbers are computed."""
        known = np.broadcast_to(computed.known[..., None], computed.sums[:, oc].shape)
        return self._select(known.astype(np.int64), computed.geometry).astype(np.bool_)

    def _select(self, sums: Ints, geometry: Geometry) -> Ints:
        """The rows of (ic_tiles, taps, positions, columns)."""
        chosen = sums if self.ic is None else sums[self.ic : self.ic + 1]
        if self.place is Place.OUTPUTS:
            chosen = np.take_along_axis(chosen, geometry.sources().T[None, :, :, None], axis=2)
        elif self.place is Place.GIVEN:
            chosen = chosen[:, :, geometry.given]
        chosen = chosen if self.tap is None else chosen[:, self.tap : self.tap + 1]
        return (chosen if self.tap_major else chosen.swapaxes(1, 2)).reshape(-1, sums.shape[-1])

    def __str__(self) -> str:
        tap = "all taps" if self.tap is None else f"tap {self.tap}"
        if self.tap is None:
            tap += ", tap-major" if self.tap_major else ", position-major"
        if self.ic is None:
            tap += ", all input-channel tiles"
        if self.place is not Place.PADDED:
            tap += f", {self.place.value} only"
        return tap if self.line_positions == 1 else f"{tap}, {self.line_positions} positions a line"


Layout = OutLayout | PsumLayout


def layouts(file: SumFile, geometry: Geometry, columns: int, ic_tiles: int, overrides: Overrides) -> Iterator[Layout]:
    """Candidate readings of a file of sums, from its length and name.

    Args:
        file: the file.
        geometry: sizes of the layer.
        columns: columns of a tile.
        ic_tiles: input-channel tiles.
        overrides: what the user says.
    """
    if file.table.fields % columns or (file.kind is Kind.OUT and file.table.fields != columns):
        return
    if file.kind is Kind.OUT:
        yield from _out_layouts(file, geometry, _choices(overrides.relu, True), overrides)
        return
    yield from _psum_layouts(file, geometry, columns, ic_tiles, overrides)
    if file.tap is None and file.table.fields == columns:
        yield from _out_layouts(file, geometry, (False, True), overrides)


def rows_of_sums(geometry: Geometry, ic_tiles: int) -> dict[str, int]:
    """Rows that a partial-sum file may hold, by what it holds then."""
    taps = geometry.taps * geometry.positions
    counts = {"one tap": geometry.positions, "all taps": taps, "all taps and tiles": ic_tiles * taps}
    return counts | {"output positions": geometry.outputs, "all taps of them": geometry.taps * geometry.outputs}


def dequantisation_step(outputs: Ints, found: Ints) -> float | None:
    """The one step that, multiplied with the outputs and rounded, gives the numbers of a file.

    Args:
        outputs: integers after ReLU.
        found: the file's numbers, same shape.

    Returns:
        Middle of the interval of steps that fit most outputs; None where nothing but zero is compared.
    """
    positive = (outputs > 0) & (found > 0)
    if not positive.any():
        return None
    lows, highs = (found[positive] - 0.5) / outputs[positive], (found[positive] + 0.5) / outputs[positive]
    lows.sort()
    highs.sort()
    # Intervals that have begun at each low, less those that have ended.
    covering = np.searchsorted(lows, lows, "right") - np.searchsorted(highs, lows, "right")
    low = lows[int(np.argmax(covering))]
    high = highs[np.searchsorted(highs, low, "right")]
    return float((low + high) / 2)


def _out_layouts(
    file: SumFile, geometry: Geometry, relus: tuple[bool, ...], overrides: Overrides
) -> Iterator[OutLayout]:
    sizes = ((False, geometry.outputs), (True, geometry.pooled_outputs))
    for pooled in (pooled for pooled, count in sizes if count == file.table.rows):
        for relu, reverse in itertools.product(relus, _choices(overrides.columns_reversed, False)):
            yield OutLayout(relu, reverse, pooled)


def _psum_layouts(
    file: SumFile, geometry: Geometry, columns: int, ic_tiles: int, overrides: Overrides
) -> Iterator[PsumLayout]:
    per_line = file.table.fields // columns
    rows = per_line * file.table.rows
    ends = (True,) if per_line == 1 else (True, False)
    reverses = _choices(overrides.columns_reversed, False)
    for place, (tap, ic, tap_major) in (
        (place, block)
        for place, count in _places(geometry)
        for block in _blocks(file, rows, count, geometry.taps, ic_tiles)
    ):
        for leftmost, reverse in itertools.product(ends, reverses):
            yield PsumLayout(ic, tap, tap_major, per_line, leftmost, reverse, place)


def _places(geometry: Geometry) -> list[tuple[Place, int]]:
    places = [(Place.PADDED, geometry.positions), (Place.GIVEN, len(geometry.given)), (Place.OUTPUTS, geometry.outputs)]
    return [(place, count) for at, (place, count) in enumerate(places) if at == 0 or count != geometry.positions]


def _blocks(
    file: SumFile, rows: int, count: int, taps: int, ic_tiles: int
) -> Iterator[tuple[int | None, int | None, bool]]:
    """Tap, input-channel tile and order of a file with so many positions a tap."""
    ics: list[int | None] = [ic for ic in range(ic_tiles) if file.ic in (ic, None)]
    if rows == count:
        of_name = [file.tap] if file.tap is not None and file.tap < taps else range(taps)
        for ic, tap in itertools.product(ics, of_name):
            yield tap, ic, True
        return
    orders = (True, False)
    if rows == count * taps:
        yield from ((None, ic, order) for ic, order in itertools.product(ics, orders))
    elif rows == count * taps * ic_tiles:
        yield from ((None, None, order) for order in orders)


def _choices(value: bool | None, first: bool) -> tuple[bool, ...]:
    return (first, not first) if value is None else (value,)
