"""The command ``tilewright golden``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tilewright.cli.argument_checks import check_new, check_writable
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import output
from tilewright.cli.options import COUNT_HELP, AsJson, Data, ImageFiles, NetworkFile, OutFolder, ReferenceChoice
from tilewright.errors import NetworkError
from tilewright.network.file import load_network
from tilewright.progress import phase
from tilewright.pytorch.golden import golden_set
from tilewright.pytorch.golden_integers import Reference, golden_integers
from tilewright.pytorch.image_choice import ImageChoice
from tilewright.pytorch.network_choice import resolve_network

DEFAULT_COUNT = 8


def golden(
    out: OutFolder,
    network_file: NetworkFile = None,
    images: ImageFiles = None,
    data: Data = None,
    count: Annotated[int | None, typer.Option(min=1, help=COUNT_HELP, show_default="8 of --data")] = None,
    reference: ReferenceChoice = None,
    as_json: AsJson = False,
) -> None:
    """Write a network's integers for images: every layer's map and the predictions, for boards without PyTorch.

    A name that ends in .npz is one file, for `tilewright board deploy --network`; another is a folder with network,
    images and PyTorch's integers, for the notebooks, and must not exist yet. The images are those of --images, the
    first of --data, or without either the packaged photograph.
    """
    with failures_named():
        if out.suffix == ".npz":
            check_writable("--out", out)
            facts = write_file(
                out, network_file, ImageChoice(images or (), data, 0, data_count(data, count)), reference
            )
        else:
            if images or reference is not None:
                raise NetworkError("--images and --reference go with one file: --out NAME.npz")
            facts = write_folder(out, network_file, data, count)
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        output.print(
            f"{out}: {facts['network']}, {facts['image_source']}, {facts['integers']} integers of {facts['reference']}"
        )


def data_count(data: Path | None, count: int | None) -> int | None:
    """How many images: 8 of a data set unless another number is given."""
    return DEFAULT_COUNT if data is not None and count is None else count


def write_file(
    out: Path, network_file: Path | None, choice: ImageChoice, reference: Reference | None
) -> dict[str, Any]:
    """Writes one golden file, and returns what it holds.

    Raises:
        NetworkError: network and images do not fit.
        ModelProcessError: model/ failed.
    """
    path = resolve_network(network_file)
    network = load_network(path)
    taken = choice.take(network)
    with phase("Golden integers", "Computed every layer"):
        made = golden_integers(path, taken, reference)
    made.save(out)
    return {
        "file": str(out),
        "network": network.name,
        "images": len(taken.pixels),
        "image_source": taken.source,
        "integers": made.integers,
        "reference": made.reference,
        "network_sha256": made.network_sha256,
    }


def write_folder(out: Path, network_file: Path | None, data: Path | None, count: int | None) -> dict[str, Any]:
    """Writes a golden set, and returns what it holds.

    Raises:
        NetworkError: the folder exists, or there is no PyTorch.
        ModelProcessError: model/ failed.
    """
    check_new("--out", out)
    if out.exists():
        raise NetworkError(f"{out} exists already: give another folder, or remove it")
    if count is not None and data is None:
        raise NetworkError("--count chooses among the images of --data: give both, or neither")
    path = resolve_network(network_file)
    load_network(path)
    with phase("PyTorch on the images", "PyTorch computed every layer"):
        made = golden_set(out, data, count or DEFAULT_COUNT, path)
    return {
        "folder": str(out),
        "network": made.network.name,
        "images": len(made.images.pixels),
        "image_source": made.images.source,
        "integers": sum(values.size for name, values in made.expected.items() if name not in ("scores", "predictions")),
        "reference": "PyTorch",
    }
