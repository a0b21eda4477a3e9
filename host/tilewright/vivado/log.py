"""What a build's log says: which phase begins, and why there is no bitstream.

Lines are those of Vivado 2022.1 to 2024.2 in public logs; what stands behind ERROR: is Vivado's own text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# In the order in which they come
PHASES = {
    "Project (FuseSoC)": r"INFO: Preparing ",
    "IP packaging": r"Tilewright: IP packaging",
    "Block design": r"Tilewright: block design",
    "Synthesis": r"Command: synth_design|Launched synth_1",
    "Implementation: optimisation": r"Command: opt_design|Launched impl_1",
    "Implementation: placement": r"Command: place_design",
    "Implementation: routing": r"Command: route_design",
    "Bitstream": r"Command: write_bitstream",
}
ERRORS_SHOWN, WARNINGS_SHOWN, LAST_LINES = 8, 4, 8
# What is said of any failure: by Edalize, make and FuseSoC, by Vivado of a run that failed and of what waits for it
_OF_ANY = re.compile(
    r"ERROR: (Implementation and bitstream generation step failed|Failed to build|'make)"
    r"|\[Vivado 12-13638\]|\[Common 17-39\]|\[Common 17-70\].*Failed to launch run"
)
# What a reason that is recognised means
_MEANING = {
    r"\[Common 17-34[58]\]|valid license was not found": "the licence for this part is missing: Vivado's License "
    "Manager says which features and devices are licensed",
    r"no board file of|board_part.*not found|\[Board 49-": "the board file is missing: the lines below say how to "
    "install it",
    r"[Nn]o space left on device|[Dd]isk (is )?full": "the disk is full",
    r"\bKilled\b|std::bad_alloc|[Oo]ut of memory": "the computer ran out of memory",
    r"[Pp]art could not be found|\[Coretcl 2-106\]|install it, or the devices": "this Vivado lacks the devices of the "
    "board: add them with its installer",
    r"timing is missed": "timing is missed",
    r"set up for another board": "the processing system makes another clock",
}


def phase_of(line: str) -> str | None:
    """The phase that a line of the log begins; None for others."""
    return next((name for name, pattern in PHASES.items() if re.match(rf"\W*(?:\[[^]]*\] )?(?:{pattern})", line)), None)


def reasons(lines: Iterable[str]) -> list[str]:
    """Why a build failed, by its log: what it means, the errors, the critical warnings, else the last lines.

    Args:
        lines: of the log.
    """
    text = [line.rstrip() for line in lines if line.strip()]
    errors = _unique(line for line in text if re.match(r"ERROR:|\S+: line \d+: +\d+ Killed", line))
    own = [line for line in errors if not _OF_ANY.search(line)]
    critical = _unique(line for line in text if line.startswith("CRITICAL WARNING:"))
    shown = [*_some(own, ERRORS_SHOWN), *_some(critical, WARNINGS_SHOWN)] if own else _tcl_error(text)
    if not shown:
        shown = [line for line in text if not line.startswith("make: ")][-LAST_LINES:]
    evidence = "\n".join(own or shown)
    meaning = next((what for pattern, what in _MEANING.items() if re.search(pattern, evidence)), None)
    return shown if meaning is None else [meaning, *shown]


def _tcl_error(text: list[str]) -> list[str]:
    """The message of a Tcl error: Vivado prints it as it is, above where it happened."""
    places = [index for index, line in enumerate(text) if line.startswith("    while executing")]
    return text[max(0, places[-1] - 2) : places[-1]] if places else []


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))


def _some(lines: list[str], most: int) -> list[str]:
    return [*lines[:most], *([f"... and {len(lines) - most} more"] if len(lines) > most else [])]
