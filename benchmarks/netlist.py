"""Does the netlist that Yosys makes of the accelerator for xc7, 8x8, do what the RTL does: FuseSoC target `netlist`.

Tools: `pip install '.[silicon]'` (`make silicon` does). Takes five minutes; a run that was stopped goes on.
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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; progress goes to stderr.")] = False,
    dsp_columns: Annotated[int, typer.Option(help="Columns whose processing elements are DSPs.")] = 0,
) -> None:
    """Replay the golden files on netlist and RTL and print what differs; exit code 1 if anything does."""
    name = f"netlist_dsp{dsp_columns}" if dsp_columns else "netlist"
    work_root, tools = ROOT / "build" / name, Path(sys.executable).parent
    command = [str(tools / "fusesoc"), "run", "--target", "netlist", "--setup", "--work-root", str(work_root)]
    command += ["tilewright:ip:accelerator", "--DSP_COLUMNS", str(dsp_columns)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    hook = [sys.executable, "scripts/netlist_replay.py", *(["--json"] if as_json else [])]
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    raise SystemExit(subprocess.run(hook, cwd=work_root, env=environment, check=False).returncode)


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
