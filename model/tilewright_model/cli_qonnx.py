"""The command import-qonnx."""

from pathlib import Path
from typing import Annotated

import typer

from tilewright_model.checkpoint import sha256
from tilewright_model.cli import Json, app, report
from tilewright_model.image import MEAN, STD
from tilewright_model.network_file import save_network
from tilewright_model.qonnx_network import import_qonnx as read_qonnx
from tilewright_model.steps import normalisation


@app.command("import-qonnx")
def import_qonnx(
    qonnx: Annotated[Path, typer.Argument(help="QONNX file, such as Brevitas exports")],
    out: Annotated[Path, typer.Option(help="the network file (.safetensors) to write")],
    mean: Annotated[list[float] | None, typer.Option(help="of a channel, once for each (default: CIFAR-10's)")] = None,
    std: Annotated[list[float] | None, typer.Option(help="deviation, in the same way")] = None,
    as_json: Json = False,
) -> None:
    """Turn a QONNX file into a network file: pixels are taken as (pixel / 255 - mean) / std."""
    network = read_qonnx(qonnx, normalise=normalisation(mean or MEAN, std or STD))
    record = save_network(network, out, network.image_size, qonnx.stem, sha256(qonnx))
    names = ", ".join(layer.name for layer in record.layers)
    report({"layers": names, "image": list(record.image), "file": str(out)}, as_json)
