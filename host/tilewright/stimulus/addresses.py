"""Accumulation addresses (acc files) against the layouts in use; a replay does not need them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tilewright.stimulus.geometry import Geometry, Ints, accumulation_addresses
from tilewright.stimulus.textfile import Lines

_WIDTHS = range(8, 22)
# Part of the addresses that must follow a layout for the others to be wrong ones
_FOLLOWED = 0.5


@dataclass(frozen=True)
class AddressReport:
    """What an address file is.

    Attributes:
        layout: its layout in words.
        wrong_layout: whether the layout is a known wrong one.
        contradiction: where the file leaves its layout, or which line is damaged; empty if nowhere.
    """

    layout: str
    wrong_layout: bool = False
    contradiction: str = ""


@dataclass(frozen=True)
class _Addresses:
    """Addresses of a file under one reading: the reading in words, int64 in the file's order, and the line of each."""

    text: str
    values: Ints
    lines: Ints


def report_addresses(lines: Lines, geometry: Geometry, ic_tiles: int) -> AddressReport:
    """Says which layout a file of addresses follows.

    Args:
        lines: the file.
        geometry: sizes of the layer.
        ic_tiles: input-channel tiles.

    Returns:
        Its layout, and where it leaves it.
    """
    readings = _readings(lines)
    damage = _damage(lines) if not readings else ""
    if damage:
        return AddressReport("damaged", contradiction=damage)
    choices = [(addresses, layout) for addresses in readings for layout in _layouts(geometry, ic_tiles)]
    if not choices:
        return AddressReport(f"lines of {lines.packed} digits, which no addresses of 8 to 21 bits make; not needed")
    addresses, layout = max(choices, key=lambda choice: _agreement(choice[0].values, choice[1][1]))
    return _against(lines, addresses, *layout)


def _against(lines: Lines, addresses: _Addresses, text: str, expected: Ints, right: bool) -> AddressReport:
    found = addresses.values
    per_line = len(found) // len(lines.data)
    packed = "" if per_line <= 1 else f", {per_line} addresses a line"
    if _agreement(found, expected) < _FOLLOWED:
        return AddressReport(f"{len(found)} addresses{addresses.text} that follow no layout known here; not needed")
    contradiction = ""
    shared = min(len(found), len(expected))
    wrong = np.flatnonzero(found[:shared] != expected[:shared])
    if len(found) != len(expected):
        end = f"{lines.path}:{lines.data[-1][0]}"
        contradiction = f"{end}: file ends after {len(found)} addresses, {len(expected)} expected ({text})"
    elif len(wrong):
        first = int(wrong[0])
        contradiction = (
            f"{lines.path}:{addresses.lines[first]}: address {found[first]}, {expected[first]} expected ({text}); "
            f"{len(wrong)} of {len(found)} addresses differ"
        )
    return AddressReport(text + packed, not right, contradiction)


def _readings(lines: Lines) -> list[_Addresses]:
    """The file as numbers of a base, for binary ones with each width that may be; empty where a line is damaged."""
    if lines.damage:
        return []
    if sum(bool(re.search(r"[2-9a-fA-F]", text)) for _, text in lines.data) > 1:
        words = [(number, word) for number, text in lines.data for word in _words(text)]
        base = 10 if all(word.isdecimal() for _, word in words) else 16
        if all(re.fullmatch(r"[0-9a-fA-F]{1,6}", word) for _, word in words):
            return [_addresses(f", base {base},", [(number, int(word, base)) for number, word in words])]
        return []
    if _damage(lines):
        return []
    return [_decode(lines, bits) for bits in _widths(lines)]


def _damage(lines: Lines) -> str:
    """The first line that is no binary number, or shorter or longer than the others."""
    if lines.damage:
        return lines.damage
    packed = lines.packed
    for number, text in lines.data:
        digits = "".join(_words(text))
        wrong = re.search(r"[^01]", digits)
        if wrong:
            column = text.index(wrong[0]) + 1
            return f"{lines.path}:{number}: character {wrong[0]!r} in column {column} is not a binary digit"
        if len(digits) != packed:
            return f"{lines.path}:{number}: {len(digits)} characters, {packed} expected"
    return ""


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,;|_]+", text) if word]


def _widths(lines: Lines) -> list[int]:
    """Bits that an address may have: those of a word, or those that divide a line."""
    words = {len(word) for word in _words(lines.data[0][1])}
    width = words.pop() if len(words) == 1 else lines.packed
    return [width] if width <= _WIDTHS[-1] else [bits for bits in _WIDTHS if width % bits == 0]


def _decode(lines: Lines, bits: int) -> _Addresses:
    found = []
    for number, text in lines.data:
        digits = "".join(_words(text))
        found += [(number, int(digits[start : start + bits], 2)) for start in range(0, len(digits), bits)]
    return _addresses(f" of {bits} bits", found)


def _addresses(text: str, found: Sequence[tuple[int, int]]) -> _Addresses:
    numbers, values = np.array(found, dtype=np.int64).T
    return _Addresses(text, values, numbers)


def _agreement(found: Ints, expected: Ints) -> float:
    """Part of the addresses that agree; where some are missing or too many, those before and behind."""
    if len(found) == len(expected):
        return float((found == expected).mean())
    shared = min(len(found), len(expected))
    before = np.append(found[:shared] != expected[:shared], True).argmax()
    behind = np.append((found[-shared:] != expected[-shared:])[::-1], True).argmax()
    return min(float(before + behind), shared) / max(len(found), len(expected))


def _layouts(geometry: Geometry, ic_tiles: int) -> list[tuple[str, Ints, bool]]:
    """Known layouts: words, addresses in the order of the file, whether they are right."""
    outputs, taps, positions = geometry.outputs, geometry.taps, geometry.positions
    one_tile = accumulation_addresses(geometry, 1)
    all_tiles = accumulation_addresses(geometry, ic_tiles)
    paired = (one_tile + np.arange(taps) * positions * (ic_tiles - 1))[:, :, None]
    sources = geometry.sources()[:, :, None]
    paired = paired + sources * (ic_tiles - 1) + np.arange(ic_tiles)
    counted = np.arange(taps) * outputs + np.arange(outputs)[:, None]
    prefix = "" if ic_tiles == 1 else "ic_tile*taps*positions + "
    layouts = [
        (f"{prefix}kij*positions + source, output by output", all_tiles, True),
        (f"{prefix}kij*positions + source, tap by tap", all_tiles.T, True),
        ("kij*positions + source of one input-channel tile, output by output", one_tile, True),
        (f"(kij*positions + source)*{ic_tiles} + ic_tile, output by output", paired, True),
        ("kij*positions + position, one a tap and position", np.arange(taps * positions), True),
        ("kij*outputs + output, output by output", counted, False),
        ("kij*outputs + output, tap by tap", counted.T, False),
    ]
    return [(text, addresses.reshape(-1), right) for text, addresses, right in layouts]
