"""The command train."""

from pathlib import Path
from typing import Annotated

import typer

from tilewright_model.cli import Data, Device, app, console
from tilewright_model.data import cifar10_root, load_cifar10
from tilewright_model.device import device_named
from tilewright_model.distributed import is_first
from tilewright_model.recipes import RECIPES
from tilewright_model.run import Settings
from tilewright_model.train import train as run_training


@app.command()
def train(
    data: Data = None,
    recipe: Annotated[str, typer.Option(help=" or ".join(RECIPES))] = "notebook",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="change a value of the recipe; repeatable"),
    ] = None,
    teacher: Annotated[Path | None, typer.Option(help="float checkpoint, for the recipes that begin with one")] = None,
    out: Annotated[Path, typer.Option(help="folder for checkpoint, record and logs")] = Path("build/training"),
    seed: int = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="instead of the recipe's number")] = None,
    minutes: Annotated[float | None, typer.Option(help="fit the epochs to this time, evaluation included")] = None,
    device: Device = None,
    deterministic: Annotated[bool, typer.Option(help="the same bits in every run on the same kind of machine")] = False,
    tf32: Annotated[bool, typer.Option(help="TensorFloat-32 on NVIDIA GPUs")] = False,
    compile: Annotated[bool, typer.Option(help="torch.compile the training step")] = False,
    amp: Annotated[bool, typer.Option(help="bfloat16 mixed precision")] = False,
    hold_out: Annotated[
        int,
        typer.Option(
            min=0, help="train without the last so many images, and measure on them instead of the test images"
        ),
    ] = 0,
    evaluate_every: Annotated[int, typer.Option(min=1, help="epochs between measurements")] = 5,
    save_every: Annotated[int, typer.Option(min=1, help="epochs between saved states")] = 1,
    images: Annotated[int | None, typer.Option(min=1, help="train on the first so many images only")] = None,
    test_images: Annotated[
        int | None, typer.Option(min=1, help="measure on the first so many test images only")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="file of the resumable state (default: in OUT)")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue the run whose state is saved")] = False,
) -> None:
    """Train a network; the last epoch's is kept and exported. `torchrun` starts it in several processes."""
    settings = Settings(
        out,
        recipe,
        seed,
        epochs,
        minutes,
        str(device_named(device)),
        tf32,
        compile,
        amp,
        evaluate_every,
        state,
        tuple(changes or ()),
        hold_out,
        teacher,
        deterministic,
        save_every,
    )
    settings.changed_recipe  # noqa: B018 (before the data are read)
    root = cifar10_root(data)
    training, test = load_cifar10(root, "train").first(images), load_cifar10(root, "test").first(test_images)
    score = run_training(settings, training, test, resume=resume)
    if is_first():
        console.print(f"{score.correct} of {score.total} correct: {score.accuracy:.2f} %, in {out}")
