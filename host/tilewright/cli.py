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
from tilewright.bench_cli import bench
from tilewright.board.cli import board_app
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
from tilewright.demo import DEMO_LAYER, demo_table, outcome_table, run_demo, run_verification
from tilewright.driver import Driver
from tilewright.kernel_spec import install_kernel
from tilewright.layer import ConvLayer
from tilewright.network import cli as network_cli
from tilewright.network.estimate_cli import estimate
from tilewright.network.file import load_network
from tilewright.network.golden_cli import golden
from tilewright.remote.cli import serve
from tilewright.simulate_cli import simulate
from tilewright.stimulus.cli import stimulus_app
from tilewright.target import DeviceKind
from tilewright.trace_cli import Trace, file_of, print_waveform, stuck_explained, trace_of_demo, trace_of_layer
from tilewright.verify import Verification
from tilewright.waveform import check_traceable

app = typer.Typer(help="Run quantised networks on the Tilewright accelerator, exactly.", no_args_is_help=True)
app.add_typer(stimulus_app, name="stimulus")
app.add_typer(board_app, name="board")
app.command()(network_cli.run)
app.command()(estimate)
app.command()(golden)
app.command()(install_kernel)
app.command()(bench)
app.command()(simulate)
app.command()(serve)


@app.command()
def demo(
    array: Array = 8,
    seed: Seed = None,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """The main job: a real image, the whole trained VGG16, every integer compared with PyTorch's."""
    with failures_named():
        network_file = network_cli.resolve_network(None, None)
        images = network_cli.gather_images(load_network(network_file), (), None)
        driver = open_driver(array, seed, device, bitstream, host)
        check_traceable(driver.device, trace)
        with stuck_explained(driver, trace, as_json):
            outcome = run_demo(driver, network_file, images, messages)
        waveform = trace_of_demo(outcome.run, outcome.layer, driver, trace)
        seed = getattr(driver.device, "seed", None)
        if as_json:
            typer.echo(json.dumps({**outcome.as_dict(), "seed": seed, "waveform": file_of(waveform)}))
        else:
            output.print(demo_table(outcome, seed))
            if not outcome.run.equal:
                output.print(str(outcome.run.comparison), markup=False, highlight=False)
            print_differences(outcome.layer)
            print_waveform(waveform)
        if not outcome.equal:
            raise typer.Exit(1)


@app.command()
def verify(
    layer: Annotated[str, typer.Option(help="One layer of the network, alone, raw and with ReLU.")] = DEMO_LAYER,
    layers: Annotated[
        str | None,
        typer.Option(help="Instead: the whole network, these layers' maps read back: `all`, or names with commas."),
    ] = None,
    array: Array = 8,
    images: Annotated[list[Path] | None, typer.Option(help="Image file; may be repeated.")] = None,
    data: Annotated[Path | None, typer.Option(help="CIFAR-10's folder; takes its first test images.")] = None,
    count: Annotated[int | None, typer.Option(help="How many images of --data.")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Images a program, with --layers.")] = 1,
    checkpoint: Annotated[Path | None, typer.Option(help="Checkpoint; default: the trained one.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Layer file that capture wrote, or with --layers a network file."),
    ] = None,
    seed: Seed = None,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """Compares one layer's outputs, or every layer's map, with PyTorch's, on images of your choice."""
    with failures_named():
        if layers is not None:
            path = network_cli.resolve_network(file, checkpoint)
            network = load_network(path)
            taken = network_cli.gather_images(network, images or (), data, 0, count)
            driver = open_driver(array, seed, device, bitstream, host)
            names = network_cli.layer_names(network, layers)
            clock = network_cli.DEFAULT_CLOCK_MHZ
            check_traceable(driver.device, trace)
            with stuck_explained(driver, trace, as_json):
                run = network_cli.run_with_progress(driver, network, path, taken, batch, names, True, clock)
            network_cli.report_run(run, taken, driver, clock, as_json, trace)
            return
        if file is not None:
            captured = ConvLayer.load(file)
        else:
            with spinner(messages, f"PyTorch up to {layer}"):
                captured = capture_layer(layer, images or (), data, count, checkpoint)
        driver = open_driver(array, seed, device, bitstream, host)
        check_traceable(driver.device, trace)
        with stuck_explained(driver, trace, as_json):
            outcome = run_verification(driver, captured, messages)
        report_outcome(outcome, driver, as_json, trace)


@app.command()
def info(
    array: Array = 8,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    as_json: AsJson = False,
) -> None:
    """Device, parameters of the accelerator, versions."""
    with failures_named():
        driver = open_driver(array, None, device, bitstream, host)
        accelerator = asdict(driver.accelerator.info())
    facts: dict[str, Any] = {
        "device": driver.device.name,
        "simulated": chosen_device(device, bitstream, host) is DeviceKind.SIM,
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


def report_outcome(outcome: Verification, driver: Driver, as_json: bool, trace: Path | None = None) -> None:
    """Prints an outcome; exits with 1 when an output differs.

    Args:
        outcome: of the run.
        driver: that ran it.
        as_json: whether to print JSON.
        trace: file of --trace.
    """
    seed = getattr(driver.device, "seed", None)
    waveform = trace_of_layer(outcome, driver, trace)
    if as_json:
        typer.echo(json.dumps({**outcome.as_dict(), "seed": seed, "waveform": file_of(waveform)}))
    else:
        output.print(outcome_table(outcome, seed))
        print_differences(outcome)
        print_waveform(waveform)
    if not outcome.equal:
        raise typer.Exit(1)


def print_differences(outcome: Verification) -> None:
    """Prints what differs of a layer's outputs, if anything does."""
    for report in outcome.reports:
        if not report.equal:
            output.print(str(report), markup=False, highlight=False)
