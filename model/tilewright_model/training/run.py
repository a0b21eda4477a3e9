"""A training run: its settings, and the state from which a killed run goes on as if it had not stopped."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from tilewright_model.checkpoint_file import TRAIN
from tilewright_model.checkpoints.float_network import load_float, training_of
from tilewright_model.checkpoints.state_file import load_tensors, save_tensors
from tilewright_model.errors import CheckpointError, RecipeError
from tilewright_model.layers.quantisers import ActivationQuantiser, WeightQuantiser
from tilewright_model.networks.vgg16 import VGG16, FloatVGG16
from tilewright_model.training.calibrate import calibrate
from tilewright_model.training.optimisation import build_optimiser, moving_average
from tilewright_model.training.recipes import Recipe
from tilewright_model.training.settings import Settings

STATE = "tilewright-training-state"
#: end of the keys that are recomputed
DERIVED = "weight_q"


@dataclass
class Run:
    """Everything that changes while training and that a resumed run needs."""

    model: VGG16 | FloatVGG16
    optimiser: torch.optim.SGD
    generator: torch.Generator
    #: moving average of the model, which is then the network that is measured and exported
    average: AveragedModel | None = None
    #: number of training images
    images: int = 0
    epoch: int = 0
    #: fraction of the learning-rate schedule that is done, 0..1
    progress: float = 0.0
    seconds: float = 0.0
    log: list[dict[str, Any]] = field(default_factory=list)
    #: what the epochs were computed by, one entry from each epoch on at which that changed
    parts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def network(self) -> VGG16 | FloatVGG16:
        """What is measured and exported."""
        return cast(VGG16 | FloatVGG16, self.average.module) if self.average else self.model

    def save(self, settings: Settings) -> None:
        """Write ``settings.state_file``."""
        tensors = _stored(self.model, "model.")
        tensors |= {f"momentum.{name}": self.optimiser.state[p]["momentum_buffer"] for name, p in self._with_momentum()}
        if self.average:
            tensors |= _stored(self.average, "average.")
        tensors["generator"] = self.generator.get_state()
        counts = {"epoch": self.epoch, "progress": self.progress, "seconds": self.seconds, "log": self.log}
        counts["parts"] = self.parts
        save_tensors(settings.state_file, STATE, tensors, {"identity": self._identity(settings), **counts})

    def restore(self, settings: Settings) -> None:
        """Continue from ``settings.state_file``.

        Raises:
            CheckpointError: it is missing, damaged or no state, or belongs to a run with other settings.
        """
        tensors, values = load_tensors(settings.state_file, STATE, TRAIN)
        _check_identity(settings.state_file, self._identity(settings), values["identity"])
        _restore(self.model, tensors, "model.", settings.state_file)
        for name, parameter in self.model.named_parameters():
            if f"momentum.{name}" in tensors:
                momentum = tensors[f"momentum.{name}"].to(parameter)
                self.optimiser.state[parameter]["momentum_buffer"] = momentum.contiguous(memory_format=_form(parameter))
        if self.average:
            _restore(self.average, tensors, "average.", settings.state_file)
        self.generator.set_state(tensors["generator"])
        self.epoch, self.progress, self.seconds = values["epoch"], values["progress"], values["seconds"]
        self.log, self.parts = values["log"], values.get("parts", [])

    def _identity(self, settings: Settings) -> dict[str, Any]:
        return settings.identity | {"training_images": self.images}

    def _with_momentum(self) -> list[tuple[str, nn.Parameter]]:
        state = self.optimiser.state
        return [(name, p) for name, p in self.model.named_parameters() if "momentum_buffer" in state.get(p, {})]


def new_run(settings: Settings, device: torch.device, teacher: FloatVGG16 | None, pixels: Tensor) -> Run:
    """The run before its first step: a random network, or one that begins with the teacher's weights.

    Args:
        settings: of the run.
        device: where it trains.
        teacher: the float network, where the recipe has one.
        pixels: the training images, uint8 (n, 3, 32, 32); the alphas are calibrated on the first of them.
    """
    recipe = settings.changed_recipe
    torch.manual_seed(settings.seed)
    model: VGG16 | FloatVGG16 = _network(recipe)
    if recipe.warm_start and teacher is not None:
        warm_start(model.to(device), teacher)
        if recipe.calibrate and isinstance(model, VGG16):
            calibrate(model, pixels[: recipe.calibrate].to(device))
    for module in model.modules():
        if isinstance(module, WeightQuantiser | ActivationQuantiser):
            module.learned_step = recipe.learned_steps
    model = model.to(device).to(memory_format=torch.channels_last)
    generator = torch.Generator(device=device)
    generator.manual_seed(settings.seed)
    average = moving_average(model, recipe.average) if recipe.average else None
    return Run(model, build_optimiser(model, recipe), generator, average, len(pixels))


def _network(recipe: Recipe) -> VGG16 | FloatVGG16:
    options = recipe.options
    return FloatVGG16(options.plan, options.classes) if recipe.float_network else VGG16(options)


def load_teacher(settings: Settings, device: torch.device) -> FloatVGG16 | None:
    """The float network that the recipe needs, on the device, in evaluation mode; None if it needs none.

    Raises:
        CheckpointError: the file is damaged or foreign, or of another plan or number of classes.
    """
    recipe = settings.changed_recipe
    if not recipe.needs_teacher or settings.teacher is None:
        return None
    settings.identity  # noqa: B018 (the hash of the file that is read now; it may be another one later)
    teacher = load_float(settings.teacher)
    options = recipe.options
    if teacher.plan != options.plan:
        raise CheckpointError(f"{settings.teacher} has the plan {teacher.plan!r}, the recipe {options.plan!r}")
    if teacher.classes != options.classes:
        raise CheckpointError(
            f"{settings.teacher} tells {teacher.classes} classes apart, this training {options.classes}: train it on "
            "the same data set"
        )
    teacher.requires_grad_(False)
    return teacher.to(device).to(memory_format=torch.channels_last)


def check_held_out(settings: Settings, images: int) -> None:
    """Checks that the teacher has learned from the first ``images`` images at most, the others held out.

    Raises:
        RecipeError: it has learned from more.
    """
    if settings.hold_out and settings.changed_recipe.needs_teacher and settings.teacher:
        learned = training_of(settings.teacher).get("training_images", 0)
        if learned > images:
            raise RecipeError(
                f"{settings.teacher} has learned from {learned} images, so from {learned - images} of those that "
                f"--hold-out {settings.hold_out} measures on: train it with --hold-out {settings.hold_out} too"
            )


def warm_start(model: VGG16 | FloatVGG16, teacher: FloatVGG16) -> None:
    """Give the model the teacher's weights and batch-norms; the quantisers' alphas stay as they are."""
    missing, unknown = model.load_state_dict(teacher.state_dict(), strict=False)
    if unknown or not all(key.endswith(("_alpha", DERIVED)) for key in missing):
        raise CheckpointError(f"the teacher does not fit the network: missing {missing}, unknown {unknown}")


def _check_identity(path: Path, wanted: dict[str, Any], found: dict[str, Any]) -> None:
    other = [key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key)]
    if other:
        text = "; ".join(f"{key} {found.get(key)!r} there, {wanted.get(key)!r} asked for" for key in sorted(other))
        raise CheckpointError(f"{path} is of another run: {text}; give those, or another --out")


def _stored(module: nn.Module, prefix: str) -> dict[str, Tensor]:
    """The module's state under ``prefix``, without what is derived."""
    return {f"{prefix}{key}": value for key, value in module.state_dict().items() if not key.endswith(DERIVED)}


def _restore(module: nn.Module, tensors: dict[str, Tensor], prefix: str, path: Path) -> None:
    """The inverse of ``_stored``. Raises CheckpointError if the tensors are not the module's."""
    state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    try:
        missing, unknown = module.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise CheckpointError(f"{path} does not fit the network: {error}") from error
    missing = [key for key in missing if not key.endswith(DERIVED)]
    if missing or unknown:
        raise CheckpointError(f"{path} does not fit the network: missing {missing}, unknown {unknown}")


def _form(parameter: Tensor) -> torch.memory_format:
    return torch.channels_last if parameter.dim() == 4 else torch.contiguous_format
