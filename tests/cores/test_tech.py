"""cores/tech: what 7-series gets as cells does what the generic module does, by Yosys' models of the cells."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from netlist_replay import cells_of

ROOT = Path(__file__).resolve().parents[2]
TECH = ROOT / "cores" / "tech"
BENCH = Path(__file__).with_name("compare_bench.v")
CELLS = {"cells": {name: {"type": name, "parameters": {}} for name in ("LUT6_2", "CARRY4")}}
XC7 = (TECH / "xc7" / "tech_compare.v").read_text(encoding="utf-8")


def compare(folder: Path, width: int, xc7: str) -> subprocess.CompletedProcess[str]:
    """Run the bench on a text of xc7/tech_compare.v."""
    yosys = Path(shutil.which("yosys") or "").resolve()
    library = (yosys.parents[1] / "share" / "yosys" / "xilinx" / "cells_sim.v").read_text(encoding="utf-8")
    generic = (TECH / "rtl" / "tech_compare.v").read_text(encoding="utf-8")
    texts = (cells_of(CELLS, library), generic.replace("module tech_compare", "module generic_compare"), xc7)
    source, binary = folder / "all.v", folder / "bench"
    source.write_text("\n".join(texts), encoding="utf-8")
    build = ["iverilog", "-g2012", f"-Pcompare_bench.WIDTH={width}", "-o", str(binary), str(source), str(BENCH)]
    subprocess.run(build, check=True)
    return subprocess.run(["vvp", "-n", str(binary)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("width", [28, 29, 32])
def test_compare(tmp_path: Path, width: int) -> None:
    done = compare(tmp_path, width, XC7)
    assert done.returncode == 0 and "PASS" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (".CYINIT(p == 0)", ".CYINIT(1'b0)"),
        ("contents(p == PAIRS - 1)", "contents(1'b0)"),
        ("{2{i[4]}}", "{1'b0, i[4]}"),
        ("of_a > of_b", "of_a >= of_b + 2'd2"),
        ("if (enable) {invert_reg", "{invert_reg"),
        ("carry[PAIRS];", "carry[PAIRS - 1];"),
    ],
    ids=["greater only", "unsigned", "half inverted", "greater by two", "always", "without the signs"],
)
def test_the_comparison_finds_a_planted_mistake(tmp_path: Path, right: str, wrong: str) -> None:
    assert XC7.count(right) == 1
    done = compare(tmp_path, 28, XC7.replace(right, wrong))
    assert done.returncode != 0 and "FAIL" in done.stdout
