"""What single modules take of an xc7 device: LUT, FF, DSP, RAM, levels of logic, held against cores/resources.json.

A module that takes more than the file says is worse, and one that takes less asks for its lower number; both end with
exit status 1. `--update` writes the file anew: the change is then in the commit's diff, for all to see. The numbers
belong to one version of Yosys, which the file names. Tests run the modules that the file does not call slow.

Each module has a process of its own, with its own sources and relative paths: Yosys' mapping depends on the names that
it gives, and those on all that it has read before (a FIFO takes 304, 369 or 495 LUTs in different company).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from netlist import netlist_of, top_module
from static_timing import slowest_paths
from synth_report import by_class, count_cells

CORES = Path(__file__).resolve().parents[1]
EXPECTED = CORES / "resources.json"
LEVELS = "levels of logic"
UPDATE = "python cores/scripts/resources.py --update"
Figures = dict[str, int]


def yosys_version() -> str:
    """Return Yosys' version, as 0.23."""
    said = subprocess.run(["yosys", "-V"], capture_output=True, text=True, check=True).stdout
    return said.split()[1]


def sources_of(module: str, cores: Path = CORES) -> list[str]:
    """Return the Verilog files for 7-series, below the cores' folder, of a module and of all that its text names."""
    files = {path.stem: path for pattern in ("*/rtl/*.v", "tech/xc7/*.v") for path in sorted(cores.glob(pattern))}
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += files.keys() & set(re.findall(r"\w+", files[name].read_text(encoding="utf-8")))
    return sorted(str(files[name].relative_to(cores)) for name in found)


def synthesise(module: str, parameters: dict[str, int], cores: Path = CORES) -> Figures:
    """Return what a module takes. Raises SystemExit, with what Yosys said, if it fails."""
    chosen = " ".join(f"-set {name} {value}" for name, value in parameters.items())
    with tempfile.TemporaryDirectory() as folder:
        netlist = Path(folder, "netlist.json")
        script = f"""
            read_verilog -defer -Iregisters/rtl -Imac_array/rtl {" ".join(sources_of(module, cores))}
            {f"chparam {chosen} {module}" if chosen else ""}
            synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top {module}
            write_json {netlist}
        """
        command = ["yosys", "-q", "-p", script]
        done = subprocess.run(command, cwd=cores, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"Yosys fails on {module}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return figures(top_module(netlist))


def figures(module: dict[str, Any]) -> Figures:
    """Return the resources of a flat module, and its levels of logic between registers or ports and registers."""
    paths = slowest_paths(netlist_of(module))
    return {**by_class(count_cells(module)), LEVELS: max((path.luts for path in paths), default=0)}


def differences(expected: dict[str, Figures], found: dict[str, Figures]) -> list[str]:
    """Return what is worse or better than expected, a line each."""
    lines = []
    for name, figures_of in found.items():
        for what, new in figures_of.items():
            old = expected[name][what]
            if new > old:
                lines.append(f"{name}: {what} {old} -> {new}: worse (if it must be: {UPDATE})")
            elif new < old:
                lines.append(f"{name}: {what} {old} -> {new}: better, lower the number: {UPDATE}")
    return lines


def table(found: dict[str, Figures]) -> str:
    """Return the figures as lines of text."""
    headings = ["LUT", "LUT RAM", "FF", "DSP", "RAMB36", "RAMB18", "levels"]
    rows = [["module", *headings], *([name, *map(str, taken.values())] for name, taken in found.items())]
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{row[0]:<{width}}" + "".join(f"{cell:>9}" for cell in row[1:]) for row in rows)


def main() -> int:
    """Synthesise all modules of the file, print what they take, compare or update."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="write cores/resources.json anew")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    file = json.loads(EXPECTED.read_text(encoding="utf-8"))
    version = yosys_version()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        taken = pool.map(lambda entry: synthesise(entry["module"], entry["parameters"]), file["modules"].values())
        found = dict(zip(file["modules"], taken, strict=True))
    print(json.dumps({"yosys": version, "modules": found}) if options.json else table(found))
    if options.update:
        modules = {name: {**entry, "takes": found[name]} for name, entry in file["modules"].items()}
        EXPECTED.write_text(json.dumps({"yosys": version, "modules": modules}, indent=1) + "\n", encoding="utf-8")
        return 0
    if version != file["yosys"]:
        sys.exit(f"{EXPECTED.name} holds figures of Yosys {file['yosys']}, this is {version}: not compared")
    lines = differences({name: entry["takes"] for name, entry in file["modules"].items()}, found)
    print("\n".join(lines), file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
