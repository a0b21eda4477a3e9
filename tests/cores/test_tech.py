"""cores/tech: what 7-series gets as cells does what the generic module does, by Yosys' models of the cells."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from netlist_replay import cells_of

ROOT = Path(__file__).resolve().parents[2]
TECH = ROOT / "cores" / "tech"
CELLS = {"cells": {name: {"type": name, "parameters": {}} for name in ("LUT6_2", "CARRY4")}}
COMPARE = (TECH / "xc7" / "tech_compare.v").read_text(encoding="utf-8")
MULTIPLIER = (TECH / "xc7" / "tech_multiplier.v").read_text(encoding="utf-8")


def run(folder: Path, name: str, xc7: str, **parameters: int) -> subprocess.CompletedProcess[str]:
    """Run the bench NAME_bench on a text of xc7/tech_NAME.v."""
    yosys = Path(shutil.which("yosys") or "").resolve()
    library = (yosys.parents[1] / "share" / "yosys" / "xilinx" / "cells_sim.v").read_text(encoding="utf-8")
    generic = (TECH / "rtl" / f"tech_{name}.v").read_text(encoding="utf-8")
    texts = (cells_of(CELLS, library), generic.replace(f"module tech_{name}", f"module generic_{name}"), xc7)
    source, binary = folder / "all.v", folder / "bench"
    source.write_text("\n".join(texts), encoding="utf-8")
    bench = Path(__file__).with_name(f"{name}_bench.v")
    chosen = [f"-P{bench.stem}.{parameter}={value}" for parameter, value in parameters.items()]
    build = ["iverilog", "-g2012", *chosen, "-s", bench.stem, "-o", str(binary), str(source), str(bench)]
    subprocess.run(build, check=True)
    return subprocess.run(["vvp", "-n", str(binary)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("width", [28, 29, 32])
def test_compare(tmp_path: Path, width: int) -> None:
    done = run(tmp_path, "compare", COMPARE, WIDTH=width)
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
    assert COMPARE.count(right) == 1
    done = run(tmp_path, "compare", COMPARE.replace(right, wrong), WIDTH=28)
    assert done.returncode != 0 and "FAIL" in done.stdout


def test_all_products(tmp_path: Path) -> None:
    done = run(tmp_path, "multiplier", MULTIPLIER)
    assert done.returncode == 0 and "PASS: 256" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("{{2{of_b[3]}}, of_b}", "{2'd0, of_b}"),
        ("64'h6AC06AC0A0A0A0A0", "64'h6AC06AC0A0A02020"),
        ("operand(HIGH ? p - 2 : p)", "operand(p)"),
        ("HIGH ? a[3] : a[1]", "a[1]"),
        (">> (place - 2)", ">> (place - 1)"),
        ("i[0] ^ (i[1] && i[3:2] != 2'd0)", "i[0] ^ i[1]"),
        ("(i[4:3] != 2'd0)", "i[4]"),
        (".CI(carry[3])", ".CI(carry[2])"),
        ("{3'd0, ready[6]}", "4'd0"),
    ],
)
def test_the_products_find_a_planted_mistake(tmp_path: Path, right: str, wrong: str) -> None:
    assert MULTIPLIER.count(right) == 1
    done = run(tmp_path, "multiplier", MULTIPLIER.replace(right, wrong))
    assert done.returncode != 0 and "FAIL" in done.stdout
