"""Networks with quantised convolutions, and the row of layers that the hardware runs."""

from torch import Tensor, nn

from tilewright_model.data import pixels as image
from tilewright_model.layers.quantised import QuantConv2d


class QuantisedNetwork(nn.Module):
    """A network that is the exact reference in evaluation mode: normalised images (n, c, h, w) to scores (n, classes).

    Args:
        image_size: channels, height and width of the images.
    """

    def __init__(self, image_size: tuple[int, int, int]) -> None:
        super().__init__()
        self.image_size = image_size

    @property
    def name(self) -> str:
        """What the network is called."""
        return type(self).__name__

    def normalise(self, pixels: Tensor) -> Tensor:
        """What ``forward`` takes: uint8 images (n, c, h, w) to float of that shape, the same bits on every device."""
        return image.normalise(pixels)

    def quantised_layers(self) -> dict[str, QuantConv2d]:
        """Every quantised convolution by its state-dict name, in order."""
        return {name: module for name, module in self.named_modules() if isinstance(module, QuantConv2d)}


class Network(QuantisedNetwork):
    """A network of layers in a row, as the hardware runs it: ``features``, then ``classifier`` on the flattened map."""

    def __init__(self, features: nn.Sequential, classifier: nn.Module, image_size: tuple[int, int, int]) -> None:
        super().__init__(image_size)
        self.features, self.classifier = features, classifier

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images float (n, c, h, w) to class scores float (n, classes), float64 in evaluation mode."""
        scores: Tensor = self.classifier(self.features(images).flatten(1))
        return scores
