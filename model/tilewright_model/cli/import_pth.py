"""The command import."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from tilewright.file_kinds import Role
from tilewright.progress import phase
from tilewright_model.checkpoint_file import sha256
from tilewright_model.cli.app import command, console
from tilewright_model.cli.inputs import load_pytorch
from tilewright_model.cli.options import Json, OutFile, takes

if TYPE_CHECKING:
    from tilewright_model.checkpoints.importing import Imported, ImportedLayer

HEADINGS = ("layer", "shape", "W", "A", "norm", "alpha_w", "alpha_a")


@command(
    "import",
    "net.pth --out net.safetensors",
    "net.pth --act-bits 2 --out net.safetensors",
)
def import_notebook(
    notebook: Annotated[
        Path,
        typer.Argument(
            exists=True,
            callback=takes(Role.STATE_DICT),
            metavar="STATE_DICT",
            help="checkpoint.pth, model_best.pth.tar or a bare state dict",
        ),
    ],
    out: OutFile,
    weight_bits: Annotated[
        int | None, typer.Option(min=2, max=8, help="of layers without weight_q; else read off (default 4)")
    ] = None,
    act_bits: Annotated[int, typer.Option(min=1, max=8, help="of every layer's input; the file does not say")] = 4,
    layer_act_bits: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYER=BITS", help="of one layer's input, such as features.27=2; may be repeated"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Turn a state dict of the notebook's family (VGG16, ResNet20) into the packed form; docs/import.md."""
    if out.suffix != ".safetensors":
        raise typer.BadParameter("it must end in .safetensors", param_hint="'--out'")
    layer_bits = _layer_bits(layer_act_bits or [])
    load_pytorch()
    with phase("Reading and packing weights", "Packed the weights"):
        from tilewright_model.checkpoints.checkpoint import import_checkpoint
        from tilewright_model.checkpoints.importing import Widths
        from tilewright_model.checkpoints.packed import save_packed

        imported = import_checkpoint(notebook, Widths(weight_bits, act_bits, layer_bits))
        digest = sha256(notebook)
        save_packed(imported.network, out, {"imported": notebook.name, "sha256": digest})
    values = _summary(imported) | {"file": str(notebook), "sha256": digest, "out": str(out)}
    if as_json:
        print(json.dumps(values | {"layers": [asdict(layer) for layer in imported.layers]}))
        return
    console.print(_table(imported.layers))
    for name, value in values.items():
        console.print(f"{name}: {value}")


def _layer_bits(words: list[str]) -> dict[str, int]:
    bits = {}
    for word in words:
        name, _, number = word.partition("=")
        if not name or number not in {str(width) for width in range(1, 9)}:
            raise typer.BadParameter(f"{word!r} is no layer=bits of 1 to 8 bits", param_hint="'--layer-act-bits'")
        bits[name] = int(number)
    return bits


def _summary(imported: Imported) -> dict[str, Any]:
    from tilewright_model.networks.resnet20 import ResNet20

    network, differing = imported.network, sum(layer.differing or 0 for layer in imported.layers)
    if isinstance(network, ResNet20):
        shape: dict[str, Any] = {"channels": network.options.channels}
    else:
        shape = {"plan": network.options.plan, "image_bits": network.options.image_bits}
    return {"network": network.name, **shape, "differing": differing}


def _table(layers: list[ImportedLayer]) -> Table:
    table = Table(box=box.SIMPLE, padding=(0, 1), collapse_padding=True, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=True)
    table.add_column("weight_q")
    for layer in layers:
        shape = "x".join(map(str, layer.shape))
        alphas = ["" if alpha is None else f"{alpha:.4g}" for alpha in (layer.alpha_w, layer.alpha_a)]
        bits = ["" if width is None else str(width) for width in (layer.weight_bits, layer.act_bits)]
        table.add_row(layer.layer, shape, *bits, "yes" if layer.batch_norm else "no", *alphas, layer.status)
    return table
