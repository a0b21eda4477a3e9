"""Program utilisation of the trained VGG16 on the RTL with weight stores of several depths, beside the estimate's.

python benchmarks/weight_store.py --array 16 --batch 4 [--json]
"""

from __future__ import annotations

import json
from typing import Annotated

import numpy as np
import typer

from tilewright.driver import Driver
from tilewright.estimate.estimate import estimate_network
from tilewright.hardware.block_ram import blocks_of
from tilewright.hardware.parameters import HardwareParameters
from tilewright.network.file import load_network
from tilewright.pytorch.network_choice import resolve_network
from tilewright.runs.runner import NetworkRunner
from tilewright.sim import SocParameters, open_overlay

DEPTHS = (512, 1024, 4096, 8192)


def main(
    array: Annotated[int, typer.Option(help="Rows and columns of the array: 8, 16, 32 or 64.")] = 8,
    batch: Annotated[int, typer.Option(min=1, help="Images a program.")] = 1,
    stall_probability: Annotated[float, typer.Option(help="Of the simulated memory.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Of the simulated memory's stalls and of the images.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Builds the simulated hardware with each depth (about a minute each) and runs one batch of random images."""
    network = load_network(resolve_network(None, None))
    pixels = np.random.default_rng(seed).integers(0, 256, (batch, *network.image)).astype(np.uint8)
    work = network.macs * batch / array**2
    rows = []
    for depth in DEPTHS:
        driver = Driver(
            open_overlay(SocParameters(n=array, wgt_depth=depth), stall_probability=stall_probability, seed=seed)
        )
        (result,) = NetworkRunner(driver, network, batch).run(pixels)
        hardware = HardwareParameters(n=array, wgt_depth=depth)
        predicted = estimate_network(network, hardware, batch, stall_probability=stall_probability)
        blocks = blocks_of(64 * hardware.group_beats + 1, depth)
        row = {"depth": depth, "block_rams": blocks, "program_utilisation": work / result.counters.cycles}
        row["predicted_program_utilisation"] = work / predicted.program_cycles
        rows.append({**row, "stall_weights": result.counters.stall_weights})
    if as_json:
        print(json.dumps({"array": array, "batch": batch, "stall_probability": stall_probability, "depths": rows}))
        return
    print("| Groups | Block RAMs | Program utilisation | Predicted | STALL_WEIGHTS |\n|---|---|---|---|---|")
    for row in rows:
        shares = (row["program_utilisation"], row["predicted_program_utilisation"])
        shown = " | ".join(f"{share:.2%}" for share in shares)
        print(f"| {row['depth']} | {row['block_rams']:g} | {shown} | {row['stall_weights']} |")


if __name__ == "__main__":
    typer.run(main)
