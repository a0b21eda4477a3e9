"""Resources of the accelerator on an xc7z020, by Yosys: the FuseSoC target `synth` with the real memories.

Estimates before placement; not run in Vivado.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Annotated

import typer
from accelerator_target import Array, DspColumns, StreamWidth, run_target

from tilewright.silicon.budget import LIMITS, OTHER_LUTS
from tilewright.silicon.configuration import Configuration
from tilewright.silicon.parts import part_of

PART = part_of("xc7z020")
NAMES = {"LUT": "lut", "FF": "ff", "DSP48E1": "dsp", "RAMB36": "block_ram"}
XC7Z020 = {name: getattr(PART, key) for name, key in NAMES.items()}
# What the whole may take, so that it can be placed
MOST = {name: LIMITS[key] for name, key in NAMES.items()}


def synthesise(build: Configuration) -> dict[str, int]:
    """Cells of the netlist by kind, those of LUTs used as memory counted as LUTs too."""
    _, said = run_target("synth", "area", build)
    _, _, report = said.partition("(estimates before placement):")
    found = dict(re.findall(r"^  (\S.*?\S) +(\d+)$", report, re.MULTILINE))
    return {name: int(count) for name, count in found.items()}


def main(
    array: Array = 8,
    dsp_columns: DspColumns = 0,
    stream_w: StreamWidth = 64,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Synthesise one configuration and print what it takes of the device."""
    build = Configuration(array, dsp_columns, stream_w)
    cells = synthesise(build)
    used = {name: cells.get(name, 0) for name in XC7Z020}
    used["LUT"] += cells["LUT as RAM or shift register"]
    used["RAMB36"] += -(-cells["RAMB18"] // 2)
    shares = {name: count / XC7Z020[name] for name, count in used.items()}
    whole = {**shares, "LUT": (used["LUT"] + OTHER_LUTS) / XC7Z020["LUT"]}
    decides = max(whole, key=lambda name: whole[name] / MOST[name])
    fits = whole[decides] <= MOST[decides]
    facts = {
        "configuration": asdict(build),
        **cells,
        "device": XC7Z020,
        "share": shares,
        "other_luts": OTHER_LUTS,
        "whole_share": whole,
        "limits": MOST,
        "fits": fits,
        "decides": decides,
    }
    if as_json:
        print(json.dumps(facts))
        return
    for name, share in shares.items():
        print(f"{name:<8} {used[name]:>7} of {XC7Z020[name]:>7}  {share:>7.1%}")
    print(
        f"{build}: {'fits' if fits else 'does not fit'} an xc7z020 with {OTHER_LUTS} LUTs set aside: "
        f"{decides} decides, {whole[decides]:.1%} of at most {MOST[decides]:.0%}"
    )


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
