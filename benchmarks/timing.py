"""Slowest register-to-register paths of the accelerator on xc7, a static estimate by the FuseSoC target `timing`.

Not placed, not run in Vivado; cores/scripts/xc7_delays.py says what the nanoseconds are worth.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[1]


def main(
    array: Annotated[int, typer.Option(help="Rows and columns: 8, 16 or 32.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Synthesise one array size and print its slowest paths."""
    work_root = ROOT / "build" / "timing" / str(array)
    fusesoc = str(Path(sys.executable).parent / "fusesoc")
    command = [fusesoc, "run", "--target", "timing", "--work-root", str(work_root), "tilewright:ip:accelerator"]
    done = subprocess.run([*command, "--N", str(array)], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    (netlist,) = work_root.glob("*.json")
    report = [sys.executable, str(ROOT / "cores" / "scripts" / "timing_report.py"), str(netlist)]
    subprocess.run([*report, *(["--json"] if as_json else [])], check=True)


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
