"""The command ``tilewright explore``."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated

import typer

from tilewright.boards.board import BOARDS
from tilewright.cli.argument_checks import check_clock
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import output
from tilewright.cli.explore_table import answer_line, best_table, by_part, summary
from tilewright.cli.options import AsJson, NetworkFile, array_sizes, check_array, check_stream, stream_widths
from tilewright.cli.plots import Dark, Plot, checked_plot, plot_errors
from tilewright.errors import NetworkError, TargetError
from tilewright.explore.chain import load_topology
from tilewright.explore.exploration import Exploration, estimates, explore
from tilewright.explore.pareto import Answer, smallest_for
from tilewright.explore.space import BATCHES, Place, Space, places
from tilewright.hardware.parameters import ARRAY_SIZES, STREAM_WIDTHS
from tilewright.network.file import load_network
from tilewright.network.network import Network
from tilewright.progress import phase, print_line
from tilewright.pytorch.network_choice import resolve_network


def check_arrays(arrays: list[int] | None) -> list[int] | None:
    """Raises typer.BadParameter where one is no size of an array."""
    return arrays and [check_array(array) for array in arrays]


def check_streams(streams: list[int] | None) -> list[int] | None:
    """Raises typer.BadParameter where one is no width of a stream."""
    return streams and [check_stream(stream) for stream in streams]


def board_names() -> list[str]:
    """What ``--board`` completes to."""
    return sorted(file.stem for file in BOARDS.glob("*.json"))


def explore_command(
    network_file: NetworkFile = None,
    scale_sim: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Instead of a network file: a topology file of SCALE-Sim."),
    ] = None,
    board: Annotated[
        list[str] | None,
        typer.Option(help="Board to try, such as pynq_z2; may be repeated; default: all.", autocompletion=board_names),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Images a second by the static report's clock or the assumed one: print the smallest design that "
            "reaches it, a line a board."
        ),
    ] = None,
    array: Annotated[
        list[int] | None,
        typer.Option(
            help="Array to try; may be repeated; default: all.", callback=check_arrays, autocompletion=array_sizes
        ),
    ] = None,
    dsp_columns: Annotated[
        list[int] | None,
        typer.Option(
            min=0,
            help="Columns of DSPs to try; may be repeated; default: none, half, all, as many as the part has room for.",
        ),
    ] = None,
    stream: Annotated[
        list[int] | None,
        typer.Option(
            help="Bits of a stream to try; may be repeated; default: 64, 128.",
            callback=check_streams,
            autocompletion=stream_widths,
        ),
    ] = None,
    batch: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Images a program to try; may be repeated; default: 1, 4, 16."),
    ] = None,
    clock: Annotated[
        float | None,
        typer.Option(min=1.0, help="Assumed clock in MHz instead of the static report's; not reached."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write all combinations to this picture, such as x.png.")] = None,
    dark: Dark = False,
    as_json: AsJson = False,
) -> None:
    """Which array for which board: cycles, size, clock, images a second of every combination."""
    with failures_named():
        _check(rate, clock)
        chosen = checked_plot(plot, dark)
        space = Space(
            places(tuple(board or ())),
            _several(array, ARRAY_SIZES),
            _several(dsp_columns, ()) or None,
            _several(stream, STREAM_WIDTHS),
            _several(batch, BATCHES),
        )
        network = _network(network_file, scale_sim)
        with phase(f"{len(space)} combinations", total=estimates(space), unit="estimate") as step:
            found = explore(network, space, clock, step.update)
        if chosen is not None:
            write_picture(found, chosen)
        answers = {} if rate is None else {place: smallest_for(found.of(place), rate) for place in space.places}
        show(found, answers, as_json)
        if chosen is not None and not as_json:
            print_line(f"picture: {chosen.path}")


def _several(given: list[int] | None, default: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(given))) if given else default


def _check(rate: float | None, clock: float | None) -> None:
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise TargetError(f"--rate {rate}: a number above 0")
    if clock is not None:
        check_clock(clock)


def _network(network_file: Path | None, scale_sim: Path | None) -> Network:
    """The network; what a topology file leaves open is said on standard error.

    Raises:
        NetworkError: both files were given, or it is none.
    """
    if scale_sim is None:
        return load_network(resolve_network(network_file))
    if network_file is not None:
        raise NetworkError("give a network file or --scale-sim, not both")
    network, taken = load_topology(scale_sim)
    if taken:
        print_line(f"{scale_sim} does not say, so taken: {'; '.join(taken)}")
    return network


def show(found: Exploration, answers: dict[Place, Answer], as_json: bool) -> None:
    """Prints what was found: the answers for a rate where there are any, else a table a part.

    Args:
        found: what was tried.
        answers: for each board the design for the rate that was asked for.
        as_json: as one JSON object.
    """
    if as_json:
        given = [
            {
                "board": place.name,
                "rate": answer.rate,
                "reached": answer.reached,
                "point": None if answer.point is None else answer.point.as_dict(),
            }
            for place, answer in answers.items()
        ]
        typer.echo(json.dumps(found.as_dict() | ({"answers": given} if given else {})))
        return
    if answers:
        for place, answer in answers.items():
            line = answer_line(place, answer, len(found.of(place)))
            output.print(line, markup=False, highlight=False, soft_wrap=True)
        return
    for same in by_part(found):
        output.print(best_table(found, same))
    output.print(summary(found), markup=False, highlight=False)


def write_picture(found: Exploration, plot: Plot) -> None:
    """Writes the picture.

    Args:
        found: what is drawn.
        plot: where, and for which pages.

    Raises:
        CompileError: there is no matplotlib, or the file cannot be written; says what to do.
    """
    with plot_errors(plot.path):
        from tilewright.pictures import designs, style

        theme = style.theme_of(plot.dark)
        style.save(designs.draw(found, theme=theme), plot.path)
