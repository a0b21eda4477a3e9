"""Which files make which convolution: all assignments of a folder's files that their names allow."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from tilewright.errors import StimulusError
from tilewright.stimulus.names import Kind, renamed
from tilewright.stimulus.reader import PartFile, StimulusSet, Unused
from tilewright.stimulus.textfile import Table

# Lines of a weight file from which on it holds more than one tap
_ALL_TAPS_LINES = 32


class Role(Enum):
    """What the number of a tile, a core or a file stands for where no word says it."""

    IC = "input-channel tiles"
    OC = "output-channel tiles"
    MAP = "maps with shared weights"
    APART = "convolutions of their own"


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


@dataclass(frozen=True)
class _Slot:
    """Numbers of a file by what they mean under a role; None: none, or all."""

    map: int | None = None
    ic: int | None = None
    oc: int | None = None
    tap: int | None = None


# The words in front of which a number may stand for each
_WORDS = {"map": ("unit", "bare"), "ic": ("ic", "unit", "bare"), "oc": ("oc", "unit", "bare"), "tap": ("tap", "bare")}
_WHAT = {"map": "map", "ic": "input tile", "oc": "output tile", "tap": "kernel tap"}
_Slotted = list[tuple[_Slot, PartFile]]


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
        for role, last in itertools.product(_roles(acts, weights), (False, True)):
            slotted = [(_act_slot(part, acts, role), part) for part in acts]
            slotted_weights = [(_weight_slot(part, weights, role), part) for part in weights]
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


def _has_twins(slotted: _Slotted) -> bool:
    return len({slot for slot, _ in slotted}) < len(slotted)


def _first(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)


def _roles(acts: Sequence[PartFile], weights: Sequence[PartFile]) -> Sequence[Role]:
    of_acts = {_act_number(part, acts) for part in acts} - {None}
    of_weights = {_weight_unit(part, weights) for part in weights} - {None}
    if any(_first(part.name.own.ic, part.name.folder.ic) is not None for part in (*acts, *weights)):
        return (Role.OC, Role.IC) if of_weights else (Role.IC,)
    if of_acts and of_weights:
        return Role.IC, Role.APART
    if of_acts:
        return Role.MAP, Role.IC
    return (Role.OC, Role.IC) if of_weights else (Role.IC,)


def _act_number(part: PartFile, group: Sequence[PartFile]) -> int | None:
    own, folder = part.name.own, part.name.folder
    return _first(own.ic, own.unit, own.bare if len(group) > 1 else None, folder.ic, folder.unit)


def _bare_is_tap(group: Sequence[PartFile]) -> bool:
    return all(part.name.own.tap is None and part.table.rows < _ALL_TAPS_LINES for part in group)


def _weight_unit(part: PartFile, group: Sequence[PartFile]) -> int | None:
    own, folder = part.name.own, part.name.folder
    return _first(own.unit, folder.unit, None if len(group) == 1 or _bare_is_tap(group) else own.bare)


def _act_slot(part: PartFile, group: Sequence[PartFile], role: Role) -> _Slot:
    number = _act_number(part, group)
    if role in (Role.MAP, Role.APART):
        return _Slot(map=number)
    return _Slot(ic=number)


def _weight_slot(part: PartFile, group: Sequence[PartFile], role: Role) -> _Slot:
    own, folder, unit = part.name.own, part.name.folder, _weight_unit(part, group)
    return _Slot(
        map=unit if role is Role.APART else None,
        ic=_first(own.ic, folder.ic, unit if role is Role.IC else None),
        oc=_first(own.oc, folder.oc, unit if role is Role.OC else None),
        tap=_first(own.tap, own.bare if len(group) > 1 and _bare_is_tap(group) else None),
    )


def _range(numbers: Iterable[int | None]) -> tuple[int | None, ...]:
    """All numbers from 0 or 1 to the largest; ``(None,)`` where there are none."""
    found = {number for number in numbers if number is not None}
    return tuple(range(0 if 0 in found else 1, max(found) + 1)) if found else (None,)


def _assign(stimulus: StimulusSet, role: Role, acts: _Slotted, weights: _Slotted) -> Assignment:
    """One assignment.

    Raises:
        StimulusError: a file is missing; gives its name.
    """
    of_acts, of_weights = {slot.ic for slot, _ in acts} - {None}, {slot.ic for slot, _ in weights} - {None}
    maps = _range({slot.map for slot, _ in (*acts, *weights)})
    # Where only one side is cut into tiles, the other side's lines hold all of them.
    act_ics = _range(of_acts | of_weights if of_acts else ())
    weight_ics = _range(of_acts | of_weights if of_weights else ())
    ocs = _range(slot.oc for slot, _ in weights)
    taps = _range(slot.tap for slot, _ in weights)
    used: set[Path] = set()
    reasons = {one.path: one.reason for one in stimulus.unused}

    def take(slotted: _Slotted, slot: _Slot, what: str) -> Table:
        part = _find(slotted, slot, what, reasons)
        used.add(part.name.path)
        return part.table

    sums, unplaced = _place_sums(stimulus, role, maps, weight_ics if of_weights else act_ics, ocs, taps)
    made = []
    for at, number in enumerate(maps):
        activations = tuple(take(acts, _Slot(number, ic), "activations") for ic in act_ics)
        of_map = number if role is Role.APART else None
        grid = tuple(
            tuple(tuple(take(weights, _Slot(of_map, ic, oc, tap), "weights") for tap in taps) for oc in ocs)
            for ic in weight_ics
        )
        made.append(Convolution(activations, grid, tuple(sums[at]), ocs))
    _check_lengths(made)
    leftover = tuple(part for part in (*stimulus.activations, *stimulus.weights) if part.name.path not in used)
    return Assignment(role, tuple(made), tuple(unplaced), leftover)


def _find(slotted: _Slotted, slot: _Slot, what: str, reasons: Mapping[Path, str]) -> PartFile:
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
    slotted = [(_out_slot(part, stimulus.outs, role), part) for part in stimulus.outs]
    slotted += [(_psum_slot(part, stimulus.psums, role, taps), part) for part in stimulus.psums]
    if ocs == (None,):
        ocs = _range(slot.oc for slot, _ in slotted)
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


def _renumbered(slotted: _Slotted, key: str, known: Sequence[int | None]) -> _Slotted:
    """Files of sums with numbers from 1, of parts with numbers from 0, or the reverse."""
    found = _range(getattr(slot, key) for slot, _ in slotted)
    if len(found) != len(known) or found == known or None in (found[0], known[0]):
        return slotted
    number = dict(zip(found, known, strict=True))
    return [(replace(slot, **{key: number.get(getattr(slot, key))}), part) for slot, part in slotted]


def _no_place(slot: _Slot, known: Mapping[str, Sequence[int | None]]) -> str:
    """Why a file of sums belongs to no convolution; nothing where it does."""
    for key, numbers in known.items():
        number = getattr(slot, key)
        if number is not None and number not in numbers and numbers != (None,):
            return f"there is no {_WHAT[key]} {number}"
    return "its name does not say which map" if slot.map is None and len(known["map"]) > 1 else ""


def _out_slot(part: PartFile, group: Sequence[PartFile], role: Role) -> _Slot:
    own, folder = part.name.own, part.name.folder
    bare = own.bare if len(group) > 1 else None
    number = _first(own.unit, bare, folder.unit)
    if role in (Role.MAP, Role.APART):
        return _Slot(map=number, oc=_first(own.oc, folder.oc))
    # A folder of an input-channel tile may hold a copy of the outputs of all.
    return _Slot(oc=_first(own.oc, folder.oc, own.unit, bare, number if role is Role.OC else None))


def _psum_slot(part: PartFile, group: Sequence[PartFile], role: Role, taps: Sequence[int | None]) -> _Slot:
    own, folder = part.name.own, part.name.folder
    bare_is_tap = own.tap is None and _are_taps({one.name.own.bare for one in group}, taps)
    number = _first(own.unit, folder.unit, None if bare_is_tap or len(group) == 1 or role is Role.IC else own.bare)
    tap = own.bare if bare_is_tap else own.tap
    numbers = {one.name.own.bare if bare_is_tap else one.name.own.tap for one in group}
    first = _range(numbers)[0] if _are_taps(numbers, taps) else taps[0]
    return _Slot(
        map=number if role in (Role.MAP, Role.APART) else None,
        ic=_first(own.ic, folder.ic, number if role is Role.IC else None),
        oc=_first(own.oc, folder.oc, number if role is Role.OC else None),
        tap=None if tap is None else tap - (first or 0),
    )


def _are_taps(numbers: set[int | None], taps: Sequence[int | None]) -> bool:
    """Whether numbers without a word count the taps: as many as the weights', or a square where those do not say."""
    complete = _range(numbers)
    if complete == (None,) or numbers != set(complete):
        return False
    return len(complete) == len(taps) if taps[0] is not None else math.isqrt(len(complete)) ** 2 == len(complete) > 1
