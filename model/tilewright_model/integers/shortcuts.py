"""What quantised shortcuts cost the importer's ResNet20: accuracy before and after."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from tilewright_model.data.cifar10 import Images
from tilewright_model.device import batch_size
from tilewright_model.integers.reference import reference
from tilewright_model.networks.resnet20 import ResNet20
from tilewright_model.networks.resnet20_body import ResNet20Body, ResNet20Front


@dataclass(frozen=True)
class ShortcutCost:
    """Counts of images.

    Attributes:
        images: all.
        correct: whose class is their label with shortcuts as they are, in float64.
        quantised_correct: the same with shortcuts quantised, as the array adds them.
        differing: whose class differs between the two.
    """

    images: int
    correct: int
    quantised_correct: int
    differing: int

    def report(self) -> dict[str, float]:
        """JSON-able, accuracies in percent."""
        return {
            "images": self.images,
            "accuracy": 100 * self.correct / self.images,
            "quantised_accuracy": 100 * self.quantised_correct / self.images,
            "differing_predictions": self.differing,
        }


@torch.no_grad()
def shortcut_cost(model: ResNet20, images: Images, advance: Callable[[int], object] | None = None) -> ShortcutCost:
    """Runs images both ways.

    Args:
        model: the network.
        images: on its device.
        advance: told the images done in each batch.

    Raises:
        NetworkError: the array does not run the blocks.
    """
    model.eval()
    front, body = ResNet20Front(model), ResNet20Body(model).to(images.pixels.device).eval()
    correct = quantised_correct = differing = 0
    batch = batch_size(images.pixels.device)
    for pixels, labels in zip(torch.split(images.pixels, batch), torch.split(images.labels, batch), strict=True):
        normalised = model.normalise(pixels)
        before = model(normalised).argmax(1).cpu()
        after = reference(body, front(normalised), all_layers=False).predictions
        correct += int((before == labels.cpu()).sum())
        quantised_correct += int((after == labels.cpu()).sum())
        differing += int((before != after).sum())
        if advance:
            advance(len(labels))
    return ShortcutCost(len(images.labels), correct, quantised_correct, differing)
