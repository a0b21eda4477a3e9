"""Training recipes by name, and changes to single values of one."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from tilewright_model.errors import RecipeError
from tilewright_model.networks.vgg16_plan import CLASSES, IMAGE, VGG16Options, convolution_names, network_name

#: least and largest of each number in a recipe
LIMITS: dict[str, tuple[float, float]] = {
    "epochs": (1, math.inf),
    "batch": (1, math.inf),
    "rate": (0, math.inf),
    "weight_decay": (0, math.inf),
    "warm_up": (0, 1),
    "alpha_rate": (0, math.inf),
    "alpha_weight_decay": (0, math.inf),
    "label_smoothing": (0, 1),
    "clip_norm": (1e-9, math.inf),
    "erase": (0, IMAGE[1]),
    "average": (0, 0.999999),
    "distil": (0, 1),
    "temperature": (1e-3, math.inf),
    "calibrate": (0, math.inf),
}


@dataclass(frozen=True)
class Recipe:
    """Optimiser settings (SGD, momentum 0.9), augmentation, loss, and the network's options.

    Images are cropped and flipped always, as the notebook does.

    Raises:
        ValueError: a number is out of its LIMITS.
    """

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
    #: side of the square in every image that is set to the mean pixel; 0: none
    erase: int = 0
    #: decay, a step, of the moving average of the network that is measured and exported (`moving_average`); 0: none
    average: float = 0.0
    #: train the network without quantisers
    float_network: bool = False
    #: share of the teacher's scores in the loss, by Kullback-Leibler divergence; the labels have the rest
    distil: float = 0.0
    #: by which both networks' scores are divided in that part of the loss
    temperature: float = 4.0
    #: begin with the teacher's weights and batch-norms
    warm_start: bool = False
    #: so many training images give the alphas that a warm start begins with (`calibrate`); 0: those of the options
    calibrate: int = 0
    #: give the alphas the gradient of the rounding too, as learned step sizes (LSQ, arXiv 1902.08153) do
    learned_steps: bool = False
    options: VGG16Options = field(default_factory=VGG16Options)

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ValueError(f"{name} is {value}, expected {low:g} to {high:g}")
        if not all(type(step) in (int, float) and 0 < step < 1 for step in self.steps):
            raise ValueError(f"steps are {self.steps}, expected fractions of the run between 0 and 1")

    @property
    def needs_teacher(self) -> bool:
        """Whether training needs a float network."""
        return self.distil > 0 or self.warm_start

    def file_name(self, data: str) -> str:
        """Name of the file that a run exports, by plan, widths and data set: vgg16_w4a4_cifar10.safetensors."""
        widths = f"w{self.options.weight_bits}a{self.options.act_bits}"
        if self.float_network or self.options.layer_bits:
            widths = "float" if self.float_network else "mixed"
        return f"{network_name(self.options.plan).lower()}_{widths}_{data}.safetensors"

    def values(self) -> dict[str, Any]:
        """JSON-able settings by name, but for the number of epochs, which a run may have of its own."""
        values = {key: value for key, value in asdict(self).items() if key != "epochs"}
        if self.options.classes == CLASSES:
            del values["options"]["classes"]  # runs of before have none
        return values


COSINE = Recipe(
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
)

FLOAT = replace(COSINE, epochs=150, erase=8, average=0.9995, float_network=True)

DISTILLED = replace(
    COSINE,
    epochs=160,
    rate=0.05,
    weight_decay=1e-4,
    label_smoothing=0.0,
    erase=8,
    average=0.9995,
    distil=1.0,
    warm_start=True,
    calibrate=512,
)

#: the three convolutions with 79 % of all convolutions' weights
LARGE = ("features.33", "features.36", "features.39")

RECIPES = {
    "notebook": Recipe(epochs=200, batch=128, rate=0.01, weight_decay=1e-4, steps=(0.4, 0.6, 0.8)),
    "cosine": COSINE,
    "float": FLOAT,
    "distilled": DISTILLED,
    "distilled-w4a2": replace(DISTILLED, options=replace(DISTILLED.options, act_bits=2)),
    "distilled-w2a2": replace(DISTILLED, options=replace(DISTILLED.options, weight_bits=2, act_bits=2)),
    "distilled-mixed": replace(DISTILLED, options=replace(DISTILLED.options, layer_bits=dict.fromkeys(LARGE, (2, 2)))),
}


def recipe_named(name: str, changes: Sequence[str] = ()) -> Recipe:
    """A recipe with some values changed.

    Args:
        name: of the recipe.
        changes: KEY=VALUE each, VALUE being JSON: ``erase=0``, ``options.act_bits=2``.

    Raises:
        RecipeError: there is no such recipe or value, or the value is of another kind.
    """
    if name not in RECIPES:
        raise RecipeError(f"recipe {name!r} is none of {', '.join(RECIPES)}")
    recipe = RECIPES[name]
    for change in changes:
        key, _, text = change.partition("=")
        if key.startswith("options."):
            recipe = replace(recipe, options=_changed(recipe.options, key.removeprefix("options."), text))
        else:
            recipe = _changed(recipe, key, text)
    names = convolution_names(recipe.options.plan)
    unknown = sorted(recipe.options.layer_bits.keys() - set(names))
    if unknown:
        raise RecipeError(f"options.layer_bits names {', '.join(unknown)}; the convolutions are {', '.join(names)}")
    return recipe


def recipe_keys() -> list[str]:
    """What ``recipe_named`` can change."""
    return [*_kinds(Recipe), *(f"options.{key}" for key in _kinds(VGG16Options))]


def _kinds(settings: type) -> dict[str, Any]:
    return {name: kind for name, kind in get_type_hints(settings).items() if name != "options"}


def _changed(settings: Any, key: str, text: str) -> Any:
    kinds = _kinds(type(settings))
    if key not in kinds:
        raise RecipeError(f"a recipe has no value {key!r}; it has {', '.join(kinds)}, as KEY=VALUE")
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if isinstance(value, list):
        value = tuple(value)
    if not _fits(value, kinds[key]):
        raise RecipeError(f"{key}={text}: expected {kinds[key]}".replace("<class 'float'>", "a number"))
    try:
        return replace(settings, **{key: float(value) if kinds[key] is float else value})
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{key}={text}: {error}") from error


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value out of JSON is of the annotated kind; what is in a tuple or dictionary is not looked at."""
    if isinstance(kind, UnionType):
        return any(_fits(value, member) for member in get_args(kind))
    if kind is float:
        return type(value) in (int, float)
    return type(value) is (get_origin(kind) or kind)
