"""A training run: its settings, and the state from which a killed run goes on as if it had not stopped."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from tilewright_model.checkpoint import load_tensors
from tilewright_model.errors import CheckpointError
from tilewright_model.vgg16 import VGG16


@dataclass(frozen=True)
class Settings:
    """One run. `epochs` None: the recipe's; `minutes`: fit the number of epochs to this time instead."""

    out: Path
    recipe: str = "notebook"
    seed: int = 0
    epochs: int | None = None
    minutes: float | None = None
    device: str = "cpu"
    tf32: bool = False
    compile: bool = False
    amp: bool = False
    evaluate_every: int = 5
    state: Path | None = None

    @property
    def state_file(self) -> Path:
        """Where the resumable state lies."""
        return self.state or self.out / "state.pth"


@dataclass
class Run:
    """Everything that changes while training and that a resumed run needs."""

    model: VGG16
    optimiser: torch.optim.SGD
    generator: torch.Generator
    epoch: int = 0
    #: fraction of the learning-rate schedule that is done, 0..1
    progress: float = 0.0
    seconds: float = 0.0
    log: list[dict[str, Any]] = field(default_factory=list)

    def state(self, settings: Settings) -> dict[str, Any]:
        """Plain values and tensors for `save_state`."""
        return {
            "recipe": settings.recipe,
            "seed": settings.seed,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "generator": self.generator.get_state(),
            "epoch": self.epoch,
            "progress": self.progress,
            "seconds": self.seconds,
            "log": self.log,
        }

    def restore(self, settings: Settings) -> None:
        """Continue from `settings.state_file`. Raises CheckpointError if it belongs to another recipe or seed."""
        state = load_tensors(settings.state_file)
        if (state.get("recipe"), state.get("seed")) != (settings.recipe, settings.seed):
            raise CheckpointError(
                f"{settings.state_file} is of recipe {state.get('recipe')!r} seed {state.get('seed')}, not "
                f"{settings.recipe!r} seed {settings.seed}; resume with those or name another --out"
            )
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.epoch, self.progress, self.seconds = state["epoch"], state["progress"], state["seconds"]
        self.log = state["log"]
