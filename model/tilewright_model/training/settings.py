"""The settings of a training run, and what can be said against them before PyTorch is loaded."""

import json
import math
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tilewright_model.checkpoint_file import TRAIN_FLOAT, sha256
from tilewright_model.errors import CheckpointError, RecipeError
from tilewright_model.training.recipes import Recipe, recipe_named

#: what the data set that is downloaded is called
CIFAR10 = "cifar10"


@dataclass(frozen=True)
class Settings:
    """One run.

    Attributes:
        epochs: None takes the recipe's.
        minutes: fit the number of epochs to this time instead.
        changes: KEY=VALUE for ``recipe_named``.
        hold_out: train without the last so many training images and measure on them, the test images left alone.
        teacher: a float checkpoint.
        save_every: epochs between saved states.
        data: the data set's name.
        classes: the names of its labels, if they have any.

    Raises:
        RecipeError: there is no time or epoch to train in.
    """

    out: Path
    recipe: str = "notebook"
    _: KW_ONLY
    seed: int = 0
    epochs: int | None = None
    minutes: float | None = None
    device: str = "cpu"
    tf32: bool = False
    compile: bool = False
    amp: bool = False
    evaluate_every: int = 5
    state: Path | None = None
    changes: tuple[str, ...] = ()
    hold_out: int = 0
    teacher: Path | None = None
    deterministic: bool = False
    save_every: int = 1
    data: str = CIFAR10
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.epochs is not None and self.epochs < 1:
            raise RecipeError(f"{self.epochs} epochs were asked for: at least 1")
        if self.minutes is not None and not 0 < self.minutes < math.inf:
            raise RecipeError(f"{self.minutes} minutes were asked for: more than 0, and a number")

    @property
    def state_file(self) -> Path:
        """Where the resumable state lies."""
        return self.state or self.out / "training.state"

    @cached_property
    def changed_recipe(self) -> Recipe:
        """The recipe with its changes.

        Raises:
            RecipeError: as ``recipe_named``, and if a teacher is missing or useless.
        """
        recipe = recipe_named(self.recipe, self.changes)
        if self.teacher is not None and not recipe.needs_teacher:
            raise RecipeError(f"recipe {self.recipe!r} begins with no float network: leave --teacher out")
        if recipe.needs_teacher and self.teacher is None:
            raise RecipeError(f"recipe {self.recipe!r} needs a float network, --teacher FILE; `{TRAIN_FLOAT}` makes it")
        return recipe

    @property
    def checkpoint(self) -> Path:
        """The file that the run exports."""
        return self.out / self.changed_recipe.file_name(self.data)

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What a resumed run must have in common with the one that wrote the state, JSON-able."""
        teacher = sha256(self.teacher) if self.teacher and self.changed_recipe.needs_teacher else None
        values = {"recipe": self.recipe, "seed": self.seed, "hold_out": self.hold_out, "teacher_sha256": teacher}
        if self.data != CIFAR10:
            values["data"] = self.data
        plain: dict[str, Any] = json.loads(json.dumps(values | self.changed_recipe.values()))
        return plain

    def check_unused(self) -> None:
        """Checks that no run's state or record is where this run would write its own.

        Raises:
            CheckpointError: there is one.
        """
        if self.state_file.exists():
            raise CheckpointError(
                f"{self.state_file} holds a run already: continue it with --resume or name another --out"
            )
        record = self.checkpoint.with_suffix(".json")
        if record.exists():
            raise CheckpointError(f"{self.out} holds a run that has ended already ({record.name}): name another --out")
