"""Compares the estimate of a network with the counters of the simulated accelerator, layer by layer, as Markdown.

python benchmarks/estimate.py --array 16 --batch 4
python benchmarks/estimate.py network.safetensors --array 8 --stall-probability 0.05
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from tilewright.driver import Driver
from tilewright.estimate.estimate import Estimate, estimate_network
from tilewright.estimate.measured import MeasuredLayer, hardware_of, measured_layers
from tilewright.network.file import load_network
from tilewright.pytorch.network_choice import resolve_network
from tilewright.runs.runner import NetworkRunner
from tilewright.sim import open_overlay


def main(
    network_file: Annotated[Path | None, typer.Argument(help="Network file; default: the trained VGG16.")] = None,
    array: Annotated[int, typer.Option(help="Rows and columns of the array: 8, 16, 32 or 64.")] = 8,
    batch: Annotated[int, typer.Option(min=1, help="Images a program.")] = 1,
    stall_probability: Annotated[float, typer.Option(help="Of the simulated memory.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the simulated memory's stalls and of the images.")] = 1,
) -> None:
    """Runs random images on the simulated accelerator and prints what was predicted beside what was counted."""
    network = load_network(resolve_network(network_file, None))
    driver = Driver(open_overlay(array, stall_probability=stall_probability, seed=seed))
    pixels = np.random.default_rng(seed).integers(0, 256, (batch, *network.image)).astype(np.uint8)
    (result,) = NetworkRunner(driver, network, batch).run(pixels)
    hardware = hardware_of(driver.accelerator.info())
    start = time.perf_counter()
    predicted = estimate_network(network, hardware, batch, stall_probability=stall_probability)
    seconds = time.perf_counter() - start
    measured = measured_layers(predicted, driver.accelerator.layer_log())
    print_table(predicted, measured, result.counters.cycles)
    print(f"\nEstimated in {seconds:.2f} s, simulated in {result.wall_seconds:.1f} s (seed {seed}).")


def print_table(predicted: Estimate, measured: tuple[MeasuredLayer, ...], cycles: int) -> None:
    """One row a layer, and one for the whole program."""
    n = predicted.hardware.n
    print(f"{predicted.network}, {n}x{n}, batch {predicted.batch}, stall probability {predicted.stall_probability:g}\n")
    print("| Layer | Cycles measured | predicted | Error | Stalls measured | predicted |\n|---|---|---|---|---|---|")
    for layer, truth in zip(predicted.layers, measured, strict=True):
        stalls = f"{truth.stalls.total} | {layer.stalls.total}"
        counted, estimated = truth.command_cycles, layer.command_cycles
        print(f"| {layer.name} | {counted} | {estimated} | {estimated / counted - 1:+.3%} | {stalls} |")
    estimated = predicted.program_cycles
    print(f"| `CYCLES` | {cycles} | {estimated} | {estimated / cycles - 1:+.3%} | | |")


if __name__ == "__main__":
    typer.run(main)
