"""What a finished build left, as the manifest of its bitstream."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tilewright.bitstreams.manifest import SCHEMA_VERSION, Manifest
from tilewright.boards.board import Board
from tilewright.boards.design import DESIGN
from tilewright.boards.parameters import BuildParameters
from tilewright.boards.project import FACTS
from tilewright.boards.tcl_results import CLOCKS, REPORT, UTILISATION
from tilewright.errors import VivadoError
from tilewright.hardware import registers as reg
from tilewright.hardware.program_format import BEGIN_FORMAT_VERSION

# Vivado rounds a period to ps
_PERIOD_TOLERANCE = 1e-3
# Rows of report_utilization, by name without spaces before and * behind
_ROWS = {
    "lut": ("Slice LUTs", "CLB LUTs"),
    "ff": ("Slice Registers", "CLB Registers"),
    "dsp": ("DSPs",),
    "bram": ("Block RAM Tile",),
    "uram": ("URAM",),
}


@dataclass(frozen=True)
class Build:
    """What was asked for.

    Attributes:
        board: that it is for.
        parameters: of the accelerator, and the clock.
        rtl_sha256: of the sources.
        slack_allowed: whether a bitstream is wanted although timing is missed.
    """

    board: Board
    parameters: BuildParameters
    rtl_sha256: str
    slack_allowed: bool

    @property
    def name(self) -> str:
        """Of the bitstream: BOARD_NxN."""
        return f"{self.board.name}_{self.parameters.n}x{self.parameters.n}"


@dataclass(frozen=True)
class Results:
    """What a build made: the .bit, the .hwh, and the manifest without their hashes."""

    bit: Path
    hwh: Path
    manifest: Manifest


def results_of(work: Path, build: Build) -> Results:
    """What a build left in its folder.

    Args:
        work: FuseSoC's work root.
        build: what was asked for.

    Raises:
        VivadoError: something is missing, or is of another build than was asked for; names it.
    """
    facts = json.loads(_text(work, f"src/*/{FACTS}"))
    report = _pairs(_text(work, f"*.runs/impl_1/{REPORT}"))
    clocks = _pairs(_text(work, CLOCKS))["mhz"]
    parameters = _parameters(facts, build)
    clock = float(clocks[0])
    _check_part_and_clock(report, build, clock)
    wns, whs = float(report["wns_ns"][0]), float(report["whs_ns"][0])
    met = report["met"] == ["1"]
    if not met and not build.slack_allowed:
        raise VivadoError(f"timing is missed (setup {wns} ns, hold {whs} ns): no bitstream is taken")
    manifest = {
        "tilewright_manifest": SCHEMA_VERSION,
        "name": build.name,
        "board": build.board.name,
        "part": build.board.part,
        "design": DESIGN,
        "rtl_sha256": build.rtl_sha256,
        "build_hash": f"0x{build.rtl_sha256[:8]}",
        "version": _version(),
        "program_format": BEGIN_FORMAT_VERSION,
        "parameters": parameters,
        "clock_asked_mhz": build.parameters.clock_mhz,
        "clock_mhz": clock,
        "timing": {"wns_ns": wns, "whs_ns": whs, "met": met, "negative_slack_allowed": build.slack_allowed},
        "utilisation": utilisation(_text(work, f"*.runs/impl_1/{UTILISATION}")),
        "tool": f"Vivado {report['version'][0]}",
        "built": date.today().isoformat(),
        "ran_on_hardware": False,
    }
    hwh = _file(work, f"*.gen/sources_1/bd/{DESIGN}/hw_handoff/{DESIGN}.hwh")
    return Results(_file(work, "tilewright_soc_board_*.bit"), hwh, manifest)


def utilisation(text: str) -> dict[str, dict[str, float]]:
    """What report_utilization says is used and there, by resource.

    Columns are found by their heads, since their number differs between versions.

    Args:
        text: the report.

    Raises:
        VivadoError: LUTs, flip-flops, DSPs or block RAMs are missing.
    """
    found: dict[str, dict[str, float]] = {}
    heads: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if "Used" in cells and "Available" in cells:
            heads = cells
        for name, rows in _ROWS.items():
            if name not in found and len(cells) == len(heads) and cells[0].rstrip("*") in rows:
                row = dict(zip(heads, cells, strict=True))
                found[name] = {"used": _number(row["Used"]), "available": _number(row["Available"])}
    if missing := [name for name in _ROWS if name not in found and name != "uram"]:
        raise VivadoError(f"Vivado's report of utilisation has no row for {', '.join(missing)}")
    return found


def _number(text: str) -> float:
    """A figure of Vivado's; halves are of block RAMs."""
    return int(text) if text.isdigit() else float(text)


def _parameters(facts: dict[str, Any], build: Build) -> dict[str, int]:
    """The accelerator's parameters, which must be those that were asked for, of the sources that there were."""
    found = {name: int(value, 0) for name, value in facts["parameters"].items()}
    if f"{found.pop('BUILD_HASH'):08x}" != build.rtl_sha256[:8]:
        raise VivadoError("the hardware's sources changed as the project was set up: build it anew")
    if found != build.parameters.verilog or facts["board"] != build.board.name:
        raise VivadoError(f"FuseSoC set up another project than was asked for: {facts['board']}, {found}")
    return found


def _check_part_and_clock(report: dict[str, list[str]], build: Build, clock: float) -> None:
    if report["part"] != [build.board.part]:
        raise VivadoError(f"Vivado implemented for {report['part'][0]}, {build.board.title} has {build.board.part}")
    periods = [float(period) for period in report.get("period_ns", [])]
    if not any(abs(period * clock - 1000) <= 1000 * _PERIOD_TOLERANCE for period in periods):
        shown = ", ".join(f"{period:g}" for period in periods)
        raise VivadoError(
            f"timing was looked at with clocks of {shown or 'no'} ns, the board's has {1000 / clock:g} ns"
        )


def _version() -> str:
    """What the register VERSION reads."""
    fields = (reg.VERSION_MAJOR, reg.VERSION_MINOR, reg.VERSION_PATCH)
    return ".".join(str(field.extract(reg.REG_VERSION_RESET)) for field in fields)


def _pairs(text: str) -> dict[str, list[str]]:
    """Words and values, a pair a line, the values of a word in their order."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        found.setdefault(name, []).append(value)
    return found


def _file(work: Path, pattern: str) -> Path:
    """The one file of a pattern."""
    found = sorted(work.glob(pattern))
    if len(found) != 1:
        raise VivadoError(f"Vivado ended well, and left {len(found)} files {work / pattern}, not one")
    return found[0]


def _text(work: Path, pattern: str) -> str:
    return _file(work, pattern).read_text(encoding="utf-8", errors="replace")
