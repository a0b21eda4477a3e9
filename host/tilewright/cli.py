"""The command ``tilewright``."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from tilewright import __version__
from tilewright.capture import capture_layer
from tilewright.console import failures_named, messages, open_driver, output, spinner
from tilewright.demo import DEMO_LAYER, outcome_table, run_demo, run_verification
from tilewright.driver import Driver
from tilewright.layer import ConvLayer
from tilewright.stimulus.cli import stimulus_app
from tilewright.verify import Verification

app = typer.Typer(help="Run quantised convolutions on the Tilewright accelerator.", no_args_is_help=True)
app.add_typer(stimulus_app, name="stimulus")

Array = Annotated[int, typer.Option(help="Rows and columns of the simulated array: 8, 16 or 32.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the simulated memory's stalls; default: a new one each time.")]
Bitstream = Annotated[
    Path | None,
    typer.Option(help="On a board: the .bit file to load (its .hwh beside it). Without it: the simulated device."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@app.command()
def demo(array: Array = 8, seed: Seed = None, bitstream: Bitstream = None, as_json: AsJson = False) -> None:
    """The main job: a real image, the squeezed layer of VGG16, every output compared with PyTorch's."""
    with failures_named():
        driver = open_driver(array, seed, bitstream)
        report_outcome(run_demo(driver, messages), driver, as_json)


@app.command()
def verify(
    layer: Annotated[str, typer.Option(help="Layer of the network.")] = DEMO_LAYER,
    array: Array = 8,
    images: Annotated[list[Path] | None, typer.Option(help="Image file; may be repeated.")] = None,
    data: Annotated[Path | None, typer.Option(help="CIFAR-10's folder; takes its first test images.")] = None,
    count: Annotated[int | None, typer.Option(help="How many images of --data.")] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Checkpoint; default: the trained one.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="Layer file that capture wrote, for machines without PyTorch.")
    ] = None,
    seed: Seed = None,
    bitstream: Bitstream = None,
    as_json: AsJson = False,
) -> None:
    """Runs one layer on images of your choice and compares every output with PyTorch's."""
    with failures_named():
        if file is not None:
            captured = ConvLayer.load(file)
        else:
            with spinner(messages, f"PyTorch up to {layer}"):
                captured = capture_layer(layer, images or (), data, count, checkpoint)
        driver = open_driver(array, seed, bitstream)
        report_outcome(run_verification(driver, captured, messages), driver, as_json)


@app.command()
def info(array: Array = 8, bitstream: Bitstream = None, as_json: AsJson = False) -> None:
    """Device, parameters of the accelerator, versions."""
    with failures_named():
        driver = open_driver(array, None, bitstream)
        accelerator = asdict(driver.accelerator.info())
    facts: dict[str, Any] = {
        "device": driver.device.name,
        "simulated": bitstream is None,
        **{name: value for name, value in accelerator.items() if name != "array"},
        **accelerator["array"],
        "tilewright": __version__,
        "pynq": version("pynq"),
        "numpy": version("numpy"),
    }
    facts["version"] = ".".join(str(part) for part in facts["version"])
    facts["build_hash"] = f"{facts['build_hash']:#010x}"
    if as_json:
        typer.echo(json.dumps(facts))
        return
    table = Table(show_header=False)
    for name, value in facts.items():
        table.add_row(name, str(value))
    output.print(table)


def report_outcome(outcome: Verification, driver: Driver, as_json: bool) -> None:
    """Prints an outcome; exits with 1 when an output differs.

    Args:
        outcome: of the run.
        driver: that ran it.
        as_json: whether to print JSON.
    """
    seed = getattr(driver.device, "seed", None)
    if as_json:
        typer.echo(json.dumps({**outcome.as_dict(), "seed": seed}))
    else:
        output.print(outcome_table(outcome, seed))
        for report in outcome.reports:
            if not report.equal:
                output.print(str(report), markup=False, highlight=False)
    if not outcome.equal:
        raise typer.Exit(1)
