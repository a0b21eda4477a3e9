"""The command ``tilewright run``, and what ``verify --layers`` and ``demo`` share with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from tilewright.cli.argument_checks import check_clock
from tilewright.cli.console import choose_target, failures_named, output
from tilewright.cli.options import (
    Array,
    AsJson,
    Batch,
    Bitstream,
    Checkpoint,
    Count,
    Data,
    Device,
    First,
    Host,
    ImageFiles,
    Layers,
    NetworkFile,
    Seed,
    Trace,
)
from tilewright.errors import NetworkError
from tilewright.hardware import assumed_clock
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.network.file import load_network
from tilewright.network.layer_names import layers_in, named_layers, trained_checkpoint, unknown_layers
from tilewright.network.network import Network
from tilewright.progress import phase
from tilewright.pytorch.export import export_network
from tilewright.pytorch.image_choice import ImageChoice
from tilewright.pytorch.images import Images

if TYPE_CHECKING:
    from tilewright.driver import Driver
    from tilewright.runs.network import NetworkRun
    from tilewright.runs.runner import BatchResult

Clock = Annotated[float, typer.Option(min=1.0, help="Assumed clock in MHz, for images a second; not reached.")]


def run(
    network_file: NetworkFile = None,
    checkpoint: Checkpoint = None,
    images: ImageFiles = None,
    data: Data = None,
    first: First = 0,
    count: Count = None,
    array: Array = 8,
    batch: Batch = 1,
    seed: Seed = None,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    check: Annotated[bool, typer.Option("--check", help="Compare with PyTorch on the fly.")] = False,
    layers: Layers = None,
    clock: Clock = DEFAULT_CLOCK_MHZ,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """Run a whole network on images: one program a batch, one transfer each way.

    Without images: the packaged photograph. Exits with 1 where --check finds a difference.
    """
    with failures_named():
        check_clock(clock)
        target = choose_target(array, seed, device, bitstream, host, trace)
        choice = ImageChoice(images or (), data, first, count)
        path = resolve_network(network_file, checkpoint, layers)
        network = load_network(path)
        names = layer_names(network, layers)
        taken = choice.take(network)
        driver = target.open()
        # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
        from tilewright.cli.trace import stuck_explained

        with stuck_explained(driver, trace, as_json):
            outcome = run_with_progress(driver, network, path, taken, batch, names, check, clock)
        report_run(outcome, taken, driver, clock, as_json, trace)


def resolve_network(network_file: Path | None, checkpoint: Path | None = None, layers: str | None = None) -> Path:
    """The network file to run: the one given, or a checkpoint's, exported where need be.

    Args:
        network_file: a network file.
        checkpoint: instead, a checkpoint; None takes the trained one.
        layers: names of layers as an option gives them, which the checkpoint must have; None where none are given.

    Raises:
        NetworkError: both files were given, there is no such file, or it lacks a layer.
        ModelProcessError: the export failed.
    """
    if network_file is not None:
        if checkpoint is not None:
            raise NetworkError("give a network file or --checkpoint, not both")
        if network_file.is_dir():
            raise NetworkError(f"{network_file}: a folder, not a network file")
        return network_file
    known = layers_in(checkpoint or trained_checkpoint())
    if layers is not None and known:
        _check_layers("the network", named_layers(layers, known), known)
    with phase("Exporting the network with PyTorch", "Exported the network"):
        return export_network(checkpoint)


def layer_names(network: Network, layers: str | None) -> tuple[str, ...]:
    """Names of the layers to read back: of ``all``, of a list with commas, or of none.

    Raises:
        NetworkError: the network has no such layer.
    """
    if layers is None:
        return ()
    known = [layer.name for layer in network.layers]
    names = named_layers(layers, known)
    _check_layers(f"network {network.name}", names, known)
    return names


def check_layer(layer: str, checkpoint: Path | None = None) -> None:
    """Makes sure, before any work, that a checkpoint has a layer; of some kinds of files only PyTorch knows it.

    Args:
        layer: name of a convolution.
        checkpoint: the file; None takes the trained one.

    Raises:
        NetworkError: it has none of this name.
    """
    known = layers_in(checkpoint or trained_checkpoint(), convolutions=True)
    if known:
        _check_layers("the checkpoint", (layer,), known)


def _check_layers(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    problem = unknown_layers(names, known)
    if problem is not None:
        raise NetworkError(f"{what} has {problem}")


def run_with_progress(
    driver: Driver,
    network: Network,
    network_file: Path,
    images: Images,
    batch: int,
    read_back: Sequence[str],
    check: bool,
    clock_mhz: float,
) -> NetworkRun:
    """:func:`tilewright.runs.network.run_network` with a progress bar."""
    # Imported here: as above.
    from tilewright.runs.network import run_network

    title = f"{network.name} on {driver.array.n}x{driver.array.n}"
    with phase(title, total=len(images.pixels)) as step:

        def advance(run: NetworkRun, result: BatchResult) -> None:
            speed = run.images / max(run.wall_seconds, 1e-9)
            board = assumed_clock.in_words(run.images, run.program_cycles, clock_mhz)
            step.update(
                run.images,
                f"{speed:.2f} images/s here, {board}",
            )

        return run_network(driver, network, network_file, images, batch, read_back, check, advance, step.update)


def report_run(
    run: NetworkRun, images: Images, driver: Driver, clock_mhz: float, as_json: bool, trace_file: Path | None = None
) -> None:
    """Prints a run; exits with 1 when an integer or a class differs."""
    from tilewright.cli.trace import file_of, print_waveform, trace_of_run

    seed = driver.seed
    waveform = trace_of_run(run, driver, trace_file)
    if as_json:
        facts = {"image_source": images.source, "seed": seed, "waveform": file_of(waveform)}
        typer.echo(json.dumps({**run.as_dict(clock_mhz), **facts}))
    else:
        output.print(run_table(run, images, seed, clock_mhz))
        if run.equal is False:
            output.print(str(run.comparison), markup=False, highlight=False)
        print_waveform(waveform)
    if run.equal is False:
        raise typer.Exit(1)


def run_table(run: NetworkRun, images: Images, seed: int | None, clock_mhz: float) -> Table:
    """What ran and what came of it, for people."""
    comparison, n = run.comparison, run.n
    rows = {
        "Network": f"{run.network.name}, {len(run.network.layers)} layers on the accelerator",
        "Images": f"{run.images} of {images.source}, {run.batch} a program",
        "Array": f"{n}x{n}",
        "Predictions": _predictions_text(run),
        "Program cycles": f"{run.program_cycles}, first program beat to last result beat, DMA included",
        "Program utilisation": f"{run.program_utilisation:.2%} ({run.macs} MACs, {n * n} a cycle)",
        "Time": f"{run.wall_seconds:.2f} s, {run.images / max(run.wall_seconds, 1e-9):.2f} images/s here",
        "Estimate for a board": assumed_clock.in_words(run.images, run.program_cycles, clock_mhz),
        "Seed": "-" if seed is None else str(seed),
    }
    if run.checked:
        layers = ", ".join(f"{layer.what} of {layer.layer}" for layer in comparison.layers.values())
        shown = layers if len(comparison.layers) == 1 else f"every layer's map ({len(comparison.layers)} layers)"
        rows |= {
            "Integers compared": f"{comparison.compared} ({comparison.nonzero} not zero): {shown}",
            "Mismatches": f"{comparison.mismatches}; {comparison.predictions_differing} predictions differ",
        }
    title = "Tilewright against PyTorch" if run.checked else "Tilewright"
    table = Table(title=title, show_header=False, title_justify="left")
    for name, text in rows.items():
        table.add_row(name, text)
    results = {None: "not compared", True: "[green]equal[/green]", False: "[red]NOT EQUAL[/red]"}
    table.add_row("Result", results[run.equal])
    return table


def _predictions_text(run: NetworkRun) -> str:
    names = [run.network.class_name(prediction) for prediction in run.predictions]
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return shown if run.correct is None else f"{shown}; {run.correct} of {run.images} correct"
