"""The command ``tilewright run``, and what ``verify --layers`` and ``demo`` share with it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tilewright.console import (
    Array,
    AsJson,
    Bitstream,
    Device,
    Host,
    Seed,
    failures_named,
    messages,
    open_driver,
    output,
    spinner,
)
from tilewright.driver import Driver
from tilewright.errors import NetworkError
from tilewright.network.file import load_network
from tilewright.network.graph import Network
from tilewright.network.prepare import Images, export_network, load_images, model_images
from tilewright.network.runner import BatchResult
from tilewright.network.session import NetworkRun, run_network
from tilewright.trace_cli import Trace, file_of, print_waveform, stuck_explained, trace_of_run
from tilewright.waveform import check_traceable

DEFAULT_CLOCK_MHZ = 100.0


NetworkFile = Annotated[
    Path | None, typer.Argument(help="Network file that `tilewright_model export` wrote; default: the trained VGG16.")
]
Checkpoint = Annotated[Path | None, typer.Option(help="Checkpoint to export instead of giving a network file.")]
ImageFiles = Annotated[
    list[Path] | None, typer.Option("--images", help="An .npz with `pixels`, or image files; may be repeated.")
]
Cifar10 = Annotated[Path | None, typer.Option(help="CIFAR-10's folder: take its test images.")]
Count = Annotated[int | None, typer.Option(min=1, help="How many images of --cifar10, or of an .npz.")]
First = Annotated[int, typer.Option(min=0, help="The first of them.")]
Batch = Annotated[int, typer.Option(min=1, help="Images a program.")]
Clock = Annotated[float, typer.Option(min=1.0, help="Clock in MHz for the board's images a second.")]


def run(
    network_file: NetworkFile = None,
    checkpoint: Checkpoint = None,
    images: ImageFiles = None,
    cifar10: Cifar10 = None,
    first: First = 0,
    count: Count = None,
    array: Array = 8,
    batch: Batch = 1,
    seed: Seed = None,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    check: Annotated[bool, typer.Option("--check", help="Compare with PyTorch on the fly.")] = False,
    layers: Annotated[str | None, typer.Option(help="Read back and compare: `all`, or layers with commas.")] = None,
    clock: Clock = DEFAULT_CLOCK_MHZ,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """Run a whole network on images: one program a batch, one transfer each way."""
    with failures_named():
        path = resolve_network(network_file, checkpoint)
        network = load_network(path)
        taken = gather_images(network, images or (), cifar10, first, count)
        driver = open_driver(array, seed, device, bitstream, host)
        check_traceable(driver.device, trace)
        with stuck_explained(driver, trace, as_json):
            outcome = run_with_progress(driver, network, path, taken, batch, layer_names(network, layers), check, clock)
        report_run(outcome, taken, driver, clock, as_json, trace)


def resolve_network(network_file: Path | None, checkpoint: Path | None) -> Path:
    """The network file to run: the one given, or a checkpoint's, exported where need be.

    Raises:
        NetworkError: both were given, or there is no such file.
        ModelProcessError: the export failed.
    """
    if network_file is not None:
        if checkpoint is not None:
            raise NetworkError("give a network file or --checkpoint, not both")
        return network_file
    with spinner(messages, "Exporting the network"):
        return export_network(checkpoint)


def gather_images(
    network: Network, files: Sequence[Path], cifar10: Path | None, first: int = 0, count: int | None = None
) -> Images:
    """Images from files, from CIFAR-10, or the packaged photograph.

    Args:
        network: whose size image files are brought to.
        files: one .npz, or image files.
        cifar10: CIFAR-10's folder.
        first, count: which images of CIFAR-10 or of the .npz; all of the .npz, one of CIFAR-10 by default.

    Raises:
        NetworkError: the choice makes no sense, or a file cannot be read.
        ModelProcessError: model/ cannot read them.
    """
    if files and cifar10:
        raise NetworkError("give --images or --cifar10, not both")
    if any(file.suffix == ".npz" for file in files):
        if len(files) > 1:
            raise NetworkError("give one .npz, or image files")
        whole = load_images(files[0])
        chosen = slice(first, None if count is None else first + count)
        if not len(whole.pixels[chosen]):
            raise NetworkError(f"{files[0]} holds {len(whole.pixels)} images, none from {first} on")
        return Images(whole.pixels[chosen], whole.labels[chosen], whole.source)
    arguments: list[str | Path] = ["--size", *map(str, network.image[1:])]
    for file in files:
        arguments += ["--images", file]
    if cifar10:
        arguments += ["--data", cifar10, "--first", str(first), "--count", str(count or 1)]
    with spinner(messages, "Reading images"), tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
        return model_images(arguments, Path(folder))


def layer_names(network: Network, layers: str | None) -> tuple[str, ...]:
    """Names of the layers to read back: of ``all``, of a list with commas, or of none."""
    if layers is None:
        return ()
    if layers == "all":
        return tuple(layer.name for layer in network.layers)
    return tuple(name.strip() for name in layers.split(","))


def run_with_progress(
    driver: Driver,
    network: Network,
    network_file: Path,
    images: Images,
    batch: int,
    taps: Sequence[str],
    check: bool,
    clock_mhz: float,
) -> NetworkRun:
    """:func:`tilewright.network.session.run_network` with a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as progress:
        task = progress.add_task(f"{network.name} on {driver.array.n}x{driver.array.n}", total=len(images.pixels))

        def advance(run: NetworkRun, result: BatchResult) -> None:
            speed = run.images / max(run.wall_seconds, 1e-9)
            board = run.images_per_second(clock_mhz * 1e6)
            progress.update(
                task,
                completed=run.images,
                description=f"{speed:.2f} images/s here, {board:.0f} images/s on a board at {clock_mhz:g} MHz",
            )

        return run_network(driver, network, network_file, images, batch, taps, check, advance)


