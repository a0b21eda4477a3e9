"""Writes host/tilewright/silicon/points.json: areas and slowest paths of the results in docs/results.

The library has no docs/results where it is installed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "results"
FILE = ROOT / "host" / "tilewright" / "silicon" / "points.json"


def configuration(content: dict[str, Any]) -> dict[str, Any]:
    """Configuration and RTL of a result."""
    facts = content["result"]
    keys = ("n", "dsp_columns", "stream_w")
    return {**{key: facts["configuration"][key] for key in keys}, "rtl_sha256": content["rtl_sha256"]}


def area(content: dict[str, Any]) -> dict[str, Any]:
    """A result of area.py as a point."""
    facts = content["result"]
    return {
        **configuration(content),
        "lut": facts["LUT"] + facts["LUT as RAM or shift register"],
        "ff": facts["FF"],
        "dsp": facts["DSP48E1"],
        "block_ram": facts["RAMB36"] + facts["RAMB18"] / 2,
    }


def timing(content: dict[str, Any]) -> dict[str, Any]:
    """A result of timing.py as a point."""
    return {**configuration(content), "worst_ns": content["result"]["worst_ns"]}


def text() -> str:
    """What the file holds."""

    def contents(pattern: str) -> list[dict[str, Any]]:
        return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob(pattern))]

    points = {
        "areas": [area(content) for content in contents("area_*.json")],
        "timing": [timing(content) for content in contents("timing_xc7_*.json")],
    }
    return json.dumps(points, indent=1) + "\n"


def main() -> None:
    """Write the file."""
    FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
