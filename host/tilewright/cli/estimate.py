"""The command ``tilewright estimate``."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from tilewright.cli.argument_checks import check_clock, check_writable
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import output
from tilewright.cli.options import Array, AsJson, Batch, Clock, Layers, NetworkFile, Stream
from tilewright.errors import CompileError
from tilewright.estimate.estimate import Estimate, LayerEstimate, estimate_network
from tilewright.hardware import assumed_clock
from tilewright.hardware.parameters import HardwareParameters
from tilewright.network.file import load_network
from tilewright.network.network import Network
from tilewright.progress import print_line
from tilewright.pytorch.network_choice import layer_names, resolve_network


def estimate(
    network_file: NetworkFile = None,
    array: Array = 8,
    stream: Stream = 64,
    batch: Batch = 1,
    layers: Layers = None,
    stall_probability: Annotated[
        float, typer.Option(min=0.0, max=0.99, help="That a cycle of the memory brings no beat; 0 is exact.")
    ] = 0.0,
    clock: Clock = assumed_clock.DEFAULT_CLOCK_MHZ,
    plot: Annotated[Path | None, typer.Option(help="Write time line and roofline to this file, such as x.png.")] = None,
    as_json: AsJson = False,
) -> None:
    """Cycles, stalls, beats and memory of every layer, without simulation."""
    with failures_named():
        check_clock(clock)
        if plot is not None:
            check_writable("--plot", plot)
            if not plot.suffix:
                raise CompileError(f"--plot {plot}: the suffix says the format, such as .png")
        network = load_network(resolve_network(network_file, layers=layers))
        names = layer_names(network, layers)
        hardware = HardwareParameters(n=array, stream_w=stream)
        estimate_command(network, hardware, batch, names, stall_probability, clock, plot, as_json)


def estimate_command(
    network: Network,
    hardware: HardwareParameters,
    batch: int,
    read_back: Collection[str],
    stall_probability: float,
    clock_mhz: float,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Estimates and prints; :func:`estimate` says what the options mean.

    Raises:
        CompileError: the network does not fit the array, or the figure cannot be written.
    """
    result = estimate_network(network, hardware, batch, read_back, stall_probability)
    if plot is not None:
        write_plot(result, plot)
    if as_json:
        typer.echo(json.dumps(result.as_dict(clock_mhz)))
        return
    output.print(layer_table(result))
    output.print(summary_table(result, clock_mhz))
    if plot is not None:
        print_line(f"figure: {plot}")


def write_plot(result: Estimate, path: Path) -> None:
    """Writes the figure.

    Raises:
        CompileError: there is no matplotlib, or the file cannot be written; says what to do.
    """
    try:
        from tilewright.estimate.plot import save_figure

        save_figure(result, path)
    except ImportError as error:
        raise CompileError(f"--plot needs matplotlib: pip install matplotlib ({error})") from error
    except (OSError, ValueError) as error:
        raise CompileError(f"{path}: the figure cannot be written: {error}") from error


def layer_table(result: Estimate) -> Table:
    """One row a layer, for people."""
    n = result.hardware.n
    title = f"{result.network} on {n}x{n}, {result.batch} image(s) a program"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Layer")
    for name in ("Cycles", "Share", "Used"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Stalls")
    for name in ("Other", "Beats"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Bound by")
    for layer in result.layers:
        table.add_row(*_layer_row(layer, result.program_cycles))
    return table


def _layer_row(layer: LayerEstimate, cycles: int) -> tuple[str, ...]:
    waits = [f"{cause} {count}" for cause, count in asdict(layer.stalls).items() if count]
    return (
        layer.name,
        str(layer.command_cycles),
        f"{layer.command_cycles / cycles:.1%}",
        f"{layer.command_utilisation:.1%}",
        ", ".join(waits) or "-",
        str(layer.other),
        str(layer.beats.program),
        layer.bound_by,
    )


def summary_table(result: Estimate, clock_mhz: float) -> Table:
    """The whole program, for people."""
    n, words, cycles = result.hardware.n, result.hardware.act_depth, result.program_cycles
    blocks = ", ".join(f"{name} {count:g}" for name, count in result.block_rams.items() if count)
    exact = "exact" if result.stall_probability == 0 else f"mean, stall probability {result.stall_probability:g}"
    rows = {
        "Program cycles": f"{cycles} ({exact}), {cycles / result.batch:.0f} an image",
        "Program utilisation": f"{result.program_utilisation:.2%} ({result.macs} MACs, {n * n} a cycle)",
        "Estimate for a board": assumed_clock.in_words(result.batch, cycles, clock_mhz),
        "Beats": f"{result.beats_in} in, {result.beats_out} out",
        "Activation memory": f"{result.peak_words} of {words} words live at one time, at most",
        "BRAM36": f"{sum(result.block_rams.values()):g}: {blocks}",
    }
    table = Table(show_header=False)
    for name, text in rows.items():
        table.add_row(name, text)
    return table
