"""The command ``tilewright golden``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tilewright.console import failures_named, messages, output, spinner
from tilewright.errors import NetworkError
from tilewright.network.golden import golden_set


def golden(
    folder: Annotated[Path, typer.Argument(help="Folder to write.")],
    cifar10: Annotated[Path | None, typer.Option(help="CIFAR-10's folder: take its first test images.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many images of --cifar10.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Write the trained network, images and PyTorch's integers for them, for notebooks on a board without PyTorch."""
    with failures_named():
        if folder.exists():
            raise NetworkError(f"{folder} exists already: give another folder, or remove it")
        with spinner(messages, "PyTorch on the images"):
            made = golden_set(folder, cifar10, count)
    integers = sum(values.size for name, values in made.expected.items() if name not in ("scores", "predictions"))
    facts = {
        "folder": str(folder),
        "network": made.network.name,
        "images": len(made.images.pixels),
        "image_source": made.images.source,
        "integers": integers,
    }
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        output.print(f"{folder}: {made.network.name}, {made.images.source}, {integers} integers of PyTorch's")
