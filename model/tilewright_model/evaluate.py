"""Accuracy on the CIFAR-10 test images."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from tilewright_model.data import Images
from tilewright_model.image import normalise


@dataclass(frozen=True)
class Score:
    """Correct answers out of `total`."""

    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        """Percent."""
        return 100.0 * self.correct / self.total


@torch.no_grad()
def evaluate(
    model: nn.Module, images: Images, batch: int = 500, advance: Callable[[int], object] | None = None
) -> Score:
    """Classify `images` in evaluation mode on the images' device; `advance` is told the images done in each batch."""
    was_training = model.training
    model.eval()
    correct = 0
    for start in range(0, len(images), batch):
        pixels, labels = images.pixels[start : start + batch], images.labels[start : start + batch]
        scores = model(normalise(pixels).contiguous(memory_format=torch.channels_last))
        correct += int((scores.argmax(1) == labels).sum())
        if advance:
            advance(len(labels))
    model.train(was_training)
    return Score(correct, len(images))
