"""Training recipes: the notebook's, and the cosine recipe that trains 4-bit weights and activations from scratch."""

import math
from dataclasses import dataclass, field

from torch import nn, optim

from tilewright_model.vgg16 import VGG16, VGG16Options


@dataclass(frozen=True)
class Recipe:
    """Optimiser settings (SGD, momentum 0.9) and the network's options."""

    epochs: int
    batch: int
    rate: float
    weight_decay: float
    nesterov: bool = False
    #: fractions of the run after which the rate falls to a tenth; empty: cosine to zero
    steps: tuple[float, ...] = ()
    #: fraction of the run over which the rate rises linearly to `rate`
    warm_up: float = 0.0
    alpha_rate: float = 1.0
    alpha_weight_decay: float | None = None
    label_smoothing: float = 0.0
    #: leave out the last, smaller batch of an epoch
    drop_last: bool = False
    clip_norm: float | None = None
    options: VGG16Options = field(default_factory=VGG16Options)


RECIPES = {
    "notebook": Recipe(epochs=200, batch=128, rate=0.01, weight_decay=1e-4, steps=(0.4, 0.6, 0.8)),
    "cosine": Recipe(
        epochs=140,
        batch=256,
        rate=0.1,
        weight_decay=5e-4,
        nesterov=True,
        warm_up=0.03,
        alpha_rate=0.1,
        alpha_weight_decay=1e-5,
        label_smoothing=0.1,
        drop_last=True,
        clip_norm=5.0,
        options=VGG16Options(image_bits=8, alpha_a=4.0),
    ),
}


def rate_factor(recipe: Recipe, progress: float) -> float:
    """Factor on the learning rate when the fraction `progress` (0..1) of the run is done."""
    if recipe.steps:
        return 0.1 ** sum(progress >= step for step in recipe.steps)
    if progress < recipe.warm_up:
        return max(progress, 1e-4) / recipe.warm_up
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - recipe.warm_up) / (1 - recipe.warm_up))))


def advanced(progress: float, epochs_left: int, done: float = 1.0) -> float:
    """Progress after the fraction `done` of an epoch that takes one share of what remains of the schedule.

    Rounded, so that equal shares meet the steps of the schedule exactly (80 epochs of 200 are 0.4).
    """
    return round(progress + (1 - progress) / epochs_left * done, 9)


def build_optimiser(model: VGG16, recipe: Recipe) -> optim.SGD:
    """SGD with two parameter groups, the quantisers' alphas in the second; each group's `scale` multiplies the rate."""
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    alphas: list[nn.Parameter] = [p for name, p in named if name.endswith("_alpha")]
    others: list[nn.Parameter] = [p for name, p in named if not name.endswith("_alpha")]
    decay = recipe.weight_decay if recipe.alpha_weight_decay is None else recipe.alpha_weight_decay
    groups = [
        {"params": others, "scale": 1.0},
        {"params": alphas, "scale": recipe.alpha_rate, "weight_decay": decay},
    ]
    return optim.SGD(groups, lr=recipe.rate, momentum=0.9, weight_decay=recipe.weight_decay, nesterov=recipe.nesterov)