def report_run(
    run: NetworkRun, images: Images, driver: Driver, clock_mhz: float, as_json: bool, trace_file: Path | None = None
) -> None:
    """Prints a run; exits with 1 when an integer or a class differs."""
    seed = getattr(driver.device, "seed", None)
    waveform = trace_of_run(run, driver, trace_file)
    if as_json:
        facts = {"image_source": images.source, "seed": seed, "waveform": file_of(waveform)}
        typer.echo(json.dumps({**run.as_dict(clock_mhz * 1e6), **facts}))
    else:
        output.print(run_table(run, images, seed, clock_mhz))
        if not run.equal:
            output.print(str(run.comparison), markup=False, highlight=False)
        print_waveform(waveform)
    if not run.equal:
        raise typer.Exit(1)


def run_table(run: NetworkRun, images: Images, seed: int | None, clock_mhz: float) -> Table:
    """What ran and what came of it, for people."""
    comparison, n = run.comparison, run.n
    rows = {
        "Network": f"{run.network.name}, {len(run.network.layers)} layers on the accelerator",
        "Images": f"{run.images} of {images.source}, {run.batch} a program",
        "Array": f"{n}x{n}",
        "Predictions": _predictions_text(run),
        "Cycles": f"{run.cycles}, first program beat to last result beat, DMA included",
        "Array utilisation": f"{run.utilisation:.2%} ({run.macs} MACs, {n * n} a cycle)",
        "Time here": f"{run.wall_seconds:.2f} s, {run.images / max(run.wall_seconds, 1e-9):.2f} images/s",
        f"Board at {clock_mhz:g} MHz": f"{run.images_per_second(clock_mhz * 1e6):.1f} images/s (estimated)",
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
    if run.checked:
        table.add_row("Result", "[green]equal[/green]" if run.equal else "[red]NOT EQUAL[/red]")
    return table


def _predictions_text(run: NetworkRun) -> str:
    names = [run.network.class_name(prediction) for prediction in run.predictions]
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return shown if run.correct is None else f"{shown}; {run.correct} of {run.images} correct"
