"""FuseSoC hook: print LUT, FF, DSP and block RAM of the netlist that Yosys synth_xilinx left in the work root."""

import json
import re
import sys
from collections import Counter
from pathlib import Path

CLASSES = {
    "LUT": re.compile(r"LUT[1-6]|INV"),
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
    modules = json.loads(netlist.read_text(encoding="utf-8"))["modules"]
    tops = [module for module in modules.values() if int(module["attributes"].get("top", "0"), 2)]
    if len(tops) != 1:
        sys.exit(f"{netlist}: {len(tops)} top modules, expected 1")
    cells = Counter(cell["type"] for cell in tops[0]["cells"].values())
    return Counter({cell: number * LUTS.get(cell, 1) for cell, number in cells.items()})


def main() -> int:
    """Print one line a resource."""
    found = list(Path.cwd().glob("*.json"))
    if len(found) != 1:
        sys.exit(
            f"{Path.cwd()}: {len(found)} netlists, expected 1: this script runs after Yosys in a FuseSoC work root"
        )
    cells = count(found[0])
    print(f"{found[0].stem}, xc7, Yosys synth_xilinx (estimates before placement):")
    for name, pattern in CLASSES.items():
        print(f"  {name:<29}{sum(number for cell, number in cells.items() if pattern.fullmatch(cell)):>8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
