"""Runs a FuseSoC target of the accelerator for one configuration; its options for the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from tilewright.silicon.configuration import Configuration

ROOT = Path(__file__).resolve().parents[1]

Array = Annotated[int, typer.Option(help="Rows and columns of the array.")]
DspColumns = Annotated[int, typer.Option(help="Columns whose processing elements are DSPs.")]
StreamWidth = Annotated[int, typer.Option(help="Bits of the stream.")]


def run_target(target: str, folder: str, build: Configuration) -> tuple[Path, str]:
    """Runs it.

    Args:
        target: of tilewright:ip:accelerator.
        folder: below build/, for the work root.
        build: the configuration; its defaults are the RTL's.

    Returns:
        The work root, and what was said.

    Raises:
        SystemExit: it failed; with the end of what was said.
    """
    work_root = ROOT / "build" / folder / f"{build.n}_{build.dsp_columns}_{build.stream_w}"
    fusesoc = str(Path(sys.executable).parent / "fusesoc")
    command = [fusesoc, "run", "--target", target, "--work-root", str(work_root), "tilewright:ip:accelerator"]
    command += ["--N", str(build.n), "--DSP_COLUMNS", str(build.dsp_columns)]
    if build.stream_w != 64:
        command += ["--STREAM_W", str(build.stream_w)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    return work_root, done.stdout + done.stderr
