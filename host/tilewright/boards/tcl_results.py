"""What a board's Tcl leaves for the manifest of its bitstream, and how it stops."""

from __future__ import annotations

# In the project's folder: a line a PL clock, "mhz 100.000000"
CLOCKS = "tilewright_clocks.txt"
# In the folder of the run that implements: a word and a value a line, and Vivado's own report
REPORT, UTILISATION = "tilewright_report.txt", "tilewright_utilization.rpt"

# Vivado prints the message of an error as it is, without a word that says that it is one
STOP = r"""proc stop {message} {
    puts "ERROR: \[Tilewright\] $message"
    error $message
}
"""
