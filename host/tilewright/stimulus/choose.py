"""Chooses what a set means: every reading that its files allow is computed; the one that explains the sums wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tilewright.errors import StimulusError
from tilewright.stimulus.explain import explain
from tilewright.stimulus.fit import Fit
from tilewright.stimulus.reader import StimulusSet
from tilewright.stimulus.roles import Assignment, Convolution, assignments
from tilewright.stimulus.sizes import Overrides, geometries
from tilewright.stimulus.weights import Operands, Orientation, orientations, read_operands


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
            explain(convolution, one, geometry, overrides)
            for convolution, one in zip(assignment.convolutions, operands, strict=True)
        )
        yield Fit(assignment, orientation, geometry, fits, complete)


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
