"""`python -m tilewright_model`: train, evaluate, capture, export, import."""

import json
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from torch import Tensor

from tilewright_model import image
from tilewright_model.capture import capture as capture_layer
from tilewright_model.checkpoint import DEFAULT_CHECKPOINT, load_network, load_notebook, sha256
from tilewright_model.data import cifar10_root, load_cifar10
from tilewright_model.errors import ModelError
from tilewright_model.evaluate import evaluate as measure
from tilewright_model.export import save_integers, save_packed
from tilewright_model.recipes import RECIPES
from tilewright_model.run import Settings
from tilewright_model.train import train as run_training
from tilewright_model.vgg16 import VGG16Options

app = typer.Typer(help="4-bit VGG16: training, measuring, capture, export and import.", no_args_is_help=True)
Data = Annotated[
    Path | None,
    typer.Option(help="folder with cifar10.npz or torchvision's (else CIFAR10_ROOT, else it is downloaded)"),
]
Checkpoint = Annotated[Path, typer.Option(help="packed .safetensors or a notebook's .pth")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Device = Annotated[str | None, typer.Option(help="cpu or cuda (default: cuda where there is one)")]
console = Console(soft_wrap=True)


def _device(named: str | None) -> str:
    return named or ("cuda" if torch.cuda.is_available() else "cpu")


def _report(values: dict[str, Any], as_json: bool) -> None:
    """The values as JSON for machines, as a table for people."""
    if as_json:
        print(json.dumps(values))
        return
    table = Table(show_header=False)
    for name, value in values.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    console.print(table)


@app.command()
def train(
    data: Data = None,
    recipe: Annotated[str, typer.Option(help=" or ".join(RECIPES))] = "notebook",
    out: Annotated[Path, typer.Option(help="folder for checkpoint, record and log")] = Path("build/training"),
    seed: int = 0,
    epochs: Annotated[int | None, typer.Option(help="instead of the recipe's number")] = None,
    minutes: Annotated[float | None, typer.Option(help="fit the epochs to this time, evaluation included")] = None,
    device: Device = None,
    tf32: Annotated[bool, typer.Option(help="TensorFloat-32 on NVIDIA GPUs")] = False,
    compile: Annotated[bool, typer.Option(help="torch.compile the training step")] = False,
    amp: Annotated[bool, typer.Option(help="bfloat16 mixed precision")] = False,
    evaluate_every: Annotated[int, typer.Option(help="epochs between test measurements and saved states")] = 5,
    images: Annotated[int | None, typer.Option(help="train on the first so many images only")] = None,
    test_images: Annotated[int | None, typer.Option(help="measure on the first so many test images only")] = None,
    state: Annotated[Path | None, typer.Option(help="file of the resumable state (default: OUT/state.pth)")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue the run whose state is saved")] = False,
) -> None:
    """Train a network; the last epoch's is kept and exported."""
    if recipe not in RECIPES:
        raise typer.BadParameter(f"recipe {recipe!r} is none of {', '.join(RECIPES)}")
    root = cifar10_root(data)
    settings = Settings(out, recipe, seed, epochs, minutes, _device(device), tf32, compile, amp, evaluate_every, state)
    training, test = load_cifar10(root, "train").first(images), load_cifar10(root, "test").first(test_images)
    score = run_training(settings, training, test, resume=resume)
    console.print(f"{score.correct} of {score.total} correct: {score.accuracy:.2f} %, in {out}")


@app.command()
def evaluate(
    data: Data = None,
    checkpoint: Checkpoint = DEFAULT_CHECKPOINT,
    count: Annotated[int | None, typer.Option(help="the first so many test images only")] = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Accuracy of a checkpoint on the CIFAR-10 test images."""
    model = load_network(checkpoint).to(_device(device))
    test = load_cifar10(cifar10_root(data), "test").first(count).to(torch.device(_device(device)))
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("test images", total=len(test))
        score = measure(model, test, advance=lambda done: bar.advance(task, done))
    _report({"accuracy": score.accuracy, "correct": score.correct, "total": score.total}, as_json)


def _pixels(files: list[Path] | None, data: Path | None, count: int) -> tuple[Tensor, str]:
    """uint8 images (n, 3, 32, 32) and where they come from."""
    if files and data:
        raise typer.BadParameter("give --image or --data, not both")
    if files:
        return torch.cat([image.from_file(file) for file in files]), ", ".join(file.name for file in files)
    if data:
        return load_cifar10(data, "test").first(count).pixels, f"CIFAR-10 test images 0..{count - 1}"
    return image.cat(), "scikit-image's chelsea"


@app.command()
def capture(
    out: Annotated[Path, typer.Option(help="the .npz to write")],
    layer: Annotated[str, typer.Option(help="a quantised convolution")] = "features.27",
    checkpoint: Checkpoint = DEFAULT_CHECKPOINT,
    image_files: Annotated[list[Path] | None, typer.Option("--image", help="an image file; may be repeated")] = None,
    data: Annotated[Path | None, typer.Option(help="CIFAR-10: take its first test images")] = None,
    count: Annotated[int, typer.Option(min=1, help="how many images of --data")] = 1,
    as_json: Json = False,
) -> None:
    """Run images up to a layer and write its integers; without --image and --data, scikit-image's cat."""
    pixels, source = _pixels(image_files, data, count)
    model = load_network(checkpoint)
    integers = capture_layer(model, layer, pixels, checkpoint_sha256=sha256(checkpoint), image_source=source)
    integers.save(out)
    summary = {
        "layer": layer,
        "images": len(pixels),
        "outputs": integers.accumulators.size,
        "mismatches": integers.mismatches,
        "max_distance": integers.metadata.max_distance,
        "notebook_check_mean": integers.metadata.notebook_check_mean,
        "file": str(out),
    }
    _report(summary, as_json)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="the .npz to write")], checkpoint: Checkpoint = DEFAULT_CHECKPOINT
) -> None:
    """Write every layer's integer weights and steps as plain numpy arrays."""
    save_integers(load_network(checkpoint), out)
    console.print(f"wrote {out}")


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


def main() -> None:
    """Run the command line; a ModelError becomes one line and exit status 1."""
    try:
        app()
    except ModelError as error:
        Console(stderr=True, soft_wrap=True).print(f"[red]{type(error).__name__}:[/red] {error}", highlight=False)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
