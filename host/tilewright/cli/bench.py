"""The command ``tilewright bench``."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.table import Table

from tilewright.cli.argument_checks import check_clock
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import output
from tilewright.cli.host_cost import show_host_cost
from tilewright.cli.option_groups import DeviceOptions, grouped
from tilewright.cli.options import COUNT_HELP, AsJson, Batch, Clock, Layer, NetworkFile
from tilewright.driver.run_steps import RunStep
from tilewright.errors import NetworkError
from tilewright.hardware import assumed_clock
from tilewright.network.file import load_network
from tilewright.progress import phase
from tilewright.pytorch.capture import capture_layer
from tilewright.pytorch.image_choice import ImageChoice
from tilewright.pytorch.network_choice import check_layer, resolve_network
from tilewright.target import DeviceKind

if TYPE_CHECKING:
    from tilewright.driver import Driver
    from tilewright.runs.bench import Job, Measurement

MEANINGS = {
    RunStep.COMPILE: "once for each size of batch",
    RunStep.PACK: "images into a program, and that into the buffer",
    RunStep.COPY: "caches flushed, transfers started",
    RunStep.EXECUTE: "what is left until both transfers have ended",
    RunStep.COPY_BACK: "caches invalidated",
    RunStep.UNPACK: "checked, put together; the host's last layers",
}


@grouped
def bench(
    *,
    network_file: NetworkFile = None,
    layer: Layer = None,
    batch: Batch = 1,
    count: Annotated[int | None, typer.Option(min=1, help=COUNT_HELP, show_default="one batch")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Rounds: each compiles and runs all images.")] = 3,
    host_cost: Annotated[
        bool,
        typer.Option(
            "--host-cost",
            help="Count instead what a batch costs the processor beside the accelerator, for the largest array of each "
            "part at the batch that takes the smallest share of those that are as fast, or at --batch: instructions "
            "(valgrind's callgrind, numpy at its baseline) and bytes moved; as a share of the accelerator's time by a "
            "model: 1 instruction a cycle, 8 cycles for a miss of the first caches, 8 or 9 for a mispredicted branch, "
            "memory of 800 MB/s (Cortex-A9, 650 MHz) or 2,500 (Cortex-A53, 1.2 GHz), 6 or 3 us a cache call, 0.25 us "
            "an access to a register, all of them assumed.",
        ),
    ] = False,
    part: Annotated[
        list[str] | None, typer.Option(help="With --host-cost: a part, such as xc7z020; repeat for several.")
    ] = None,
    device: DeviceOptions,
    clock: Clock = assumed_clock.DEFAULT_CLOCK_MHZ,
    as_json: AsJson = False,
) -> None:
    """Throughput: what compiling, packing, copying, executing, copying back and unpacking take, each apart.

    While a batch is computed the next is packed and the last one unpacked: "execute" is what is left to wait. The
    images are the packaged photograph, as often as --count says: a multiple of --batch.
    """
    with failures_named():
        if host_cost:
            show_host_cost(network_file, part or (), batch if batch > 1 else None, as_json)
            return
        check_clock(clock)
        target = device.target()
        kind = target.kind
        job = choose_job(network_file, layer, batch, count or batch)
        driver = target.open()
        result = measure_with_progress(driver, job, repeat)
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
        check_layer(layer)
        captured = capture_layer(layer)
    else:
        network = load_network(resolve_network(network_file))
        pixels = ImageChoice().take(network).pixels
    # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
    from tilewright.runs.bench import LayerJob, NetworkJob

    if layer is not None:
        return LayerJob(captured, batch, count // batch)
    return NetworkJob(network, np.resize(pixels, (count, *network.image)), batch)


def measure_with_progress(driver: Driver, job: Job, rounds: int) -> Measurement:
    """:func:`tilewright.runs.bench.measure` with a progress bar."""
    from tilewright.runs.bench import measure

    total = rounds * job.programs
    with phase(f"{job.name} on {driver.array.n}x{driver.array.n}", total=total, unit="program") as step:
        return measure(driver, job, rounds, lambda: step.advance(1))


def device_facts(driver: Driver, kind: DeviceKind) -> dict[str, Any]:
    """Where it ran. The simulated device executes in this computer's time, not in a board's."""
    simulated = kind is DeviceKind.SIM
    return {
        "device": kind.value,
        "device_name": driver.device.name,
        "simulated": simulated,
        "execute_is": "simulation wall time" if simulated else "device wall time",
        "seed": driver.seed,
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
        meaning = MEANINGS[RunStep(step)]
        if kind is DeviceKind.SIM and step == RunStep.EXECUTE.value:
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
        f"Images a second, {here}": f"{result.images_per_second:.2f}, the steps of a program added up",
        "Estimate for a board": assumed_clock.in_words(result.batch, median(result.program_cycles), clock_mhz),
        "Program cycles": f"{min(result.program_cycles)} at least, of {len(result.program_cycles)} programs",
        "Program utilisation": f"{result.program_utilisation:.2%}",
    }
    table = Table(show_header=False)
    for name, text in rows.items():
        table.add_row(name, text)
    return table
