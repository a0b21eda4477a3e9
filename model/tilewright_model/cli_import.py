"""The command import."""

from pathlib import Path
from typing import Annotated

import typer

from tilewright_model.checkpoint import load_notebook, sha256
from tilewright_model.cli import app, console
from tilewright_model.export import save_packed
from tilewright_model.vgg16 import VGG16Options


@app.command("import")
def import_notebook(
    notebook: Annotated[Path, typer.Argument(help="checkpoint.pth or model_best.pth.tar")],
    out: Annotated[Path, typer.Option(help="the packed .safetensors to write")],
    weight_bits: int = 4,
    act_bits: int = 4,
) -> None:
    """Turn a checkpoint that the notebook saved into the packed form."""
    model = load_notebook(notebook, VGG16Options(weight_bits=weight_bits, act_bits=act_bits))
    save_packed(model, out, {"imported": notebook.name, "sha256": sha256(notebook)})
    console.print(f"wrote {out}")
