"""Does the netlist that Yosys makes of the accelerator for xc7 do what the RTL does: FuseSoC target `netlist`.

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
GOLDEN = ROOT / "cores" / "accelerator" / "golden"


def golden_files(array: int, work_root: Path) -> None:
    """Put those of another array size than 8 in the place of the golden files, which are for 8."""
    command = [sys.executable, str(GOLDEN / "make_golden.py"), str(array), str(work_root)]
    subprocess.run(command, stdout=sys.stderr, check=True)
    (sizes,) = work_root.glob("src/*/golden/golden_sizes.vh")
    (work_root / sizes.name).replace(sizes)


def main(
    array: Annotated[int, typer.Option(help="Rows and columns: 8 or 16.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object; progress goes to stderr.")] = False,
    dsp_columns: Annotated[int, typer.Option(help="Columns whose processing elements are DSPs.")] = 0,
) -> None:
    """Replay the golden files on netlist and RTL and print what differs; exit code 1 if anything does."""
    work_root, tools = ROOT / "build" / "netlist" / f"{array}_dsp{dsp_columns}", Path(sys.executable).parent
    command = [str(tools / "fusesoc"), "run", "--target", "netlist", "--setup", "--work-root", str(work_root)]
    command += ["tilewright:ip:accelerator", "--N", str(array), "--DSP_COLUMNS", str(dsp_columns)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    if array != 8:
        golden_files(array, work_root)
    hook = [sys.executable, "scripts/netlist_replay.py", *(["--json"] if as_json else [])]
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    raise SystemExit(subprocess.run(hook, cwd=work_root, env=environment, check=False).returncode)


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
