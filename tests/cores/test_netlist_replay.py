"""The target `netlist` without its tools: block RAMs beside cores/sram, what the hook prunes and compares."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from edam import Design
from netlist_replay import (
    INSTANTIATED,
    cells_of,
    differences,
    facts_of,
    make_netlist,
    names_of,
    programs_of,
    table,
    without_contents,
)
from resources import sources_of

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "cores" / "scripts" / "xc7" / "block_ram.v"
SRAM = (ROOT / "cores" / "sram" / "rtl" / "sram.v", ROOT / "cores" / "tech" / "rtl" / "tech_block_ram.v")
BENCH = Path(__file__).with_name("block_ram_bench.v")
NETLIST_BENCH = Path(__file__).with_name("netlist_bench.v")
CORES = ROOT / "cores"


def simulate(folder: Path, top: str, *sources: Path) -> subprocess.CompletedProcess[str]:
    """Elaborate and run under Icarus; the return code is that of the step that fails."""
    binary = folder / "bench"
    includes = f"-I{CORES / 'mac_array' / 'rtl'}"
    build = ["iverilog", "-g2012", includes, "-o", str(binary), "-s", top, *map(str, sources)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    if done.returncode:
        return done
    return subprocess.run(["vvp", "-n", str(binary)], capture_output=True, text=True, check=False)


def test_block_rams_are_what_sram_is(tmp_path: Path) -> None:
    """Widths of 1 to 72 bits, with and without output register; words that are read as they are written."""
    done = simulate(tmp_path, "block_ram_bench", BENCH, *SRAM, MODEL)
    assert done.returncode == 0 and "PASS: 18 kinds" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("if (wr_en) begin", "end always @(negedge clk) begin #1 if (wr_en) begin"),
        ("WHOLE ? {dip_b, dip_a}", "WHOLE ? {dip_a, dip_a}"),
    ],
    ids=["written late", "upper parity as Yosys 0.23 wires it"],
)
def test_the_comparison_finds_a_planted_mistake(tmp_path: Path, right: str, wrong: str) -> None:
    text = MODEL.read_text(encoding="utf-8")
    assert right in text
    planted = tmp_path / "block_ram.v"
    planted.write_text(text.replace(right, wrong), encoding="utf-8")
    done = simulate(tmp_path, "block_ram_bench", BENCH, *SRAM, planted)
    assert done.returncode != 0 and "FAIL" in done.stdout, done.stdout + done.stderr


GOOD = {"WRITE_WIDTH_A": "36", "READ_WIDTH_B": "36", "WRITE_MODE_A": '"READ_FIRST"'}


@pytest.mark.parametrize(
    ("parameters", "pins", "said"),
    [
        ({}, {}, "PASS"),
        ({"WRITE_MODE_A": '"NO_CHANGE"'}, {}, "WRITE_MODE READ_FIRST"),
        ({"WRITE_WIDTH_B": "36"}, {}, "one port that writes"),
        ({"READ_WIDTH_B": "0"}, {}, "one that reads"),
        ({"RAM_MODE": '"SDP"'}, {}, "SDP of the whole width"),
        ({"RAM_EXTENSION_A": '"LOWER"'}, {}, "no cascades"),
        ({}, {"RSTRAMB": "1'b1"}, "no reset"),
        ({}, {"CLKBWRCLK": "!clk"}, "one clock"),
    ],
)
def test_other_modes_are_refused(tmp_path: Path, parameters: dict[str, str], pins: dict[str, str], said: str) -> None:
    wired = {"CLKARDCLK": "clk", "CLKBWRCLK": "clk"}
    wired |= dict.fromkeys(("RSTRAMARSTRAM", "RSTRAMB", "RSTREGARSTREG", "RSTREGB", "ENARDEN", "ENBWREN"), "1'b0")
    chosen, connected = (", ".join(f".{a}({b})" for a, b in each.items()) for each in (GOOD | parameters, wired | pins))
    top = tmp_path / "top.v"
    top.write_text(
        f"module top; reg clk = 0; RAMB36E1 #({chosen}) ram ({connected});\n"
        'initial begin #1 clk = 1; #1 $display("PASS"); end endmodule',
        encoding="utf-8",
    )
    done = simulate(tmp_path, "top", top, MODEL)
    assert said in done.stdout + done.stderr
    assert (done.returncode == 0) == (said == "PASS")


def module(**cells: dict[str, Any]) -> dict[str, Any]:
    return {"cells": {name: {"parameters": {}, **cell} for name, cell in cells.items()}}


def test_unknown_contents_are_dropped_and_known_ones_refused() -> None:
    ram = {"type": "RAMB36E1", "parameters": {"INIT_0A": "xx0", "INITP_00": "x", "INIT_A": "01", "DOA_REG": "1"}}
    pruned = without_contents(module(ram=ram, scope={"type": "$scopeinfo"}))
    assert pruned["cells"] == {"ram": {"type": "RAMB36E1", "parameters": {"INIT_A": "01", "DOA_REG": "1"}}}
    with pytest.raises(SystemExit, match="rom: a block RAM with contents at the start"):
        without_contents(module(rom={"type": "RAMB18E1", "parameters": {"INIT_3F": "x1"}}))


def test_cells_come_without_timing_and_a_missing_one_is_named() -> None:
    library = "module LUT1(a);\n  x;\n  specify\n    t;\n  endspecify\nendmodule\nmodule LUT2 (b);\nendmodule\n"
    cells = module(a={"type": "LUT1"}, b={"type": "LUT2"}, c={"type": "RAMB36E1"})
    assert cells_of(cells, library) == "module LUT1(a);\n  x;\nendmodule\n\nmodule LUT2 (b);\nendmodule\n"
    with pytest.raises(SystemExit, match="no cell LUT3"):
        cells_of(module(a={"type": "LUT3"}), library)


SAID = [
    "beat 0 00ff in cycle 7", "register 100 0000001f response 0", "register 004 00000001 response 0",
    "raw:  1 result beats equal", "register 100 00000020 response 0", "net: 2 result beats equal", "PASS: 3",
]  # fmt: skip


def test_counters_are_named_by_the_registers_header() -> None:
    counters = names_of([str(ROOT / "cores" / "registers" / "rtl")])
    assert "CYCLES" in counters.values() and "ID" not in counters.values()
    assert programs_of(SAID, {"100": "CYCLES"}) == {
        "raw": {"beats": 1, "cycles": 31},
        "net": {"beats": 2, "cycles": 32},
    }


def test_each_line_that_differs_is_counted() -> None:
    assert differences(SAID, SAID) == []
    other = [*SAID[:-1], "PASS: 4", "more"]
    cells = module(a={"type": "FDRE"})
    facts = facts_of(cells, SAID, [SAID, other], {"100": "CYCLES"})
    assert (facts["simulations"], facts["beats"], facts["registers"], facts["differ"]) == (2, 3, 3, 2)
    text = table(facts)
    assert "RTL 'PASS: 3', netlist 'PASS: 4'" in text and "RTL 7 lines, netlist 8" in text and "2 differ" in text


def test_cells_that_the_rtl_instantiates_are_known() -> None:
    """Those of the technology's files, the only ones that name cells: to the hook, to Yosys, and to the linters."""
    texts = [path.read_text(encoding="utf-8") for path in (CORES / "tech" / "xc7").glob("*.v")]
    found = {cell for text in texts for cell in re.findall(r"^ *([A-Z][A-Z0-9_]+) +(?:#\(|\w+ \()", text, re.MULTILINE)}
    assert found == set(INSTANTIATED) == {path.stem for path in (CORES / "tech" / "lint").glob("*.v")}
    own = {"cells": {cell: {"type": cell} for cell in INSTANTIATED}}
    assert cells_of(own, system_library()).count("endmodule") == len(INSTANTIATED)


