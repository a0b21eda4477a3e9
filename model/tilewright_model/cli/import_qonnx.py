"""The command import-qonnx."""

import math
from pathlib import Path
from typing import Annotated

import typer

from tilewright.cli.command_group import UsageError
from tilewright.file_kinds import Role
from tilewright.progress import phase
from tilewright_model.checkpoint_file import sha256
from tilewright_model.cli.app import command, report
from tilewright_model.cli.inputs import load_pytorch
from tilewright_model.cli.options import Json, OutFile, takes


@command("import-qonnx", "net.onnx --out n.safetensors", "a.onnx --mean 0.5 --std 0.2 --out b")
def import_qonnx(
    qonnx: Annotated[
        Path,
        typer.Argument(
            exists=True, metavar="QONNX", help="QONNX file, such as Brevitas exports", callback=takes(Role.QONNX)
        ),
    ],
    out: OutFile,
    mean: Annotated[
        list[float] | None, typer.Option(help="of all channels, or once for each (default: CIFAR-10's)")
    ] = None,
    std: Annotated[list[float] | None, typer.Option(help="deviation, in the same way")] = None,
    as_json: Json = False,
) -> None:
    """Turn a QONNX file into a network file: pixels are taken as (pixel / 255 - mean) / std."""
    _check_normalisation(mean or [], std or [])
    load_pytorch()
    with phase("Reading the network, searching thresholds", "Read the network, found the thresholds"):
        from tilewright_model.data.pixels import MEAN, STD
        from tilewright_model.foreign.assemble import normalisation
        from tilewright_model.foreign.qonnx import import_qonnx as read_qonnx
        from tilewright_model.network_file.write import save_network

        network = read_qonnx(qonnx, normalise=normalisation(mean or MEAN, std or STD))
        integers = save_network(network, out, network.image_size, qonnx.stem, sha256(qonnx))
    names = ", ".join(layer.name for layer in integers.layers)
    report({"layers": names, "image": list(integers.image), "file": str(out)}, as_json)


def _check_normalisation(mean: list[float], std: list[float]) -> None:
    if len(mean) != len(std):
        raise UsageError(f"{len(mean)} --mean and {len(std)} --std: give both, once for each channel")
    if not all(map(math.isfinite, [*mean, *std])) or not all(value > 0 for value in std):
        raise UsageError(f"--mean {mean} and --std {std}: numbers expected, deviations above 0")
