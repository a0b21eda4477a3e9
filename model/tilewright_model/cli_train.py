"""The command train."""

from pathlib import Path
from typing import Annotated

import typer

from tilewright_model.cli import Data, Device, app, console
from tilewright_model.data import cifar10_root, load_cifar10
from tilewright_model.device import device_named
from tilewright_model.recipes import RECIPES
from tilewright_model.run import Settings
from tilewright_model.train import train as run_training


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
    named = str(device_named(device))
    settings = Settings(out, recipe, seed, epochs, minutes, named, tf32, compile, amp, evaluate_every, state)
    training, test = load_cifar10(root, "train").first(images), load_cifar10(root, "test").first(test_images)
    score = run_training(settings, training, test, resume=resume)
    console.print(f"{score.correct} of {score.total} correct: {score.accuracy:.2f} %, in {out}")
