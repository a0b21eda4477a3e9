"""Slowest register-to-register paths of the accelerator on xc7, a static estimate by the FuseSoC target `timing`.

Not placed, not run in Vivado; cores/scripts/xc7_delays.py says what the nanoseconds are worth.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from accelerator_target import ROOT, Array, DspColumns, StreamWidth, run_target

from tilewright.silicon.configuration import Configuration


def main(
    array: Array = 8,
    dsp_columns: DspColumns = 0,
    stream_w: StreamWidth = 64,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Synthesise one configuration and print its slowest paths."""
    build = Configuration(array, dsp_columns, stream_w)
    work_root, _ = run_target("timing", "timing", build)
    (netlist,) = work_root.glob("*.json")
    report = [sys.executable, str(ROOT / "cores" / "scripts" / "timing_report.py"), str(netlist)]
    if not as_json:
        subprocess.run(report, check=True)
        return
    done = subprocess.run([*report, "--json"], check=True, stdout=subprocess.PIPE, text=True)
    print(json.dumps({"configuration": asdict(build), **json.loads(done.stdout)}))


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
