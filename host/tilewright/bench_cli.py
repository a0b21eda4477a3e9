"""The command ``tilewright bench``."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import Progress
from rich.table import Table

from tilewright import assumed_clock
from tilewright.bench import Job, LayerJob, Measurement, NetworkJob, measure
from tilewright.capture import capture_layer
from tilewright.console import (
    Array,
    AsJson,
    Bitstream,
    Device,
    Host,
    Seed,
    chosen_device,
    failures_named,
    messages,
    open_driver,
    output,
    spinner,
)
from tilewright.driver import Driver
from tilewright.errors import NetworkError
from tilewright.network import cli as network_cli
from tilewright.network.file import load_network
from tilewright.steps import Step
from tilewright.target import DeviceKind

MEANINGS = {
    Step.COMPILE: "once for each size of batch",
    Step.PACK: "images into a program",
    Step.COPY: "into the buffers, caches flushed, transfers started",
    Step.EXECUTE: "until both transfers have ended",
    Step.COPY_BACK: "caches invalidated, out of the buffer",
    Step.UNPACK: "checked, put together; the host's last layers",
}


def bench(
    network_file: network_cli.NetworkFile = None,
    layer: Annotated[
        str | None, typer.Option(help="Instead of a network: one layer of the trained one, alone.")
    ] = None,
    batch: network_cli.Batch = 1,
    count: Annotated[int | None, typer.Option(min=1, help="Images a round; default: one batch.")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Rounds: each compiles and runs all images.")] = 3,
    array: Array = 8,
    seed: Seed = None,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    clock: network_cli.Clock = assumed_clock.DEFAULT_CLOCK_MHZ,
    as_json: AsJson = False,
) -> None:
    """Throughput: what compiling, packing, copying, executing, copying back and unpacking take, each apart."""
    with failures_named():
        kind = chosen_device(device, bitstream, host)
        job = choose_job(network_file, layer, batch, count or batch)
        driver = open_driver(array, seed, device, bitstream, host)
        with Progress(console=messages, transient=True, disable=not messages.is_terminal) as progress:
            task = progress.add_task(f"{job.name} on {driver.array.n}x{driver.array.n}", total=repeat * job.programs)
            result = measure(driver, job, repeat, lambda: progress.advance(task))
    if as_json:
        typer.echo(json.dumps({**result.as_dict(clock), **device_facts(driver, kind)}))
        return
    output.print(steps_table(result, kind))
    output.print(summary_table(result, kind, clock))


def choose_job(network_file: Path | None, layer: str | None, batch: int, count: int) -> Job:
    """What the options name; images are the packaged photograph, as often as needed.

    Raises:
        NetworkError: the options contradict each other, or the network cannot be read.
        ModelProcessError: model/ failed.
    """
    if count % batch:
        raise NetworkError(f"--count {count} is no multiple of --batch {batch}")
    if layer is not None:
        if network_file is not None:
            raise NetworkError("give a network file or --layer, not both")
        with spinner(messages, f"PyTorch up to {layer}"):
            captured = capture_layer(layer)
        return LayerJob(captured, batch, count // batch)
    network = load_network(network_cli.resolve_network(network_file, None))
    pixels = network_cli.gather_images(network, (), None).pixels
    return NetworkJob(network, np.resize(pixels, (count, *network.image)), batch)


def device_facts(driver: Driver, kind: DeviceKind) -> dict[str, Any]:
    """Where it ran. The simulated device executes in this computer's time, not in a board's."""
    simulated = kind is DeviceKind.SIM
    return {
        "device": kind.value,
        "device_name": driver.device.name,
        "simulated": simulated,
        "execute_is": "simulation wall time" if simulated else "device wall time",
        "seed": getattr(driver.device, "seed", None),
    }


def steps_table(result: Measurement, kind: DeviceKind) -> Table:
    """A row a step, for people."""
    title = f"{result.name} on {result.n}x{result.n}, {result.batch} image(s) a program, {kind.value}"
    table = Table(title=title, title_justify="left")
    table.add_column("Step")
    table.add_column("Min", justify="right")
    table.add_column("Median", justify="right")
    table.add_column("What")
    for step, entry in result.as_dict(1.0)["steps"].items():
        meaning = MEANINGS[Step(step)]
        if kind is DeviceKind.SIM and step == Step.EXECUTE.value:
            meaning += ": simulation wall time"
        times = ("-", "-") if entry is None else (milliseconds(entry["min_s"]), milliseconds(entry["median_s"]))
        table.add_row(step.replace("_", " "), *times, meaning if entry is not None else "as it is compiled")
    return table


def milliseconds(seconds: float) -> str:
    """Seconds as text, for people."""
    return f"{seconds * 1e3:.3f} ms"


def summary_table(result: Measurement, kind: DeviceKind, clock_mhz: float) -> Table:
    """Throughput, for people."""
    here = "simulated" if kind is DeviceKind.SIM else "measured"
    rows = {
        f"Images a second, {here}": f"{result.images_per_second:.2f}, all steps of a program one after the other",
        "Estimate for a board": assumed_clock.in_words(result.batch, median(result.program_cycles), clock_mhz),
        "Program cycles": f"{min(result.program_cycles)} at least, of {len(result.program_cycles)} programs",
        "Program utilisation": f"{result.program_utilisation:.2%}",
    }
    table = Table(show_header=False)
    for name, text in rows.items():
        table.add_row(name, text)
    return table
