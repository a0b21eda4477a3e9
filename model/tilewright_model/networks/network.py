"""Networks with quantised convolutions, and the row of layers that the hardware runs."""

from torch import Tensor, nn

from tilewright_model.data import pixels as image
from tilewright_model.layers.quantised import QuantConv2d

WEIGHT_BITS, ACT_BITS = range(2, 9), range(1, 9)


class QuantisedNetwork(nn.Module):
    """A network that is the exact reference in evaluation mode: normalised images (n, c, h, w) to scores (n, classes).

    image_size: (channels, height, width) of the images.
    """

    def __init__(self, image_size: tuple[int, int, int]) -> None:
        super().__init__()
        self.image_size = image_size

    def normalise(self, pixels: Tensor) -> Tensor:
        """What `forward` takes: uint8 images (n, c, h, w) to float of that shape, the same bits on every device."""
        return image.normalise(pixels)

    def quantised_layers(self) -> dict[str, QuantConv2d]:
        """Every quantised convolution by its state-dict name, in order."""
        return {name: module for name, module in self.named_modules() if isinstance(module, QuantConv2d)}


class Network(QuantisedNetwork):
    """A network of layers in a row, as the hardware runs it: `features`, then `classifier` on the flattened map."""

    def __init__(self, features: nn.Sequential, classifier: nn.Module, image_size: tuple[int, int, int]) -> None:
        super().__init__(image_size)
        self.features, self.classifier = features, classifier

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images float (n, c, h, w) to class scores float (n, classes), float64 in evaluation mode."""
        scores: Tensor = self.classifier(self.features(images).flatten(1))
        return scores


def check_widths(*pairs: tuple[int, int]) -> None:
    """Raises ValueError if one of the pairs, bits of weights and of activations, is outside."""
    for weight_bits, act_bits in pairs:
        whole = type(weight_bits) is int and type(act_bits) is int
        if not whole or weight_bits not in WEIGHT_BITS or act_bits not in ACT_BITS:
            raise ValueError(
                f"widths are weights {weight_bits}, activations {act_bits}; weights may have {WEIGHT_BITS[0]} to "
                f"{WEIGHT_BITS[-1]} bits, activations {ACT_BITS[0]} to {ACT_BITS[-1]}"
            )
