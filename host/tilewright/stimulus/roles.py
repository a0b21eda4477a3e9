"""Which files make which convolution: all assignments of a folder's files that their names allow."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.errors import StimulusError
from tilewright.stimulus.names import Kind, renamed
from tilewright.stimulus.reader import PartFile, StimulusSet, Unused
from tilewright.stimulus.slots import Role, Slot, act_slot, number_range, out_slot, psum_slot, roles, weight_slot
from tilewright.stimulus.textfile import Table


@dataclass(frozen=True, eq=False)
class SumFile:
    """A file of partial sums or outputs.

    Attributes:
        table: its integers.
        kind: ``PSUM`` or ``OUT``, by its name.
        oc: output-channel tile, from 0.
        ic: input-channel tile that its name gives, from 0, or None.
        tap: kernel tap that its name gives, from 0, or None.
    """

    table: Table
    kind: Kind
    oc: int
    ic: int | None = None
    tap: int | None = None


@dataclass(frozen=True, eq=False)
class Convolution:
    """Files of one convolution.

    Attributes:
        activations: one table an input-channel tile.
        weights: for each input-channel tile and output-channel tile: one table a tap, or one with all taps.
        sums: its partial sums and outputs.
        ocs: numbers of the output-channel tiles in the names, in order; None where there is none.
    """

    activations: tuple[Table, ...]
    weights: tuple[tuple[tuple[Table, ...], ...], ...]
    sums: tuple[SumFile, ...]
    ocs: tuple[int | None, ...]

    @property
    def weight_tables(self) -> tuple[Table, ...]:
        """All weight files."""
        return tuple(table for row in self.weights for tile in row for table in tile)


@dataclass(frozen=True)
class Assignment:
    """One way in which a folder's files make convolutions.

    Attributes:
        role: what numbers without a word mean.
        convolutions: at least one; they have the same sizes.
        unplaced: partial sums and outputs that belong to none of them, each with the reason.
        leftover: activation and weight files that another file stands for.
    """

    role: Role
    convolutions: tuple[Convolution, ...]
    unplaced: tuple[Unused, ...]
    leftover: tuple[PartFile, ...]


# The words in front of which a number may stand for each
_WORDS = {"map": ("unit", "bare"), "ic": ("ic", "unit", "bare"), "oc": ("oc", "unit", "bare"), "tap": ("tap", "bare")}
_WHAT = {"map": "map", "ic": "input tile", "oc": "output tile", "tap": "kernel tap"}
Slotted = list[tuple[Slot, PartFile]]


def assignments(stimulus: StimulusSet) -> tuple[list[Assignment], list[str]]:
    """All ways in which a folder's files make convolutions, the most likely first.

    Args:
        stimulus: the folder.

    Returns:
        The ways, and why others fail: a file that is missing, by the name it would have.
    """
    found: list[Assignment] = []
    problems: list[str] = []
    for acts, weights in itertools.product(_habits(stimulus.activations), _habits(stimulus.weights)):
        for role, last in itertools.product(roles(acts, weights), (False, True)):
            slotted = [(act_slot(part, acts, role), part) for part in acts]
            slotted_weights = [(weight_slot(part, weights, role), part) for part in weights]
            if last and not _has_twins(slotted) and not _has_twins(slotted_weights):
                continue
            order = -1 if last else 1
            try:
                found.append(_assign(stimulus, role, slotted[::order], slotted_weights[::order]))
            except StimulusError as error:
                problems.append(str(error))
    return found, list(dict.fromkeys(problems))


def _habits(parts: Sequence[PartFile]) -> list[list[PartFile]]:
    """Files whose names differ in numbers only; the largest group first."""
    groups: dict[str, list[PartFile]] = {}
    for part in parts:
        groups.setdefault(part.name.habit, []).append(part)
    return sorted(groups.values(), key=len, reverse=True)


def _has_twins(slotted: Slotted) -> bool:
    return len({slot for slot, _ in slotted}) < len(slotted)


def _assign(stimulus: StimulusSet, role: Role, acts: Slotted, weights: Slotted) -> Assignment:
    """One assignment.

    Raises:
        StimulusError: a file is missing; gives its name.
    """
    of_acts, of_weights = {slot.ic for slot, _ in acts} - {None}, {slot.ic for slot, _ in weights} - {None}
    maps = number_range({slot.map for slot, _ in (*acts, *weights)})
    # Where only one side is cut into tiles, the other side's lines hold all of them.
    act_ics = number_range(of_acts | of_weights if of_acts else ())
    weight_ics = number_range(of_acts | of_weights if of_weights else ())
    ocs = number_range(slot.oc for slot, _ in weights)
    taps = number_range(slot.tap for slot, _ in weights)
    used: set[Path] = set()
    reasons = {one.path: one.reason for one in stimulus.unused}

    def take(slotted: Slotted, slot: Slot, what: str) -> Table:
        part = _find(slotted, slot, what, reasons)
        used.add(part.name.path)
        return part.table

    sums, unplaced = _place_sums(stimulus, role, maps, weight_ics if of_weights else act_ics, ocs, taps)
    made = []
    for at, number in enumerate(maps):
        activations = tuple(take(acts, Slot(number, ic), "activations") for ic in act_ics)
        of_map = number if role is Role.APART else None
        grid = tuple(
            tuple(tuple(take(weights, Slot(of_map, ic, oc, tap), "weights") for tap in taps) for oc in ocs)
            for ic in weight_ics
        )
        made.append(Convolution(activations, grid, tuple(sums[at]), ocs))
    _check_lengths(made)
    leftover = tuple(part for part in (*stimulus.activations, *stimulus.weights) if part.name.path not in used)
    return Assignment(role, tuple(made), tuple(unplaced), leftover)


def _find(slotted: Slotted, slot: Slot, what: str, reasons: Mapping[Path, str]) -> PartFile:
    """The file of a slot.

    Args:
        slotted: files of one part.
        slot: which.
        what: the part in words.
        reasons: why files that are there are not read.

    Raises:
        StimulusError: it is missing, or not read.
    """
    files = slotted
    for key, number in vars(slot).items():
        of_number = [(found, part) for found, part in files if number is None or getattr(found, key) == number]
        if not of_number:
            path = renamed(files[0][1].name, _WORDS[key], number)
            wanted = f"{what} of {_WHAT[key]} {number}"
            if path.exists():
                raise StimulusError(f"{path}: {wanted} by its name, but {reasons.get(path, 'it holds another part')}")
            raise StimulusError(f"{path}: file missing ({wanted})")
        files = of_number
    return files[0][1]


def _check_lengths(convolutions: Sequence[Convolution]) -> None:
    activations = [table for one in convolutions for table in one.activations]
    rows = max(table.rows for table in activations)
    for table in activations:
        if table.rows != rows:
            raise StimulusError(f"{table.end}: file ends after {table.rows} rows, other tiles have {rows}")
        if table.fields != activations[0].fields:
            raise StimulusError(f"{table.path}: {table.fields} fields a line, other tiles have {activations[0].fields}")
    weights = [table for one in convolutions for table in one.weight_tables]
    lines = Counter(table.rows for table in weights).most_common(1)[0][0]
    for table in weights:
        if table.rows != lines:
            raise StimulusError(f"{table.end}: file ends after {table.rows} weight lines, {lines} expected")
        if table.fields != weights[0].fields:
            raise StimulusError(f"{table.path}: {table.fields} fields a line, others have {weights[0].fields}")


def _place_sums(
    stimulus: StimulusSet,
    role: Role,
    maps: Sequence[int | None],
    ics: Sequence[int | None],
    ocs: Sequence[int | None],
    taps: Sequence[int | None],
) -> tuple[list[list[SumFile]], list[Unused]]:
    """Partial sums and outputs of each map, and those that belong to none."""
    slotted = [(out_slot(part, stimulus.outs, role), part) for part in stimulus.outs]
    slotted += [(psum_slot(part, stimulus.psums, role, taps), part) for part in stimulus.psums]
    if ocs == (None,):
        ocs = number_range(slot.oc for slot, _ in slotted)
    slotted = _renumbered(_renumbered(slotted, "map", maps), "oc", ocs)
    sums: list[list[SumFile]] = [[] for _ in maps]
    unplaced = []
    for slot, part in slotted:
        reason = _no_place(slot, {"map": maps, "oc": ocs, "ic": ics})
        if reason:
            unplaced.append(Unused(part.name.path, reason))
            continue
        at, oc = (known.index(number) if number in known else 0 for known, number in ((maps, slot.map), (ocs, slot.oc)))
        ic = ics.index(slot.ic) if slot.ic in ics and slot.ic is not None else None
        sums[at].append(SumFile(part.table, part.kind, oc, ic, slot.tap))
    bare = next((number for number, of_map in zip(maps, sums, strict=True) if not of_map), None)
    if bare is not None:
        raise StimulusError(f"{stimulus.directory}: neither outputs nor partial sums of map {bare}")
    return sums, unplaced


def _renumbered(slotted: Slotted, key: str, known: Sequence[int | None]) -> Slotted:
    """Files of sums with numbers from 1, of parts with numbers from 0, or the reverse."""
    found = number_range(getattr(slot, key) for slot, _ in slotted)
    if len(found) != len(known) or found == known or None in (found[0], known[0]):
        return slotted
    number = dict(zip(found, known, strict=True))
    return [(replace(slot, **{key: number.get(getattr(slot, key))}), part) for slot, part in slotted]


def _no_place(slot: Slot, known: Mapping[str, Sequence[int | None]]) -> str:
    """Why a file of sums belongs to no convolution; nothing where it does."""
    for key, numbers in known.items():
        number = getattr(slot, key)
        if number is not None and number not in numbers and numbers != (None,):
            return f"there is no {_WHAT[key]} {number}"
    return "its name does not say which map" if slot.map is None and len(known["map"]) > 1 else ""