def system_library() -> str:
    """The cells_sim.v of the Yosys on PATH."""
    yosys = Path(shutil.which("yosys") or "").resolve()
    return (yosys.parents[1] / "share" / "yosys" / "xilinx" / "cells_sim.v").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def mapped_array(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the netlist of a small array, six of its eight columns pairs, as the hook writes it."""
    folder = tmp_path_factory.mktemp("netlist")
    sources = [str(CORES / name) for name in sources_of("mac_array")]
    includes = [str(CORES / "mac_array" / "rtl")]
    parameters = {"N": 8, "ROWS": 2, "DSP_COLUMNS": 6, "ACC_DEPTH": 128}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        make_netlist(
            Design("array", ["mac_array"], sources, includes, parameters, {}), "mac_array", system_library(), "yosys"
        )
    return folder


def simulate_both(folder: Path, netlist: Path) -> subprocess.CompletedProcess[str]:
    """The array's RTL beside its netlist."""
    mapped = folder / "mapped.v"
    mapped.write_text(netlist.read_text(encoding="utf-8").replace("module mac_array(", "module mapped_array("))
    plain = [path.replace("tech/xc7", "tech/rtl") for path in sources_of("mac_array")]
    sources = [*(CORES / path for path in plain), netlist.with_name("cells.v"), MODEL, mapped, NETLIST_BENCH]
    return simulate(folder, "netlist_bench", *sources)


def test_the_netlist_of_an_array_does_what_its_rtl_does(tmp_path: Path, mapped_array: Path) -> None:
    done = simulate_both(tmp_path, mapped_array / "netlist.v")
    assert done.returncode == 0 and "PASS" in done.stdout, done.stdout + done.stderr


def test_the_comparison_of_netlists_finds_a_planted_mistake(tmp_path: Path, mapped_array: Path) -> None:
    """The carry into the last adder."""
    shutil.copy(mapped_array / "cells.v", tmp_path)
    before, cell, after = (mapped_array / "netlist.v").read_text(encoding="utf-8").rpartition("  CARRY4 ")
    after, planted = re.subn(r"\.CI\([^()]*\)", ".CI(1'h1)", after, count=1)
    assert planted == 1
    (tmp_path / "netlist.v").write_text(before + cell + after, encoding="utf-8")
    done = simulate_both(tmp_path, tmp_path / "netlist.v")
    assert done.returncode != 0 and "FAIL" in done.stdout, done.stdout + done.stderr
