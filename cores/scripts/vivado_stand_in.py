"""`vivado`, as far as boards' projects call it: a stand-in for tests, which builds nothing. It is not Vivado.

As a program called `vivado` on PATH (board_checks.install): -version, or -mode batch -source FILES... [PROJECT.xpr].
$TILEWRIGHT_VIVADO_STAND_IN holds what a test wants (board_checks.runs.Orders).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "host")]

VARIABLE = "TILEWRIGHT_VIVADO_STAND_IN"


def install(folder: Path) -> Path:
    """Put a program `vivado` that calls this script into a folder; return its path."""
    program = folder / "vivado"
    folder.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def main(words: list[str]) -> int:
    """Do what a command line says; the status is Vivado's."""
    from board_checks.runs import VivadoRuns, orders_of, say
    from tilewright.boards.board import board_of

    orders = orders_of(os.environ.get(VARIABLE, "{}"))
    stars = "" if "-version" in words else "****** "
    say(f"{stars}vivado v{orders.version} (64-bit)\n  ** a stand-in, not Vivado; process {os.getpid()}")
    if "-version" in words:
        return 0
    folder = Path.cwd()
    (facts,) = folder.glob("src/tilewright_soc_board-*/design.json")
    vivado = VivadoRuns(folder, board_of(json.loads(facts.read_text(encoding="utf-8"))["board"]), orders)
    named = [folder / word for word in words if word.endswith((".tcl", ".xpr"))]
    projects, scripts = ([file for file in named if file.suffix == kind] for kind in (".xpr", ".tcl"))
    for xpr in projects:
        vivado.open(xpr)
    for script in scripts:
        if message := vivado.source(script):
            say(f"{message}\n    while executing\n...\nINFO: [Common 17-206] Exiting Vivado")
            return 1
    if not projects:
        vivado.save()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
