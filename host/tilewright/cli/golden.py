"""The command ``tilewright golden``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from tilewright.cli.argument_checks import check_new
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import output
from tilewright.cli.options import COUNT_HELP, AsJson, Data, NetworkFile, OutFolder
from tilewright.errors import NetworkError
from tilewright.network.file import load_network
from tilewright.progress import phase
from tilewright.pytorch.golden import golden_set
from tilewright.pytorch.network_choice import resolve_network

DEFAULT_COUNT = 8


def golden(
    out: OutFolder,
    network_file: NetworkFile = None,
    data: Data = None,
    count: Annotated[int | None, typer.Option(min=1, help=COUNT_HELP, show_default="8 of --data")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a network, images and PyTorch's integers for them, for notebooks on a board without PyTorch.

    The images are the first of --data, or without it the packaged photograph. The folder must not exist yet.
    """
    with failures_named():
        check_new("--out", out)
        if out.exists():
            raise NetworkError(f"{out} exists already: give another folder, or remove it")
        if count is not None and data is None:
            raise NetworkError("--count chooses among the images of --data: give both, or neither")
        path = resolve_network(network_file)
        load_network(path)
        with phase("PyTorch on the images", "PyTorch computed every layer"):
            made = golden_set(out, data, count or DEFAULT_COUNT, path)
    integers = sum(values.size for name, values in made.expected.items() if name not in ("scores", "predictions"))
    facts = {
        "folder": str(out),
        "network": made.network.name,
        "images": len(made.images.pixels),
        "image_source": made.images.source,
        "integers": integers,
    }
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        output.print(f"{out}: {made.network.name}, {made.images.source}, {integers} integers of PyTorch's")
