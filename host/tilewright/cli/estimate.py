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

from tilewright.cli.argument_checks import check_clock
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import output
from tilewright.cli.options import Array, AsJson, Batch, Clock, Layers, NetworkFile, Stream
from tilewright.cli.plots import Dark, Plot, checked_plot, plot_errors
from tilewright.compiler.network import CompiledNetwork, compile_network
from tilewright.estimate.estimate import Estimate, LayerEstimate, estimate_compiled
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
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Write the time line to this file, such as x.png or x.svg; beside it x-roofline.png, x-memory.png, "
            "x-network.png."
        ),
    ] = None,
    dark: Dark = False,
    as_json: AsJson = False,
) -> None:
    """Cycles, stalls, beats and memory of every layer, without simulation."""
    with failures_named():
        check_clock(clock)
        chosen = checked_plot(plot, dark)
        network = load_network(resolve_network(network_file, layers=layers))
        names = layer_names(network, layers)
        hardware = HardwareParameters(n=array, stream_w=stream)
        estimate_command(network, hardware, batch, names, stall_probability, clock, chosen, as_json)


def estimate_command(
    network: Network,
    hardware: HardwareParameters,
    batch: int,
    read_back: Collection[str],
    stall_probability: float,
    clock_mhz: float,
    plot: Plot | None,
    as_json: bool,
) -> None:
    """Estimates and prints; :func:`estimate` says what the options mean.

    Raises:
        CompileError: the network does not fit the array, or a picture cannot be written.
    """
    compiled = compile_network(network, hardware.array, batch, read_back)
    result = estimate_compiled(compiled, hardware, stall_probability)
    files = [] if plot is None else write_pictures(result, compiled, plot)
    if as_json:
        typer.echo(json.dumps(result.as_dict(clock_mhz)))
        return
    output.print(layer_table(result))
    output.print(summary_table(result, clock_mhz))
    if files:
        print_line(f"pictures: {', '.join(map(str, files))}")


def write_pictures(result: Estimate, compiled: CompiledNetwork, plot: Plot) -> list[Path]:
    """Writes the time line into the file, and the other pictures beside it.

    Args:
        result: the estimate.
        compiled: what it is of.
        plot: where, and for which pages.

    Returns:
        The files.

    Raises:
        CompileError: there is no matplotlib, or a file cannot be written; says what to do.
    """
    with plot_errors(plot.path):
        from tilewright.pictures import memory, network_graph, roofline, style, time_line

        theme = style.theme_of(plot.dark)
        pictures = {
            "": time_line.draw(result, theme=theme),
            "-roofline": roofline.draw(result, theme=theme),
            "-memory": memory.draw(compiled, theme=theme),
            "-network": network_graph.draw(compiled.network, theme=theme),
        }
        files = [plot.path.with_stem(plot.path.stem + end) for end in pictures]
        for file, picture in zip(files, pictures.values(), strict=True):
            style.save(picture, file)
    return files


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
