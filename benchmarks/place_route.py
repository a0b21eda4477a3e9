"""Clock of the accelerator placed and routed for an ECP5-85k-6, by the FuseSoC target `ecp5`; it ends in a bitstream.

Tools: `pip install '.[silicon]'` (`make silicon` does). Takes half an hour and more; a run that was stopped goes on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[1]


def main(
    array: Annotated[int, typer.Option(help="Rows and columns: 8, 16, 32 or 64.")] = 8,
    seeds: Annotated[int, typer.Option(min=1, help="Placements; the median counts.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; progress goes to stderr.")] = False,
) -> None:
    """Place and route one array size and print its clock and its slowest paths."""
    work_root, tools = ROOT / "build" / "ecp5" / str(array), Path(sys.executable).parent
    command = [str(tools / "fusesoc"), "run", "--target", "ecp5", "--setup", "--work-root", str(work_root)]
    command += ["tilewright:ip:accelerator", "--N", str(array)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    hook = [sys.executable, "scripts/place_route.py", "--seeds", str(seeds), *(["--json"] if as_json else [])]
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    raise SystemExit(subprocess.run(hook, cwd=work_root, env=environment, check=False).returncode)


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
