"""What a training step minimises and how: loss, optimiser, learning rate, moving average."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn, optim
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tilewright_model.data.pixels import normalise
from tilewright_model.training.recipes import Recipe


class Loss(nn.Module):
    """student, teacher: networks from normalised images to scores; the teacher (in evaluation mode) may be None."""

    def __init__(self, student: nn.Module, teacher: nn.Module | None, recipe: Recipe) -> None:
        super().__init__()
        self.student, self.teacher, self.recipe = student, teacher, recipe

    def forward(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (b, 3, h, w) and int64 (b,) to the mean loss and the number of correct answers, both ()."""
        images = normalise(pixels).contiguous(memory_format=torch.channels_last)
        scores = self.student(images)
        loss = functional.cross_entropy(scores, labels, label_smoothing=self.recipe.label_smoothing)
        if self.teacher is not None and self.recipe.distil:
            with torch.no_grad():
                wanted = self.teacher(images)
            share = self.recipe.distil
            loss = share * divergence(scores, wanted, self.recipe.temperature) + (1 - share) * loss
        return loss, (scores.argmax(1) == labels).sum()


def divergence(scores: Tensor, wanted: Tensor, temperature: float) -> Tensor:
    """Kullback-Leibler divergence of softened scores from the wanted ones, times temperature^2: ().

    The square keeps the gradient's size, arXiv 1503.02531, section 2.1.

    Args:
        scores: float (b, classes).
        wanted: the same.
        temperature: both are divided by it.
    """
    logs, wanted_logs = (functional.log_softmax(s.float() / temperature, 1) for s in (scores, wanted))
    return functional.kl_div(logs, wanted_logs, reduction="batchmean", log_target=True) * temperature**2


def build_optimiser(model: nn.Module, recipe: Recipe) -> optim.SGD:
    """SGD, momentum 0.9, with the alphas in a second parameter group; a group's ``scale`` multiplies the rate."""
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    alphas: list[nn.Parameter] = [p for name, p in named if name.endswith("_alpha")]
    others: list[nn.Parameter] = [p for name, p in named if not name.endswith("_alpha")]
    decay = recipe.weight_decay if recipe.alpha_weight_decay is None else recipe.alpha_weight_decay
    groups = [{"params": others, "scale": 1.0}]
    if alphas:
        groups.append({"params": alphas, "scale": recipe.alpha_rate, "weight_decay": decay})
    return optim.SGD(groups, lr=recipe.rate, momentum=0.9, weight_decay=recipe.weight_decay, nesterov=recipe.nesterov)


def rate_factor(recipe: Recipe, progress: float) -> float:
    """Factor on the learning rate when the fraction ``progress`` (0..1) of the run is done."""
    if recipe.steps:
        return 0.1 ** sum(progress >= step for step in recipe.steps)
    if progress < recipe.warm_up:
        return max(progress, 1e-4) / recipe.warm_up
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - recipe.warm_up) / (1 - recipe.warm_up))))


def advanced(progress: float, epochs_left: int, done: float = 1.0) -> float:
    """Progress within an epoch that takes one share of what remains of the schedule.

    Rounded, so that equal shares meet the steps of the schedule exactly (80 epochs of 200 are 0.4).

    Args:
        progress: at its beginning, 0..1.
        epochs_left: with this one.
        done: fraction of it.
    """
    return round(progress + (1 - progress) / epochs_left * done, 9)


def decay_after(steps: int, decay: float) -> float:
    """What the average keeps of itself: (1 + steps) / (10 + steps), ``decay`` at most.

    With ``decay`` from the first step on, an average over a short run would still hold the random weights of the
    beginning. As TensorFlow's ExponentialMovingAverage with num_updates.

    Args:
        steps: that it has had, at least 1.
        decay: in the long run.
    """
    return min(decay, (1 + steps) / (10 + steps))


def moving_average(model: nn.Module, decay: float) -> AveragedModel:
    """An average of the model's parameters and buffers, which ``update_parameters(model)`` takes a step further."""
    average = AveragedModel(model, use_buffers=True)

    def update(kept: Sequence[Tensor], new: Sequence[Tensor], _steps: Tensor | int) -> None:
        steps = int(average.n_averaged)  # of the CPU: `_steps` is on the model's device, which would be waited for
        get_ema_multi_avg_fn(decay_after(steps, decay))(kept, new, None)  # type: ignore[no-untyped-call]

    average.multi_avg_fn = update
    return average
