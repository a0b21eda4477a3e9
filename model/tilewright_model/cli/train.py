"""The command train."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from tilewright.cli.command_group import UsageError
from tilewright.file_kinds import Role
from tilewright.process import is_first_process
from tilewright_model.checkpoint_file import TRAIN_FLOAT, is_float
from tilewright_model.cli.app import command, report
from tilewright_model.cli.inputs import load_device, read_data
from tilewright_model.cli.interrupt import interruption_named
from tilewright_model.cli.options import Cifar10, Device, Json, OutFolder, Seed, checked_file, takes
from tilewright_model.data.cifar10_folder import TRAINING_IMAGES, check_root, is_cifar10
from tilewright_model.data.own_data import check_divided
from tilewright_model.errors import CheckpointError, RecipeError
from tilewright_model.training.recipes import RECIPES, recipe_keys
from tilewright_model.training.settings import CIFAR10, Settings

#: of the record, what is printed at the end
PRINTED = ("accuracy", "correct", "total", "measured", "recipe", "seed", "epochs", "schedule_done", "seconds", "sha256")


@command(
    "train",
    "--recipe float --out build/float",
    "--set erase=8 --out build/t --resume",
)
def train(
    context: typer.Context,
    data: Cifar10 = None,
    recipe: Annotated[
        str, typer.Option(metavar="NAME", help=" or ".join(RECIPES), autocompletion=lambda: list(RECIPES))
    ] = "notebook",
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="change a value of the recipe; repeatable",
            autocompletion=lambda: [f"{key}=" for key in recipe_keys()],
        ),
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            exists=True, help="float checkpoint, for the recipes that begin with one", callback=takes(Role.TEACHER)
        ),
    ] = None,
    out: OutFolder = Path("build/training"),
    seed: Seed = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="instead of the recipe's number")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="instead of a number of epochs: fit it to this time, evaluation included")
    ] = None,
    device: Device = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="the same bits in every run on the same kind of machine")
    ] = False,
    tf32: Annotated[bool, typer.Option("--tf32", help="TensorFloat-32 on NVIDIA GPUs")] = False,
    compile: Annotated[bool, typer.Option("--compile", help="torch.compile the training step")] = False,
    amp: Annotated[bool, typer.Option("--amp", help="bfloat16 mixed precision")] = False,
    hold_out: Annotated[
        int,
        typer.Option(
            min=0, help="train without the last so many images, and measure on them instead of the test images"
        ),
    ] = 0,
    evaluate_every: Annotated[int, typer.Option(min=1, help="epochs between measurements")] = 5,
    save_every: Annotated[int, typer.Option(min=1, help="epochs between saved states")] = 1,
    train_images: Annotated[int | None, typer.Option(min=1, help="train on the first so many images only")] = None,
    test_images: Annotated[
        int | None, typer.Option(min=1, help="measure on the first so many test images only")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="file of the resumable state", show_default="training.state in --out", callback=checked_file),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue the run whose state is saved")] = False,
    as_json: Json = False,
) -> None:
    """Train a network; the last epoch's is kept and exported. `torchrun` starts it in several processes.

    Without --data CIFAR-10 is downloaded. Epochs are shown on stderr, the result on stdout. Ctrl-C or SIGTERM end the
    run with status 130 or 143 and the command that goes on with it.
    """
    if minutes is not None and (epochs is not None or not 0 < minutes < math.inf):
        raise UsageError("--minutes is a time above 0, and instead of --epochs")
    settings = Settings(
        out=out,
        recipe=recipe,
        seed=seed,
        epochs=epochs,
        minutes=minutes,
        device=device or "",
        tf32=tf32,
        compile=compile,
        amp=amp,
        evaluate_every=evaluate_every,
        state=state,
        changes=tuple(changes or ()),
        hold_out=hold_out,
        teacher=teacher,
        deterministic=deterministic,
        save_every=save_every,
        data=_data_name(data),
    )
    most = TRAINING_IMAGES if settings.data == CIFAR10 else sys.maxsize
    _check(settings, min(train_images or most, most), resume)
    check_root(data)
    if data is not None and settings.data != CIFAR10:
        check_divided(data, hold_out)
    words: Sequence[str] = getattr(context.find_root().command, "words", ())
    with interruption_named(settings, words):
        values = _train(settings, data, (train_images, test_images), resume)
    if values:
        report(values, as_json)


def _check(settings: Settings, images: int, resume: bool) -> None:
    """Raise what can be said against the run without its data."""
    settings.changed_recipe  # noqa: B018 (raises RecipeError)
    if settings.teacher and not is_float(settings.teacher):
        raise CheckpointError(f"{settings.teacher} is no float checkpoint: `{TRAIN_FLOAT}` makes one")
    if settings.hold_out >= images:
        raise UsageError(f"--hold-out {settings.hold_out} of {images} images leaves none to train on")
    if not resume:
        settings.check_unused()
    elif not settings.state_file.is_file():
        raise CheckpointError(f"no state of a run at {settings.state_file}: name its --out, or leave --resume out")


def _data_name(data: Path | None) -> str:
    """For names of files: cifar10, or the name of a data set of one's own."""
    if data is None or is_cifar10(data):
        return CIFAR10
    return re.sub(r"\W+", "_", data.resolve().stem) or "data"


def _of_classes(settings: Settings, names: tuple[str, ...], count: int) -> dict[str, Any]:
    """What a data set's classes change of the settings. Raises RecipeError if other numbers are asked for."""
    asked = [change for change in settings.changes if change.startswith("options.classes=")]
    if asked and settings.changed_recipe.options.classes < count:
        raise RecipeError(f"{asked[-1]}, and the data set has {count} classes: leave it out")
    changes = settings.changes if asked else (*settings.changes, f"options.classes={count}")
    return {"changes": changes, "classes": names}


def _train(
    settings: Settings, data: Path | None, images: tuple[int | None, int | None], resume: bool
) -> dict[str, Any]:
    """Train; returns the record's chief values and where files are, or nothing in a process that is not the first.

    images: how many training and test images, None for all.
    """
    settings = replace(settings, device=str(load_device(settings.device or None)))
    training = read_data(data, "train", 0, images[0])
    test = training if settings.hold_out else read_data(data, "test", 0, images[1])
    from tilewright_model.data.data_set import class_count, numbered
    from tilewright_model.training.train import train as run_training

    if settings.data != CIFAR10:
        settings = replace(settings, **_of_classes(settings, training.classes, class_count(training)))
    test = numbered(test, training.classes, settings.changed_recipe.options.classes)

    run_training(settings, training, test, resume=resume)
    if not is_first_process():
        return {}
    checkpoint = settings.checkpoint
    record = json.loads(checkpoint.with_suffix(".json").read_text())
    return {"out": str(settings.out), "checkpoint": str(checkpoint)} | {key: record[key] for key in PRINTED}
