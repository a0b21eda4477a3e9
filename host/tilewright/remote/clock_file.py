"""The one file of `tilewright serve` that no board has: its simulated time."""

from __future__ import annotations

# Seconds, as text
CLOCK_FILE = "/sys/class/tilewright/seconds"
