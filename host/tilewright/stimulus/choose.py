"""Chooses what a set means: every reading that its files allow is computed; the one that explains the sums wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tilewright.errors import StimulusError
from tilewright.stimulus.geometry import Geometry, Ints, accumulate, partial_sums
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
from tilewright.stimulus.reader import StimulusSet
from tilewright.stimulus.recover import Recovered, given_rows, recover_rows
from tilewright.stimulus.roles import Assignment, Convolution, SumFile, assignments
from tilewright.stimulus.sizes import Overrides, geometries
from tilewright.stimulus.weights import Operands, Orientation, orientations, read_operands

# Part of a file's sums (those that are not zero) that a reading must give to be believed. A wrong reading gives few by
# chance; a wrong activation leaves more than that right.
CREDIBLE = 0.25
# One step fits many small numbers by chance: to be dequantised, nearly all of a file must follow from one.
_DEQUANTISED = 0.9


@dataclass(frozen=True, eq=False)
class Match:
    """A file of sums with the reading that fits it best.

    Attributes:
        file: the file.
        layout: the reading.
        wrong: sums that differ.
        compared: sums that are compared.
        telling: those of them that are not zero, in the file or computed.
        explained: part of the telling ones that is given; 0 to 1.
        first: the first that differs, in words.
        relu_matters: whether an output is negative before ReLU.
    """

    file: SumFile
    layout: Layout
    wrong: int
    compared: int
    telling: int
    explained: float
    first: str
    relu_matters: bool = True


@dataclass(frozen=True, eq=False)
class Unread:
    """A file of sums whose size fits no reading.

    Attributes:
        file: the file.
        reason: why.
    """

    file: SumFile
    reason: str


@dataclass(frozen=True, eq=False)
class ConvolutionFit:
    """A convolution under one reading.

    Attributes:
        files: its files.
        weights: int64 (ic_tiles, oc_tiles, taps, columns, rows).
        tiles: activations of each input-channel tile.
        matches: its files of sums with their readings; without out files where activations are not known.
        unread: those that have none.
        computed: all of its sums, in numpy.
    """

    files: Convolution
    weights: Ints
    tiles: tuple[Recovered, ...]
    matches: tuple[Match, ...]
    unread: tuple[Unread, ...]
    computed: Computed

    @property
    def activations(self) -> Ints:
        """int64 (ic_tiles, positions, rows)."""
        return np.stack([tile.rows for tile in self.tiles])


@dataclass(frozen=True)
class Fit:
    """A set under one reading.

    Attributes:
        assignment: which files make which convolution.
        orientation: meaning of weight lines and fields.
        geometry: sizes of the layer.
        convolutions: each convolution.
        complete: whether the activation files hold all positions.
        rivals: credible readings that take other files.
    """

    assignment: Assignment
    orientation: Orientation
    geometry: Geometry
    convolutions: tuple[ConvolutionFit, ...]
    complete: bool
    rivals: tuple[Fit, ...] = ()

    @property
    def credible(self) -> bool:
        """Whether it explains a good part of a file at least."""
        return any(match.explained >= CREDIBLE for match in self.deciding)

    @property
    def paths(self) -> set[Path]:
        """Activation and weight files that it takes."""
        files = [one.files for one in self.convolutions]
        return {table.path for one in files for table in (*one.activations, *one.weight_tables)}

    @property
    def blank(self) -> bool:
        """Whether every sum that is compared is 0."""
        return not any(match.telling for match in self.matches)

    @property
    def activations(self) -> Ints:
        """Of the first convolution: int64 (ic_tiles, positions, rows)."""
        return self.convolutions[0].activations

    @property
    def weights(self) -> Ints:
        """Of the first convolution: int64 (ic_tiles, oc_tiles, taps, columns, rows)."""
        return self.convolutions[0].weights

    @property
    def matches(self) -> tuple[Match, ...]:
        """Of all convolutions."""
        return tuple(match for convolution in self.convolutions for match in convolution.matches)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """Of all convolutions."""
        return tuple(unread for convolution in self.convolutions for unread in convolution.unread)

    @property
    def deciding(self) -> tuple[Match, ...]:
        """Files that decide: outputs of a set that lacks activation rows do not, its partial sums do."""
        return tuple(match for match in self.matches if self.complete or match.file.kind is Kind.PSUM)

    @property
    def mismatches(self) -> int:
        """Sums that differ, and rows that cannot be recovered."""
        tiles = [tile for convolution in self.convolutions for tile in convolution.tiles]
        refused = sum(int(tile.refused.sum()) * tile.rows.shape[1] for tile in tiles)
        return refused + sum(match.wrong for match in self.deciding)

    @property
    def exact(self) -> bool:
        """Whether every file of sums is read and equal."""
        left_out = self.unread or self.assignment.unplaced
        return bool(self.deciding) and not left_out and self.mismatches == 0

    @property
    def explained(self) -> float:
        """How many files the reading explains, one that it explains in part as that part."""
        refused = sum(float(tile.refused.mean()) for convolution in self.convolutions for tile in convolution.tiles)
        return round(sum(match.explained for match in self.deciding) - refused, 9)

    @property
    def rank(self) -> tuple[float, int, int]:
        """Larger is more credible: files explained, fewest left out, fewest sums that differ."""
        return self.explained, -len(self.unread) - len(self.assignment.unplaced), -self.mismatches


def choose(stimulus: StimulusSet, overrides: Overrides) -> Fit:
    """Finds the reading that explains a set best: most files, then fewest sums that differ, then the most likely.

    Args:
        stimulus: the set.
        overrides: what the user says; a given ``weight_line`` is taken even if it explains nothing.

    Returns:
        The set under that reading. Sums may differ in places (a wrong value), and files may contradict it.

    Raises:
        StimulusError: no reading is possible, or none explains a fourth of any file's sums: says how many differ under
            the best one, and where the first is.
    """
    found, problems = assignments(stimulus)
    fits = [fit for assignment in found if (fit := _best_fit(assignment, overrides, problems)) is not None]
    if not fits:
        raise StimulusError(problems[0])
    best = max(fits, key=lambda fit: fit.rank)
    _check_credible(stimulus, best, overrides, problems)
    return replace(best, rivals=tuple(fit for fit in fits if fit is not best and fit.credible))


def _best_fit(assignment: Assignment, overrides: Overrides, problems: list[str]) -> Fit | None:
    """The best reading of an assignment; what makes one impossible goes into ``problems``."""
    best: Fit | None = None
    for fit in _fits(assignment, overrides, problems):
        if best is None or fit.rank > best.rank:
            best = fit
        if fit.exact:
            break
    return best


def _fits(assignment: Assignment, overrides: Overrides, problems: list[str]) -> Iterator[Fit]:
    """All readings of an assignment, computed."""
    seen: list[Operands] = []
    for orientation in orientations(assignment.convolutions[0], overrides):
        operands = [read_operands(convolution, orientation) for convolution in assignment.convolutions]
        if any(_same(operands[0], other) for other in seen):
            continue
        seen.append(operands[0])
        try:
            yield from _fits_of_sizes(assignment, orientation, operands, overrides)
        except StimulusError as error:
            problems.append(str(error))
    if not seen:
        problems.append(_no_orientation(assignment.convolutions[0]))


def _same(first: Operands, second: Operands) -> bool:
    return np.array_equal(first.weights, second.weights) and np.array_equal(first.activations, second.activations)


def _no_orientation(convolution: Convolution) -> str:
    table, acts = convolution.weight_tables[0], convolution.activations[0]
    return (
        f"{table.end}: {table.rows} weight lines of {table.fields} fields are no whole taps of 8 or 16 columns for "
        f"{acts.path.name} with its {acts.fields} fields a line"
    )


def _fits_of_sizes(
    assignment: Assignment, orientation: Orientation, operands: Sequence[Operands], overrides: Overrides
) -> Iterator[Fit]:
    taps = operands[0].weights.shape[2]
    for geometry in geometries(assignment.convolutions[0], taps, overrides):
        given = len(geometry.given)
        complete = all(one.activations.shape[1] == given for one in operands)
        fits = tuple(
            _fit(convolution, one, geometry, overrides)
            for convolution, one in zip(assignment.convolutions, operands, strict=True)
        )
        yield Fit(assignment, orientation, geometry, fits, complete)


def _fit(convolution: Convolution, operands: Operands, geometry: Geometry, overrides: Overrides) -> ConvolutionFit:
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
        if isinstance(layout, OutLayout) and layout.relu and matches[-1].explained < CREDIBLE and file.kind is Kind.OUT:
            matches.extend(_dequantised(file, layout, computed, oc))
    if not matches:
        return Unread(file, _no_length(file, computed))
    return min(matches, key=lambda match: match.wrong)


def _match(file: SumFile, layout: Layout, computed: Computed, oc: int) -> Match:
    found, expected = layout.rows(file, computed.columns), layout.expected(computed, oc)
    mask = layout.mask(computed, oc)
    different = (found != expected) & mask
    telling = int((((found != 0) | (expected != 0)) & mask).sum())
    wrong = int(different.sum())
    explained = 1.0 - wrong / telling if telling else 1.0
    first = ""
    if wrong:
        row, column = np.argwhere(different)[0].tolist()
        first = (
            f"line {layout.line(file, row)}, column {column}: {found[row, column]}, computed {expected[row, column]}"
        )
    relu_matters = bool((computed.outputs[False][oc] < 0).any()) if computed.outputs else True
    return Match(file, layout, wrong, int(mask.sum()), telling, explained, first, relu_matters)


def _dequantised(file: SumFile, layout: OutLayout, computed: Computed, oc: int) -> Iterator[Match]:
    """The file read as rounded products with one step; only where the integers themselves explain nothing."""
    step = dequantisation_step(layout.expected(computed, oc), layout.rows(file, computed.columns))
    if step is not None:
        match = _match(file, OutLayout(True, layout.columns_reversed, layout.pooled, step), computed, oc)
        if match.explained >= _DEQUANTISED:
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


def _check_credible(stimulus: StimulusSet, best: Fit, overrides: Overrides, problems: Sequence[str]) -> None:
    """Refuses a set that even its best reading does not explain.

    Raises:
        StimulusError: nothing can be compared, or what is compared differs.
    """
    first = best.convolutions[0].files
    acts, table = first.activations[0], first.weight_tables[0]
    if not best.deciding and not best.complete:
        raise StimulusError(
            f"{acts.end}: file ends after {acts.rows} of {best.geometry.positions} rows, and there is no psum file: "
            "nothing can be replayed"
        )
    if not best.deciding:
        reasons = [f"{unread.file.table.end}: {unread.reason}" for unread in best.unread]
        reasons += [f"{one.path}: {one.reason}" for one in best.assignment.unplaced]
        raise StimulusError("; ".join(dict.fromkeys([*problems, *reasons])))
    if overrides.weight_line is not None or best.credible:
        return
    names = ", ".join(stimulus.relative(match.file.table.path) for match in best.deciding)
    counts = [
        f"{match.wrong} of {match.compared} differ in {match.file.table.path.name}, the first in {match.first}"
        for match in best.deciding
    ]
    counts += [f"{unread.file.table.path.name}: {unread.reason}" for unread in best.unread]
    others = "".join(f"; {text}" for text in dict.fromkeys(problems))
    raise StimulusError(
        f"{table.path}:{table.lines[0]}: no reading explains {names}. The best one ({best.orientation}; "
        f"{best.geometry}): {'; '.join(counts)}. The set is damaged, its sizes are others (--stride, --padded-map, "
        f"--kernel), or force a reading with --weight-line to see every mismatch{others}"
    )
