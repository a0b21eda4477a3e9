"""Accuracy on the CIFAR-10 test images."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

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


def evaluate(model: nn.Module, images: Images, advance: Callable[[int], object] | None = None) -> Score:
    """Classify images in evaluation mode, on their device.

    Args:
        model: normalised images (n, 3, 32, 32) to scores (n, classes).
        images: to classify.
        advance: told the images done in each batch.
    """
    return Score(int((predictions(model, images, advance) == images.labels).sum()), len(images))


@torch.no_grad()
def predictions(model: nn.Module, images: Images, advance: Callable[[int], object] | None = None) -> Tensor:
    """The classes that a network gives images, in evaluation mode, on their device: int64 (n,).

    Args:
        model: normalised images (n, 3, 32, 32) to scores (n, classes).
        images: to classify.
        advance: told the images done in each batch.
    """
    was_training = model.training
    model.eval()
    found = []
    for pixels in torch.split(images.pixels, batch_size(images.pixels.device)):
        scores = model(normalise(pixels).contiguous(memory_format=torch.channels_last))
        found.append(scores.argmax(1))
        if advance:
            advance(len(pixels))
    model.train(was_training)
    return torch.cat(found)
