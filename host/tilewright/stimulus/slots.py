"""What the numbers in names stand for: for each meaning of a number without a word, the place of each file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from tilewright.stimulus.reader import PartFile

# Lines of a weight file from which on it holds more than one tap
_ALL_TAPS_LINES = 32


class Role(Enum):
    """What the number of a tile, a core or a file stands for where no word says it."""

    IC = "input-channel tiles"
    OC = "output-channel tiles"
    MAP = "maps with shared weights"
    APART = "convolutions of their own"


@dataclass(frozen=True)
class Slot:
    """Numbers of a file by what they mean under a role; None: none, or all."""

    map: int | None = None
    ic: int | None = None
    oc: int | None = None
    tap: int | None = None


def number_range(numbers: Iterable[int | None]) -> tuple[int | None, ...]:
    """All numbers from 0 or 1 to the largest; ``(None,)`` where there are none."""
    found = {number for number in numbers if number is not None}
    return tuple(range(0 if 0 in found else 1, max(found) + 1)) if found else (None,)


def roles(acts: Sequence[PartFile], weights: Sequence[PartFile]) -> Sequence[Role]:
    """What numbers without a word may mean, the most likely first.

    Args:
        acts: activation files of one habit.
        weights: weight files of one habit.
    """
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


def act_slot(part: PartFile, group: Sequence[PartFile], role: Role) -> Slot:
    """Place of an activation file among those of its habit."""
    number = _act_number(part, group)
    if role in (Role.MAP, Role.APART):
        return Slot(map=number)
    return Slot(ic=number)


def weight_slot(part: PartFile, group: Sequence[PartFile], role: Role) -> Slot:
    """Place of a weight file among those of its habit."""
    own, folder, unit = part.name.own, part.name.folder, _weight_unit(part, group)
    return Slot(
        map=unit if role is Role.APART else None,
        ic=_first(own.ic, folder.ic, unit if role is Role.IC else None),
        oc=_first(own.oc, folder.oc, unit if role is Role.OC else None),
        tap=_first(own.tap, own.bare if len(group) > 1 and _bare_is_tap(group) else None),
    )


def out_slot(part: PartFile, group: Sequence[PartFile], role: Role) -> Slot:
    """Place of an out file among all of them."""
    own, folder = part.name.own, part.name.folder
    bare = own.bare if len(group) > 1 else None
    number = _first(own.unit, bare, folder.unit)
    if role in (Role.MAP, Role.APART):
        return Slot(map=number, oc=_first(own.oc, folder.oc))
    # A folder of an input-channel tile may hold a copy of the outputs of all.
    return Slot(oc=_first(own.oc, folder.oc, own.unit, bare, number if role is Role.OC else None))


def psum_slot(part: PartFile, group: Sequence[PartFile], role: Role, taps: Sequence[int | None]) -> Slot:
    """Place of a psum file among all of them; its tap counts from 0.

    Args:
        part: the file.
        group: all psum files.
        role: what numbers without a word mean.
        taps: numbers of the weights' taps.
    """
    own, folder = part.name.own, part.name.folder
    bare_is_tap = own.tap is None and _are_taps({one.name.own.bare for one in group}, taps)
    number = _first(own.unit, folder.unit, None if bare_is_tap or len(group) == 1 or role is Role.IC else own.bare)
    tap = own.bare if bare_is_tap else own.tap
    numbers = {one.name.own.bare if bare_is_tap else one.name.own.tap for one in group}
    first = number_range(numbers)[0] if _are_taps(numbers, taps) else taps[0]
    return Slot(
        map=number if role in (Role.MAP, Role.APART) else None,
        ic=_first(own.ic, folder.ic, number if role is Role.IC else None),
        oc=_first(own.oc, folder.oc, number if role is Role.OC else None),
        tap=None if tap is None else tap - (first or 0),
    )


def _are_taps(numbers: set[int | None], taps: Sequence[int | None]) -> bool:
    """Whether numbers without a word count the taps: as many as the weights', or a square where those do not say."""
    complete = number_range(numbers)
    if complete == (None,) or numbers != set(complete):
        return False
    return len(complete) == len(taps) if taps[0] is not None else math.isqrt(len(complete)) ** 2 == len(complete) > 1


def _first(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)
