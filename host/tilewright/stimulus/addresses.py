"""Checks accumulation addresses (acc files) against the layouts in use."""

from __future__ import annotations

import numpy as np

from tilewright.errors import StimulusError
from tilewright.stimulus.geometry import Geometry, Ints, accumulation_addresses
from tilewright.stimulus.textfile import Table


def describe_addresses(table: Table, geometry: Geometry, ic_tiles: int) -> tuple[str, bool]:
    """Says which layout a set's addresses follow.

    Args:
        table: the address file.
        geometry: sizes of the layer.
        ic_tiles: input-channel tiles.

    Returns:
        The layout in words, and whether the addresses are those of the partial sums that each output adds.

    Raises:
        StimulusError: the addresses follow no known layout; names the line where the closest one is left.
    """
    found = table.values[:, ::-1].reshape(-1)
    per_line = table.values.shape[1]
    packed = "" if per_line == 1 else f", {per_line} addresses a line"
    layouts = [layout for layout in _layouts(geometry, ic_tiles) if len(layout[1]) == len(found)]
    if not layouts:
        raise StimulusError(
            f"{table.end}: file ends after {len(found)} addresses, {geometry.outputs * geometry.taps * ic_tiles} "
            f"expected ({geometry.outputs} outputs x {geometry.taps} taps x {ic_tiles} input-channel tile(s))"
        )
    for text, addresses, right in layouts:
        if np.array_equal(addresses, found):
            return text + packed, right
    text, addresses, _ = min(layouts, key=lambda layout: int((layout[1] != found).sum()))
    first = int(np.flatnonzero(addresses != found)[0])
    raise StimulusError(
        f"{table.path}:{table.lines[first // per_line]}: address {found[first]}, {addresses[first]} expected ({text})"
    )


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
        ("kij*outputs + output, output by output", counted, False),
        ("kij*outputs + output, tap by tap", counted.T, False),
    ]
    return [(text, addresses.reshape(-1), right) for text, addresses, right in layouts]
