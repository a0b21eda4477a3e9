"""The Tcl that comes first in a board's project."""

from __future__ import annotations

from tilewright.boards.block_design_tcl import NOT_RUN
from tilewright.boards.design import BlockDesign
from tilewright.boards.parameters import CLOCK, TIMING_MAY_FAIL
from tilewright.boards.tcl_results import STOP
from tilewright.boards.words import lines


def project_tcl(design: BlockDesign, timing_may_fail: bool) -> str:
    """The Tcl that comes first: the board file where one is needed, and that FuseSoC asked for what was written."""
    board = design.board
    given = {
        **design.parameters.verilog,
        CLOCK: f"{design.parameters.clock_mhz:g}",
        TIMING_MAY_FAIL: int(timing_may_fail),
    }
    text = f"""# What the project of {board.title} needs first, written from tilewright/boards/data.
{NOT_RUN}

{STOP}
# FuseSoC's parameters are the project's generics: they must be those that these files were written for
array set written {lines(f"{name} {value}" for name, value in given.items())}
foreach generic [get_property generic [get_filesets sources_1]] {{
    lassign [split $generic =] name value
    if {{![info exists written($name)] || $written($name) != $value}} {{
        stop "FuseSoC was asked for $generic, and the block design was written for another: set it up anew"
    }}
}}
# The wrapper of a block design has none
set_property generic {{}} [get_filesets sources_1]
"""
    return text + _board_file(design)


def _board_file(design: BlockDesign) -> str:
    board = design.board
    if not board.processing_system.preset:
        return "# The settings of the processing system are all here: no board file is needed.\n"
    return f"""
set board_part ""
foreach name {lines(board.board_parts)} {{
    if {{[llength [get_board_parts -quiet $name]]}} {{ set board_part $name; break }}
}}
if {{$board_part eq ""}} {{
    stop {{this Vivado has no board file of {board.title} ({", ".join(board.board_parts)}).
In its Tcl console, with a network:
{board.processing_system.install}
or put the files from https://github.com/Xilinx/XilinxBoardStore into a folder and set_param board.repoPaths to it.}}
}}
set_property board_part $board_part [current_project]
if {{[get_property part [current_project]] ne "{board.part}"}} {{
    stop "the board file $board_part is for [get_property part [current_project]], the data are for {board.part}"
}}
"""
