"""The committed figures of Yosys' netlists for 7-series: areas and static timing, from docs/results.

`python benchmarks/silicon_points.py` writes points.json from there; a test holds the two equal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tilewright.silicon.configuration import Configuration


@dataclass(frozen=True)
class AreaPoint:
    """What Yosys' netlist of a configuration takes.

    Attributes:
        configuration: the build.
        rtl_sha256: of the RTL that it was.
        lut: LUTs, those that are memory or shift registers included.
        ff: flip-flops.
        dsp: DSPs.
        block_ram: of 36 Kb; one of 18 Kb is half of it. Without the DMA's.
    """

    configuration: Configuration
    rtl_sha256: str
    lut: int
    ff: int
    dsp: int
    block_ram: float


@dataclass(frozen=True)
class TimingPoint:
    """The slowest path of a configuration by the static report.

    Attributes:
        configuration: the build.
        rtl_sha256: of the RTL that it was.
        worst_ns: of xc7, speed grade -1, +-25 %.
    """

    configuration: Configuration
    rtl_sha256: str
    worst_ns: float


@dataclass(frozen=True)
class Points:
    """All of them."""

    areas: tuple[AreaPoint, ...]
    timing: tuple[TimingPoint, ...]


def from_json(text: str) -> Points:
    """Reads what points.json holds."""
    content = json.loads(text)

    def build(entry: dict[str, int]) -> Configuration:
        return Configuration(**{key: entry.pop(key) for key in ("n", "dsp_columns", "stream_w")})

    return Points(
        areas=tuple(AreaPoint(configuration=build(entry), **entry) for entry in content["areas"]),
        timing=tuple(TimingPoint(configuration=build(entry), **entry) for entry in content["timing"]),
    )


@cache
def committed() -> Points:
    """The points of points.json."""
    return from_json(files("tilewright.silicon").joinpath("points.json").read_text(encoding="utf-8"))
