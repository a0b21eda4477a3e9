"""The commands ``tilewright bitstream``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tilewright.bitstreams.collection import add, checked, collection_folder, entries
from tilewright.bitstreams.users_own import users_manifest
from tilewright.cli.bitstream_table import show
from tilewright.cli.command_group import DIFFERENT, examples, failures_named
from tilewright.cli.console import output
from tilewright.cli.options import AsJson
from tilewright.errors import BitstreamError

bitstream_app = typer.Typer(help="Bitstreams: folders of .bit, .hwh and manifest.", no_args_is_help=True)
Folder = Annotated[
    Path | None, typer.Option(help="Folder of bitstreams, each in a folder; default: the checkout's bitstreams.")
]


@bitstream_app.command("list", epilog=examples("tilewright bitstream list", "tilewright bitstream list --json"))
def list_bitstreams(folder: Folder = None, as_json: AsJson = False) -> None:
    """Say which bitstreams there are: board, array, clock, timing, tool, whether they ran on hardware."""
    with failures_named():
        show(entries(folder or collection_folder()), as_json, folder or collection_folder())


@bitstream_app.command(
    epilog=examples("tilewright bitstream check", "tilewright bitstream check bitstreams/pynq_z2_32x32 --json")
)
def check(
    bitstreams: Annotated[
        list[Path] | None, typer.Argument(metavar="[DIR]...", help="Folders of single bitstreams; default: all.")
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Check that .bit, .hwh and manifest belong together; exits with 1 where they do not."""
    with failures_named():
        for path in bitstreams or []:
            if not path.is_dir():
                raise BitstreamError(f"no folder {path}: a bitstream is a folder of .bit, .hwh and manifest.json")
        collection = folder or collection_folder()
        found = [checked(path.resolve()) for path in bitstreams] if bitstreams else entries(collection)
        show(found, as_json, collection)
    if any(entry.faults for entry in found):
        raise typer.Exit(DIFFERENT)


@bitstream_app.command(
    "add",
    epilog=examples(
        "tilewright bitstream add tilewright.bit --board pynq_z2",
        "tilewright bitstream add tilewright.bit --board kv260 --name kv260_fast",
    ),
)
def add_bitstream(
    bit: Annotated[Path, typer.Argument(help="The .bit, its .hwh beside it, and its manifest.json if it has one.")],
    board: Annotated[str | None, typer.Option(help="Board that it is for; default: the manifest's.")] = None,
    name: Annotated[str | None, typer.Option(help="Its name; default: the manifest's, else BOARD_NxN.")] = None,
    folder: Folder = None,
    replace: Annotated[bool, typer.Option("--replace", help="Take the place of one of the same name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a bitstream of your own; refuses files that do not belong together, with every reason."""
    with failures_named():
        manifest = users_manifest(bit, board, name)
        target = add(folder or collection_folder(), bit, bit.with_suffix(".hwh"), manifest, replace)
    if as_json:
        typer.echo(json.dumps({"folder": str(target), **(checked(target).manifest or {})}))
    else:
        output.print(f"added: {target}", highlight=False, markup=False, soft_wrap=True)
