"""The Tcl of runs, timing and reports, and the constraints."""

from __future__ import annotations

from tilewright.boards.block_design_tcl import NOT_RUN
from tilewright.boards.design import BlockDesign
from tilewright.boards.tcl_results import REPORT, STOP, UTILISATION

CHECK_TIMING = "check_timing.tcl"


def build_tcl(design: BlockDesign) -> str:
    """The Tcl that lets the implementation look at timing before it writes a bitstream."""
    return f"""# What the runs of {design.board.title} do besides: reports, and no bitstream where timing is missed.
{NOT_RUN}

set check [file join [file dirname [file normalize [info script]]] {CHECK_TIMING}]
if {{![file exists $check]}} {{ stop "$check is missing" }}
add_files -fileset utils_1 -norecurse [list $check]
set_property STEPS.WRITE_BITSTREAM.TCL.PRE $check [get_runs impl_1]
set_property STEPS.PHYS_OPT_DESIGN.IS_ENABLED true [get_runs impl_1]
"""


def check_timing_tcl(missed_is_an_error: bool) -> str:
    """The Tcl that runs before the bitstream is written, in the run's folder, with the routed design open.

    Args:
        missed_is_an_error: whether a design that misses timing gets no bitstream.
    """
    return f"""# Before the bitstream: reports, and whether timing is met (setup, hold, pulse widths).
{NOT_RUN}

{STOP}
report_utilization -file {UTILISATION}
report_timing_summary -file tilewright_timing.rpt
set summary [report_timing_summary -return_string]
set wns [get_property SLACK [get_timing_paths -max_paths 1 -setup]]
set whs [get_property SLACK [get_timing_paths -max_paths 1 -hold]]
set said [string first "All user specified timing constraints are met." $summary]
set met [expr {{$wns >= 0 && $whs >= 0 && $said >= 0}}]
# A word and a value a line: what the manifest of the bitstream is made of
set file [open {REPORT} w]
foreach {{name value}} [list wns_ns $wns whs_ns $whs met $met version [version -short] \\
        part [get_property PART [current_design]]] {{
    puts $file "$name $value"
}}
foreach clock [get_clocks] {{ puts $file "period_ns [get_property PERIOD $clock]" }}
close $file
puts "Timing: worst setup slack $wns ns, worst hold slack $whs ns, [expr {{$met ? "met" : "MISSED"}}]"
if {{!$met && {int(missed_is_an_error)}}} {{
    stop "timing is missed (setup $wns ns, hold $whs ns): no bitstream is written. Ask for a slower clock, a\\
        smaller array, or for a bitstream that may compute wrong results (tilewright board build: --clock, --array,\\
        --allow-negative-slack; fusesoc run: --CLOCK, --N, --TIMING_MAY_FAIL 1)"
}}
"""


def constraints(design: BlockDesign) -> str:
    """The constraints: the design has no pins of its own, and the processing system's bring theirs."""
    board = design.board
    head = f"# {board.title}, {board.part}: no pins in the fabric; clocks are the processing system's."
    lines = [head, NOT_RUN]
    if board.kind.config_voltage:
        lines += ["set_property CFGBVS VCCO [current_design]", "set_property CONFIG_VOLTAGE 3.3 [current_design]"]
    return "\n".join([*lines, "set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]", ""])
