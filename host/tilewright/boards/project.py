"""All files of a board's project."""

from __future__ import annotations

import json

from tilewright.boards.block_design_tcl import block_design_tcl
from tilewright.boards.build_tcl import CHECK_TIMING, build_tcl, check_timing_tcl, constraints
from tilewright.boards.design import BlockDesign
from tilewright.boards.hwh import hwh
from tilewright.boards.package_tcl import package_tcl
from tilewright.boards.project_tcl import project_tcl

# Scripts in the order in which the project runs them
SCRIPTS = ("project.tcl", "package_ip.tcl", "block_design.tcl", "build.tcl")
CONSTRAINTS = "board.xdc"
FACTS = "design.json"
# Of the same block design, for the simulated device: Vivado writes the board's own
HAND_OFF = "simulated.hwh"


def project_files(design: BlockDesign, timing_may_fail: bool = False) -> dict[str, str]:
    """The files of a board's project: text by name.

    Args:
        design: what is built.
        timing_may_fail: whether a bitstream is written although timing is missed.
    """
    texts = (project_tcl(design, timing_may_fail), package_tcl(), block_design_tcl(design), build_tcl(design))
    return {
        **dict(zip(SCRIPTS, texts, strict=True)),
        CHECK_TIMING: check_timing_tcl(not timing_may_fail),
        CONSTRAINTS: constraints(design),
        FACTS: json.dumps(facts_of(design), indent=1) + "\n",
        HAND_OFF: hwh(design),
    }


def facts_of(design: BlockDesign) -> dict[str, object]:
    """What others must know of a design: the manifest, the driver, whoever looks at a board."""
    board = design.board
    clock = design.clocks[0]
    return {
        "board": board.name,
        "part": board.part,
        "parameters": next(cell.parameters for cell in design.cells if cell.name == "accelerator_0"),
        "clock_asked_mhz": design.parameters.clock_mhz,
        "clocks": [
            {
                "index": clock.index,
                "pll": clock.pll,
                "multiplier": clock.multiplier,
                "halved": clock.halved,
                "crystal_mhz": clock.crystal_mhz,
                "divisors": [clock.divisor0, clock.divisor1],
                "mhz": round(clock.mhz, 6),
            }
            for clock in design.clocks
        ],
        "clock_mhz": round(clock.mhz, 6),
        "addresses": {cell: int(address, 16) for cell, address in board.addresses.items()},
        "run_on_hardware": False,
    }
