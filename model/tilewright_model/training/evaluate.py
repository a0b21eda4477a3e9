"""Accuracy on the CIFAR-10 test images."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from tilewright_model.data.cifar10 import Images
from tilewright_model.data.pixels import normalise
from tilewright_model.device import batch_size


@dataclass(frozen=True)
class Score:
    """Correct answers out of ``total``."""

    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        """Percent."""
        return 100.0 * self.correct / self.total


@torch.no_grad()
def evaluate(model: nn.Module, images: Images, advance: Callable[[int], object] | None = None) -> Score:
    """Classify images in evaluation mode, on their device.

    Args:
        model: normalised images (n, 3, 32, 32) to scores (n, classes).
        images: to classify.
        advance: told the images done in each batch.
    """
    was_training = model.training
    model.eval()
    correct, batch = 0, batch_size(images.pixels.device)
    for pixels, labels in zip(torch.split(images.pixels, batch), torch.split(images.labels, batch), strict=True):
        scores = model(normalise(pixels).contiguous(memory_format=torch.channels_last))
        correct += int((scores.argmax(1) == labels).sum())
        if advance:
            advance(len(labels))
    model.train(was_training)
    return Score(correct, len(images))
