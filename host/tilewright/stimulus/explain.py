"""Computes a convolution under one reading, and finds for each of its files of sums the layout that fits it best."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tilewright.errors import StimulusError
from tilewright.stimulus.fit import CREDIBLE, ConvolutionFit, Match, Unread
from tilewright.stimulus.geometry import Geometry, accumulate, partial_sums
from tilewright.stimulus.layouts import (
    Computed,
    Layout,
    OutLayout,
    PsumLayout,
    dequantisation_step,
    layouts,
    rows_of_sums,
)
from tilewright.stimulus.names import Kind
from tilewright.stimulus.recover import Recovered, given_rows, recover_rows
from tilewright.stimulus.remarks import have_names
from tilewright.stimulus.roles import Convolution, SumFile
from tilewright.stimulus.sizes import Overrides
from tilewright.stimulus.weights import Operands

# One step fits many small numbers by chance: to be dequantised, nearly all of a file must follow from one.
_DEQUANTISED = 0.9


def explain(convolution: Convolution, operands: Operands, geometry: Geometry, overrides: Overrides) -> ConvolutionFit:
    """A convolution under one reading.

    Args:
        convolution: its files.
        operands: its numbers.
        geometry: sizes of the layer.
        overrides: what the user says.

    Raises:
        StimulusError: an out file is missing; gives its name.
    """
    weights = operands.weights
    _check_outs(convolution, weights.shape[1], weights.shape[3])
    tiles = tuple(_tile(convolution, operands, geometry, overrides, ic) for ic in range(len(weights)))
    sums = partial_sums(np.stack([tile.rows for tile in tiles]), weights)
    known = np.stack([tile.known for tile in tiles])
    outputs = accumulate(sums, geometry)
    computed = Computed(
        geometry,
        sums,
        np.broadcast_to(known[:, None], (len(tiles), geometry.taps, geometry.positions)),
        {False: outputs, True: np.maximum(outputs, 0)} if known.all() else {},
    )
    files = [file for file in convolution.sums if computed.outputs or file.kind is Kind.PSUM]
    read = [_best_match(file, computed, overrides) for file in files]
    matches = tuple(one for one in read if isinstance(one, Match))
    unread = tuple(one for one in read if isinstance(one, Unread))
    return ConvolutionFit(convolution, weights, tiles, matches, unread, computed)


def _check_outs(convolution: Convolution, oc_tiles: int, columns: int) -> None:
    """Where out files are cut into tiles, each must be there."""
    outs = [file for file in convolution.sums if file.kind is Kind.OUT]
    missing = sorted(set(range(oc_tiles)) - {file.oc for file in outs})
    if outs and missing and len(convolution.ocs) == oc_tiles:
        name = f"out_otile{convolution.ocs[missing[0]]}"
        raise StimulusError(f"{outs[0].table.path.with_stem(name)}: file missing (outputs of that output-channel tile)")


def _tile(convolution: Convolution, operands: Operands, geometry: Geometry, overrides: Overrides, ic: int) -> Recovered:
    """Activations of all padded positions of an input-channel tile."""
    given = operands.activations[ic]
    if len(given) != len(geometry.given):
        return _recover(convolution, operands, geometry, overrides, ic)
    rows = np.zeros((geometry.positions, given.shape[1]), dtype=np.int64)
    rows[geometry.given] = given
    return given_rows(rows, geometry.positions)


def _recover(
    convolution: Convolution, operands: Operands, geometry: Geometry, overrides: Overrides, ic: int
) -> Recovered:
    """Activations of a tile whose file lacks rows: the psum file and reading that fit best."""
    given, weights = operands.activations[ic], operands.weights
    found = []
    for file in (file for file in convolution.sums if file.kind is Kind.PSUM and file.oc < weights.shape[1]):
        for layout in layouts(file, geometry, weights.shape[3], len(weights), overrides):
            if isinstance(layout, PsumLayout) and layout.ic == ic and layout.tap_major:
                sums = layout.rows(file, weights.shape[3])[: geometry.positions]
                found.append(recover_rows(given, weights[ic, file.oc, layout.tap or 0], sums))
    return min(found, key=lambda tile: tile.rank, default=given_rows(given, geometry.positions))


def _best_match(file: SumFile, computed: Computed, overrides: Overrides) -> Match | Unread:
    oc_tiles, columns = computed.sums.shape[1], computed.columns
    oc = file.oc if oc_tiles > 1 else 0
    if oc >= oc_tiles:
        return Unread(file, f"there are no weights of output-channel tile {file.oc}")
    matches = []
    for layout in layouts(file, computed.geometry, columns, len(computed.sums), overrides):
        if isinstance(layout, OutLayout) and not computed.outputs:
            continue
        matches.append(_match(file, layout, computed, oc))
        if isinstance(layout, OutLayout) and layout.relu and matches[-1].equal < CREDIBLE and file.kind is Kind.OUT:
            matches.extend(_dequantised(file, layout, computed, oc))
    if not matches:
        return Unread(file, _no_length(file, computed))
    return min(matches, key=lambda match: match.wrong)


def _match(file: SumFile, layout: Layout, computed: Computed, oc: int) -> Match:
    found, expected = layout.rows(file, computed.columns), layout.expected(computed, oc)
    mask = layout.mask(computed, oc)
    different = (found != expected) & mask
    telling = int((((found != 0) | (expected != 0)) & mask).sum())
    wrong, named = int(different.sum()), int((different & have_names(found, expected)).sum())
    first = ""
    if wrong:
        row, column = np.argwhere(different)[0].tolist()
        first = (
            f"line {layout.line(file, row)}, column {column}: {found[row, column]}, computed {expected[row, column]}"
        )
    relu_matters = bool((computed.outputs[False][oc] < 0).any()) if computed.outputs else True
    return Match(file, layout, wrong, int(mask.sum()), telling, named, first, relu_matters)


def _dequantised(file: SumFile, layout: OutLayout, computed: Computed, oc: int) -> Iterator[Match]:
    """The file read as rounded products with one step; only where the integers themselves explain nothing."""
    step = dequantisation_step(layout.expected(computed, oc), layout.rows(file, computed.columns))
    if step is not None:
        match = _match(file, OutLayout(True, layout.columns_reversed, layout.pooled, step), computed, oc)
        if match.equal >= _DEQUANTISED:
            yield match


def _no_length(file: SumFile, computed: Computed) -> str:
    geometry, table, columns = computed.geometry, file.table, computed.columns
    if table.fields % columns or (file.kind is Kind.OUT and table.fields != columns):
        return f"its lines hold {table.fields} fields, but the weights give {columns} columns"
    if file.kind is Kind.OUT:
        choices = f"{geometry.outputs} or, 2x2 max-pooled, {geometry.pooled_outputs}"
        return f"file ends after {table.rows} outputs; {geometry} gives {choices}"
    rows = table.values.size // columns
    counts = rows_of_sums(geometry, len(computed.sums))
    choices = ", ".join(f"{count} ({what})" for what, count in counts.items())
    return f"file ends after {rows} partial sums of {columns} columns; expected {choices}"
