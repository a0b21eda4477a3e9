"""What the lines and fields of weight and activation files may stand for: readings that the data choose from."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from tilewright.stimulus.geometry import CODE_BITS, LINE_FIELDS, Ints
from tilewright.stimulus.names import Kind
from tilewright.stimulus.roles import Convolution
from tilewright.stimulus.sizes import Overrides
from tilewright.stimulus.textfile import Table

_HALF_BITS = CODE_BITS // 2


class Pairs(Enum):
    """Which channels share a 4-bit field of 2-bit activations, the low half first, counted as the weights count."""

    NONE = "one activation a field"
    NEIGHBOURS = "channels 2r and 2r+1"
    NEIGHBOURS_SWAPPED = "channels 2r+1 and 2r"
    EIGHT_APART = "channels r and r+8"
    EIGHT_APART_SWAPPED = "channels r+8 and r"

    def order(self, rows: int) -> Ints:
        """Channel of each activation of a line: int64 (rows,)."""
        channels = np.arange(rows)
        if self in (Pairs.EIGHT_APART, Pairs.EIGHT_APART_SWAPPED):
            channels = channels.reshape(2, -1).T.reshape(-1)
        if self in (Pairs.NEIGHBOURS_SWAPPED, Pairs.EIGHT_APART_SWAPPED):
            channels = channels.reshape(-1, 2)[:, ::-1].reshape(-1)
        return channels


@dataclass(frozen=True)
class Orientation:
    """Meaning of weight lines and fields.

    Attributes:
        weight_line: ``oc`` where a line is a column (output channel), ``ic`` where it is a row (input channel).
        rows_reversed: whether weights and activations give their input channels in opposite orders.
        lines: lines of a tap in a weight file.
        halves: how a tap's lines give twice as many rows as fields: ``by line`` (two lines a column), ``by block`` (all
            columns twice), or nothing.
        pairs: how activations share a field.
    """

    weight_line: str
    rows_reversed: bool
    lines: int
    halves: str = ""
    pairs: Pairs = Pairs.NONE

    def __str__(self) -> str:
        line = "output" if self.weight_line == "oc" else "input"
        texts = [f"weight line = {line} channel"]
        texts += ["rows reversed"] if self.rows_reversed else []
        texts += [f"rows {self.halves}"] if self.halves else []
        texts += [f"2-bit activations, {self.pairs.value} in a field"] if self.pairs is not Pairs.NONE else []
        return ", ".join(texts)


@dataclass(frozen=True)
class Operands:
    """A convolution's numbers under one orientation.

    Attributes:
        activations: int64 (ic_tiles, lines of a file, rows), rows in the order of the weights.
        weights: int64 (ic_tiles, oc_tiles, taps, columns, rows).
    """

    activations: Ints
    weights: Ints


def orientations(convolution: Convolution, overrides: Overrides) -> Iterator[Orientation]:
    """All orientations that the sizes of a convolution's files allow, the most likely first.

    Args:
        convolution: its files.
        overrides: what the user says.
    """
    table = convolution.weight_tables[0]
    fields = convolution.activations[0].fields * len(convolution.activations)
    columns = ("oc", "ic") if overrides.weight_line is None else (overrides.weight_line,)
    orders = (False, True) if overrides.rows_reversed is None else (overrides.rows_reversed,)
    for lines, line, halves in itertools.product(_lines_of_a_tap(convolution), columns, ("", "by line", "by block")):
        block = _rows_of_a_block(lines, table.fields, line, halves)
        rows = block * len(convolution.weights)
        paired = rows == 2 * fields
        if block == 0 or (rows != fields and not paired) or (halves and not paired):
            continue
        for pairs in list(Pairs)[1:] if paired else (Pairs.NONE,):
            yield from (Orientation(line, order, lines, halves, pairs) for order in orders)


def read_operands(convolution: Convolution, orientation: Orientation) -> Operands:
    """A convolution's numbers under an orientation.

    Args:
        convolution: its files.
        orientation: meaning of their lines.

    Returns:
        The numbers, cut into tiles of as many rows as an activation or a weight file has and as many columns as an out
        file or, if these do not divide the weights' columns, a weight file has.
    """
    activations = _read_activations(convolution, orientation)
    tiles = [[_read_tile(tables, orientation) for tables in row] for row in convolution.weights]
    weights = np.concatenate([np.concatenate(row, axis=1) for row in tiles], axis=2)
    _, block_columns, block_rows = tiles[0][0].shape
    taps, all_columns, all_rows = weights.shape
    rows = min(activations.shape[2], block_rows)
    outs = min((file.table.fields for file in convolution.sums if file.kind is Kind.OUT), default=block_columns)
    columns = block_columns if all_columns % outs else outs
    cut = weights.reshape(taps, all_columns // columns, columns, all_rows // rows, rows).transpose(3, 1, 0, 2, 4)
    lines = activations.swapaxes(0, 1).reshape(activations.shape[1], all_rows // rows, rows)
    return Operands(lines.swapaxes(0, 1), cut)


def _read_activations(convolution: Convolution, orientation: Orientation) -> Ints:
    """int64 (files, lines, rows), rows in the order of the weights."""
    activations = np.stack([table.values for table in convolution.activations])
    if orientation.pairs is not Pairs.NONE:
        halves = np.stack([activations & (1 << _HALF_BITS) - 1, activations >> _HALF_BITS], axis=-1)
        activations = halves.reshape(*activations.shape[:2], -1)
    if orientation.rows_reversed:
        activations = activations[..., ::-1]
    if orientation.pairs is Pairs.NONE:
        return activations
    return activations[..., np.argsort(orientation.pairs.order(activations.shape[2]))]


def _lines_of_a_tap(convolution: Convolution) -> tuple[int, ...]:
    table, files = convolution.weight_tables[0], len(convolution.weights[0][0])
    if files > 1:
        return (table.rows,)
    counts = (*LINE_FIELDS, 2 * LINE_FIELDS[-1])
    return tuple(sorted((n for n in counts if table.rows % n == 0), key=lambda n: not _is_square(table.rows // n)))


def _is_square(count: int) -> bool:
    return math.isqrt(count) ** 2 == count


def _rows_of_a_block(lines: int, fields: int, line: str, halves: str) -> int:
    """Rows of the array that a weight file of a tap fills; 0 where it fills none."""
    if halves:
        return 2 * fields if line == "oc" and lines // 2 in LINE_FIELDS else 0
    rows, columns = (fields, lines) if line == "oc" else (lines, fields)
    return rows if rows in LINE_FIELDS and columns in LINE_FIELDS else 0


def _read_tile(tables: Sequence[Table], orientation: Orientation) -> Ints:
    """int64 (taps, columns, rows)."""
    values = np.concatenate([table.values for table in tables])
    taps = values.reshape(-1, orientation.lines, values.shape[1])
    if orientation.halves == "by line":
        return taps.reshape(len(taps), orientation.lines // 2, -1)
    if orientation.halves == "by block":
        return np.concatenate(np.split(taps, 2, axis=1), axis=2)
    return taps if orientation.weight_line == "oc" else taps.swapaxes(1, 2)
