"""Accumulation addresses (acc files) against the layouts in use; a replay does not need them."""

from __future__ import annotations

import re
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
    """Addresses of a file read with one width: int64, in its order, and the line of each."""

    bits: int
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
    damage = _damage(lines)
    if damage:
        return AddressReport("damaged", contradiction=damage)
    readings = [_decode(lines, bits) for bits in _widths(lines)]
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
        return AddressReport(
            f"{len(found)} addresses of {addresses.bits} bits that follow no layout known here; not needed"
        )
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


def _damage(lines: Lines) -> str:
    """The first line that is no number, or shorter or longer than the others."""
    packed = lines.packed
    for number, text in lines.data:
        wrong = re.search(r"[^01\s,;|_]", text)
        if wrong:
            return f"{lines.path}:{number}: character {wrong[0]!r} in column {wrong.start() + 1} is not a binary digit"
        digits = len(_digits(text))
        if digits != packed:
            return f"{lines.path}:{number}: {digits} characters, {packed} expected"
    return ""


def _digits(text: str) -> str:
    return re.sub(r"[^01]", "", text)


def _widths(lines: Lines) -> list[int]:
    """Bits that an address may have: those of a word, or those that divide a line."""
    words = {len(word) for word in re.split(r"[\s,;|_]+", lines.data[0][1].strip())}
    if len(words) == 1:
        width = words.pop()
        return [width] if width <= _WIDTHS[-1] else [bits for bits in _WIDTHS if width % bits == 0]
    return [bits for bits in _WIDTHS if lines.packed % bits == 0]


def _decode(lines: Lines, bits: int) -> _Addresses:
    values, numbers = [], []
    for number, text in lines.data:
        digits = _digits(text)
        for start in range(0, len(digits), bits):
            values.append(int(digits[start : start + bits], 2))
            numbers.append(number)
    return _Addresses(bits, np.array(values, dtype=np.int64), np.array(numbers, dtype=np.int64))


def _agreement(found: Ints, expected: Ints) -> float:
    shared = min(len(found), len(expected))
    return float((found[:shared] == expected[:shared]).sum() / max(len(found), len(expected)))


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
