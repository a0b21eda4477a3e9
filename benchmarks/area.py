"""Resources of the accelerator on an xc7z020, by Yosys: the FuseSoC target `synth` with the real memories.

Estimates before placement; not run in Vivado.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

ROOT = Path(__file__).resolve().parents[1]
# Zynq-7000 data sheet DS190: XC7Z020
XC7Z020 = {"LUT": 53_200, "FF": 106_400, "DSP48E1": 220, "RAMB36": 140}
# What DMA, interconnect and interrupt controller of a board's design take, about
OTHER_LUTS = 4_000


def synthesise(array: int) -> dict[str, int]:
    """Cells of the netlist by kind, those of LUTs used as memory counted as LUTs too."""
    work_root = ROOT / "build" / "area" / str(array)
    fusesoc = str(Path(sys.executable).parent / "fusesoc")
    command = [fusesoc, "run", "--target", "synth", "--work-root", str(work_root), "tilewright:ip:accelerator"]
    done = subprocess.run([*command, "--N", str(array)], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    _, _, report = (done.stdout + done.stderr).partition("(estimates before placement):")
    found = dict(re.findall(r"^  (\S.*?\S) +(\d+)$", report, re.MULTILINE))
    return {name: int(count) for name, count in found.items()}


def main(
    array: Annotated[int, typer.Option(help="Rows and columns: 8, 16 or 32.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Synthesise one array size and print what it takes of the device."""
    cells = synthesise(array)
    used = {name: cells.get(name, 0) for name in XC7Z020}
    used["LUT"] += cells["LUT as RAM or shift register"]
    used["RAMB36"] += -(-cells["RAMB18"] // 2)
    shares = {name: count / XC7Z020[name] for name, count in used.items()}
    decides = max(shares, key=lambda name: shares[name])
    fits = shares[decides] <= 1 and used["LUT"] + OTHER_LUTS <= XC7Z020["LUT"]
    facts = {**cells, "device": XC7Z020, "share": shares, "other_luts": OTHER_LUTS, "fits": fits, "decides": decides}
    if as_json:
        print(json.dumps(facts))
        return
    for name, share in shares.items():
        print(f"{name:<8} {used[name]:>7} of {XC7Z020[name]:>7}  {share:>7.1%}")
    print(
        f"{array}x{array} {'fits' if fits else 'does not fit'} an xc7z020 beside {OTHER_LUTS} LUTs; {decides} decides"
    )


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
