"""The loss of a batch: cross-entropy with the labels, and distillation from a teacher's scores."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from tilewright_model.image import normalise
from tilewright_model.recipes import Recipe


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
    """Kullback-Leibler divergence of softened scores (b, classes) from the wanted ones, times temperature^2: ().

    The square keeps the gradient's size, arXiv 1503.02531, section 2.1.
    """
    logs, wanted_logs = (functional.log_softmax(s.float() / temperature, 1) for s in (scores, wanted))
    return functional.kl_div(logs, wanted_logs, reduction="batchmean", log_target=True) * temperature**2
