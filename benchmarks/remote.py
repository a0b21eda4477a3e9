"""Latency of PYNQ.remote: pynq's client and `tilewright serve` on this computer, beside the same without a network.

    python benchmarks/remote.py            a table
    python benchmarks/remote.py --json     one JSON object

Medians. The layer has the shape of features.24 (256 -> 16 channels, 3x3, 4x4 outputs). A board's network adds its own
round trip to every call; the time of the simulation itself is in both columns.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from tilewright.compiler.layer import compile_layer
from tilewright.driver import Driver
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.target import open_overlay

SEED = 1
BUFFER_BYTES = 1 << 20


def layer() -> ConvLayer:
    """Random integers in the shape of features.24."""
    rng = np.random.default_rng(SEED)
    weights = rng.integers(-7, 8, (16, 256, 3, 3), dtype=np.int8)
    return ConvLayer("features.24", weights, rng.integers(0, 16, (1, 256, 4, 4), dtype=np.uint8), padding=1)


def median_seconds(action: Callable[[], Any], times: int) -> float:
    """Median of the seconds that an action takes."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def measure(overlay: Any) -> dict[str, float]:
    """Milliseconds of each step on one device."""
    driver = Driver(overlay)
    buffer = driver.allocate(BUFFER_BYTES // 8)
    work = layer()
    program, expected = compile_layer(work, driver.array), layer_outputs(work)

    def run() -> None:
        np.testing.assert_array_equal(driver.run(program).outputs[0], expected)

    steps: dict[str, tuple[Callable[[], Any], int]] = {
        "register read": (lambda: driver.accelerator.read(0), 500),
        "register write": (lambda: driver.accelerator.write(0x44, 0), 500),
        "flush of 1 MiB": (buffer.flush, 20),
        "invalidate of 1 MiB": (buffer.invalidate, 20),
        "layer": (run, 10),
    }
    return {name: 1000 * median_seconds(*step) for name, step in steps.items()}


def main(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Measures both devices."""
    local = measure(open_overlay("sim", seed=SEED))
    command = [sys.executable, "-m", "tilewright", "serve", "--port", "0", "--seed", str(SEED), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        facts = json.loads(server.stdout.readline())
        host = f"{facts['address']}:{facts['port']}"
        remote = measure(open_overlay("remote", host=host, bitstream=facts["bitstream"]))
        server.terminate()
    if as_json:
        print(json.dumps({"remote_ms": remote, "local_ms": local}))
        return
    table = Table("Step", "PYNQ.remote, ms", "without, ms")
    for name in remote:
        table.add_row(name, f"{remote[name]:.2f}", f"{local[name]:.2f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
