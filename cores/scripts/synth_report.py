"""FuseSoC hook: print LUT, FF, DSP and block RAM of the netlist that Yosys synth_xilinx left in the work root."""

import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from netlist import top_module

CLASSES = {
    "LUT": re.compile(r"LUT[1-6]|LUT6_2|INV"),
    "LUT as RAM or shift register": re.compile(r"RAM\d+(X1|M|M16).*|SRL.*"),
    "FF": re.compile(r"FD[RSCP]E(_1)?"),
    "DSP48E1": re.compile(r"DSP48E1"),
    "RAMB36": re.compile(r"RAMB36E1"),
    "RAMB18": re.compile(r"RAMB18E1"),
}


# LUTs of a slice that a cell takes, where it is not one (UG474, table 2-3)
LUTS = {"RAM32M": 4, "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM128X1S": 2, "RAM256X1S": 4}


def count(netlist: Path) -> Counter[str]:
    """Return the number of cells (of LUTs, for LUT RAM) of each type in the top module of a flattened JSON netlist."""
    return count_cells(top_module(netlist))


def count_cells(module: dict[str, Any]) -> Counter[str]:
    """Return the same of a module of Yosys' JSON."""
    cells = Counter(cell["type"] for cell in module["cells"].values())
    return Counter({cell: number * LUTS.get(cell, 1) for cell, number in cells.items()})


def by_class(cells: Counter[str]) -> dict[str, int]:
    """Return the cells of each class of CLASSES."""
    return {
        name: sum(number for cell, number in cells.items() if pattern.fullmatch(cell))
        for name, pattern in CLASSES.items()
    }


def work_root_netlist() -> Path:
    """Return the netlist in the current folder. Raises SystemExit unless there is exactly one."""
    found = list(Path.cwd().glob("*.json"))
    if len(found) != 1:
        sys.exit(
            f"{Path.cwd()}: {len(found)} netlists, expected 1: this script runs after Yosys in a FuseSoC work root"
        )
    return found[0]


def main() -> int:
    """Print one line a resource."""
    netlist = work_root_netlist()
    print(f"{netlist.stem}, xc7, Yosys synth_xilinx (estimates before placement):")
    for name, number in by_class(count(netlist)).items():
        print(f"  {name:<29}{number:>8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
