"""The command ``tilewright board build``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from tilewright.bitstreams.collection import checked, collection_folder
from tilewright.cli.bitstream_table import show
from tilewright.cli.command_group import failures_named
from tilewright.cli.options import AsJson
from tilewright.errors import ParameterError
from tilewright.progress import print_line
from tilewright.vivado.build import build_bitstream


def build(
    name: Annotated[str, typer.Argument(help="Board: a file of host/tilewright/boards/data.")],
    array: Annotated[int | None, typer.Option(help="Rows and columns of the array; default: the board's.")] = None,
    dsp_columns: Annotated[
        int | None, typer.Option(help="Columns whose PEs are DSPs, two in one; default: the board's.")
    ] = None,
    stream: Annotated[int | None, typer.Option(help="Bits of the streams: 64 or 128; default: the board's.")] = None,
    clock: Annotated[float | None, typer.Option(help="Assumed clock to ask for, in MHz; default: the board's.")] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Another parameter of the Verilog module; may be repeated."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder of bitstreams to add it to; default: the checkout's bitstreams.")
    ] = None,
    work_root: Annotated[
        Path | None,
        typer.Option(help="Folder to build in, which keeps project and log; default: the checkout's build/board."),
    ] = None,
    allow_negative_slack: Annotated[
        bool, typer.Option("--allow-negative-slack", help="Write a bitstream although timing is missed.")
    ] = False,
    any_version: Annotated[
        bool, typer.Option("--any-version", help="Take a Vivado that the scripts are not written for.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build a board's bitstream with Vivado; none where timing is missed. Not yet run in Vivado."""
    with failures_named():
        options = {"N": array, "DSP_COLUMNS": dsp_columns, "STREAM_W": stream, "CLOCK": clock}
        given = {key: float(value) for key, value in options.items() if value is not None}
        given |= _named_values(parameter or [])
        collection = output or collection_folder()
        start = time.monotonic()
        folder = build_bitstream(
            name,
            given,
            collection,
            allow_negative_slack,
            any_version,
            work_root,
            lambda text: _say(text, time.monotonic() - start),
        )
        entry = checked(folder)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), **(entry.manifest or {})}))
        return
    _say(f"Built, not run on hardware: {folder}")
    show([entry], False, collection)


def _named_values(texts: list[str]) -> dict[str, float]:
    """Numbers by name, of ``NAME=VALUE``. Raises ParameterError for others."""
    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name] = float(value)
        except ValueError as error:
            raise ParameterError(f"--set {text}: NAME=NUMBER is wanted") from error
    return found


def _say(text: str, seconds: float = 0.0) -> None:
    after = f", after {seconds / 60:.0f} min" if seconds >= 60 else ""
    print_line(text + after)
