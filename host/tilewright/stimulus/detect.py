"""Decides what the lines of a set mean: every candidate reading is computed and compared with all of its sums."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.errors import StimulusError
from tilewright.stimulus.geometry import Geometry, Ints, accumulate, partial_sums
from tilewright.stimulus.layouts import OutLayout, PsumLayout, dequantisation_step, out_layouts, psum_layouts
from tilewright.stimulus.reader import StimulusSet, SumFile
from tilewright.stimulus.recover import Recovered, given_rows, recover_rows
from tilewright.stimulus.sizes import Overrides


@dataclass(frozen=True)
class Orientation:
    """Meaning of weight lines and fields.

    Attributes:
        weight_line: ``oc`` where a line is a column (output channel), ``ic`` where it is a row (input channel).
        rows_reversed: whether weights and activations give their input channels in opposite orders.
    """

    weight_line: str
    rows_reversed: bool

    def apply(self, weights: Ints) -> Ints:
        """Weights as (..., columns, rows), rows in the order of the activation files."""
        oriented = weights if self.weight_line == "oc" else weights.swapaxes(-1, -2)
        return oriented[..., ::-1] if self.rows_reversed else oriented

    def __str__(self) -> str:
        line = "output" if self.weight_line == "oc" else "input"
        return f"weight line = {line} channel" + (", rows reversed" if self.rows_reversed else "")


@dataclass(frozen=True)
class OutMatch:
    """An out file with the reading that fits it best; ``relu_matters`` where an output is negative before ReLU."""

    file: SumFile
    layout: OutLayout
    mismatches: int
    relu_matters: bool


@dataclass(frozen=True)
class PsumMatch:
    """A psum file with the reading that fits it best; only rows of known activations are compared."""

    file: SumFile
    layout: PsumLayout
    mismatches: int
    compared: int


@dataclass(frozen=True)
class Fit:
    """A set under one orientation.

    Attributes:
        orientation: meaning of weight lines and fields.
        weights: int64 (ic_tiles, oc_tiles, taps, columns, rows).
        tiles: activations of each input-channel tile.
        psums: partial-sum files with their readings.
        outs: out files with their readings; empty where activations are not known.
        complete: whether the activation files hold all positions.
    """

    orientation: Orientation
    weights: Ints
    tiles: tuple[Recovered, ...]
    psums: tuple[PsumMatch, ...]
    outs: tuple[OutMatch, ...]
    complete: bool

    @property
    def activations(self) -> Ints:
        """int64 (ic_tiles, positions, rows)."""
        return np.stack([tile.rows for tile in self.tiles])

    @property
    def mismatches(self) -> int:
        """Sums that differ; outputs of a set that lacks activation rows do not count, its psums decide."""
        refused = 8 * int(sum(tile.refused.sum() for tile in self.tiles))
        outs = sum(match.mismatches for match in self.outs) if self.complete else 0
        return refused + outs + sum(match.mismatches for match in self.psums)


def detect(stimulus: StimulusSet, geometry: Geometry, overrides: Overrides) -> Fit:
    """Finds the orientation that explains the set's sums.

    Args:
        stimulus: the set.
        geometry: sizes of its layer.
        overrides: what the user says; a given ``weight_line`` without ``rows_reversed`` means rows in order, unless the
            data clearly say reversed.

    Returns:
        The set under that orientation. Sums may differ in places (a damaged value) where it is still clear which one.

    Raises:
        StimulusError: both meanings of a weight line explain all sums, or none does; names file, line and option.
    """
    lines = ("oc", "ic") if overrides.weight_line is None else (overrides.weight_line,)
    orders = (False, True) if overrides.rows_reversed is None else (overrides.rows_reversed,)
    first = stimulus.activations[0]
    if first.rows < geometry.positions and not stimulus.psums:
        raise StimulusError(
            f"{first.end}: file ends after {first.rows} of {geometry.positions} rows, and there is no psum file: "
            "nothing can be replayed"
        )
    fits: list[Fit] = []
    for orientation in (Orientation(line, reverse) for line, reverse in itertools.product(lines, orders)):
        weights = orientation.apply(stimulus.weights)
        if not any(np.array_equal(weights, fit.weights) for fit in fits):
            fits.append(_fit(stimulus, geometry, overrides, orientation))
    return _choose(stimulus, fits, overrides)


def _choose(stimulus: StimulusSet, fits: Sequence[Fit], overrides: Overrides) -> Fit:
    exact = [fit for fit in fits if fit.mismatches == 0]
    # Where both orders of the rows fit, they differ in nothing that the sums show: in order comes first.
    if len({fit.orientation.weight_line for fit in exact}) == 1:
        return exact[0]
    ranked = sorted(fits, key=lambda fit: fit.mismatches)
    if not exact and (len(ranked) == 1 or ranked[0].mismatches * 2 <= ranked[1].mismatches):
        return ranked[0]
    if overrides.weight_line is not None:
        return fits[0]
    table = stimulus.weight_tables[0]
    where = f"{table.path}:{table.lines[0]}"
    files = ", ".join(file.table.path.name for file in (*stimulus.outs, *stimulus.psums))
    if exact:
        raise StimulusError(
            f"{where}: ambiguous orientation: a weight line may be an output or an input channel, {files} fit both; "
            "say which with --weight-line"
        )
    counts = "; ".join(f"{fit.orientation}: {fit.mismatches} sums differ" for fit in ranked)
    raise StimulusError(
        f"{where}: no orientation explains {files} ({counts}); the set is damaged, its sizes are others (--stride, "
        "--padded-map, --kernel), or force one with --weight-line to see every mismatch"
    )


def _fit(stimulus: StimulusSet, geometry: Geometry, overrides: Overrides, orientation: Orientation) -> Fit:
    weights = orientation.apply(stimulus.weights)
    complete = stimulus.activations[0].rows == geometry.positions
    tiles = tuple(
        given_rows(table.values, geometry.positions)
        if complete
        else _recover(stimulus, geometry, overrides, weights, ic)
        for ic, table in enumerate(stimulus.activations)
    )
    sums = partial_sums(np.stack([tile.rows for tile in tiles]), weights)
    known = np.broadcast_to(np.stack([tile.known for tile in tiles])[:, None, :, None], sums[:, 0].shape)
    psums = tuple(_best_psum(file, geometry, overrides, sums[:, file.oc], known) for file in stimulus.psums)
    outs: tuple[OutMatch, ...] = ()
    if known.all():
        outputs = accumulate(sums, geometry)
        outs = tuple(_best_out(file, overrides, outputs[file.oc]) for file in stimulus.outs)
    return Fit(orientation, weights, tiles, psums, outs, complete)


def _recover(stimulus: StimulusSet, geometry: Geometry, overrides: Overrides, weights: Ints, ic: int) -> Recovered:
    """Activations of a tile whose file lacks rows: the psum file and reading that fit best."""
    given = stimulus.activations[ic].values
    found = []
    for file in stimulus.psums:
        for layout in psum_layouts(file, geometry, stimulus.ic_tiles, overrides.columns_reversed):
            if layout.ic == ic and layout.tap_major:
                sums = layout.rows(file)[: geometry.positions]
                found.append(recover_rows(given, weights[ic, file.oc, layout.tap or 0], sums))
    return min(found, key=lambda tile: tile.rank, default=given_rows(given, geometry.positions))


def _best_psum(
    file: SumFile, geometry: Geometry, overrides: Overrides, sums: Ints, known: npt.NDArray[np.bool_]
) -> PsumMatch:
    matches = []
    for layout in psum_layouts(file, geometry, len(sums), overrides.columns_reversed):
        mask = layout.mask(known)
        wrong = int(((layout.expected(sums) != layout.rows(file)) & mask).sum())
        matches.append(PsumMatch(file, layout, wrong, int(mask.sum())))
    return min(matches, key=lambda match: match.mismatches)


def _best_out(file: SumFile, overrides: Overrides, outputs: Ints) -> OutMatch:
    found = file.table.values
    negative = bool((outputs < 0).any())
    matches = []
    for layout in out_layouts(overrides.relu, overrides.columns_reversed):
        expected = layout.expected(outputs)
        matches.append(OutMatch(file, layout, int((expected != found).sum()), negative))
        step = dequantisation_step(expected, found) if layout.relu and matches[-1].mismatches else None
        if step is not None:
            dequantised = OutLayout(True, layout.columns_reversed, step)
            expected = dequantised.expected(outputs)
            matches.append(OutMatch(file, dequantised, int((expected != found).sum()), negative))
    return min(matches, key=lambda match: match.mismatches)
