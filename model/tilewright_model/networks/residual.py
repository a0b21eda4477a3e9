"""A residual network that the hardware runs whole, from the image to the last average: ResNet20 and its like."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tilewright_model.layers.plain import BatchNorm2d, Linear
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d, QuantIdentity
from tilewright_model.networks.network import QuantisedNetwork
from tilewright_model.networks.widths import check_widths


@dataclass(frozen=True)
class ResidualOptions:
    """What a residual network is made of.

    Attributes:
        channels: of the stages; the first convolution has as many as the first of them.
        blocks: of each stage.
        image: channels, height and width; each stage but the first halves the map.
        classes: how many.
        weight_bits, act_bits: widths of all layers; the image has 8 bits.
        alpha_w, alpha_a: clipping values to begin with.

    Raises:
        ValueError: a width is none.
    """

    channels: tuple[int, ...] = (16, 32, 64)
    blocks: int = 3
    image: tuple[int, int, int] = (3, 32, 32)
    classes: int = 10
    weight_bits: int = 4
    act_bits: int = 4
    alpha_w: float = 3.0
    alpha_a: float = 8.0

    def __post_init__(self) -> None:
        check_widths((self.weight_bits, self.act_bits))

    def convolution(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> QuantConv2d:
        """A convolution of these widths that keeps the map's size but for the stride."""
        return QuantConv2d(
            inputs,
            outputs,
            kernel,
            stride,
            kernel // 2,
            weight_bits=self.weight_bits,
            act_bits=self.act_bits,
            alpha_w=self.alpha_w,
            alpha_a=self.alpha_a,
        )


class ResidualBlock(nn.Module):
    """Two quantised 3x3 convolutions, and the block's quantised input added to their result before the last ReLU.

    Where stride or channels change, the input passes a 1x1 convolution and batch-norm first. Convolution and shortcut
    share the input's clipping value, so that the input is quantised once.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, options: ResidualOptions) -> None:
        super().__init__()
        self.conv1 = options.convolution(inputs, outputs, 3, stride)
        self.bn1 = BatchNorm2d(outputs)
        self.conv2 = options.convolution(outputs, outputs)
        self.bn2 = BatchNorm2d(outputs)
        first: QuantIdentity | QuantConv2d = QuantIdentity(options.act_bits, options.alpha_a)
        if stride != 1 or inputs != outputs:
            first = options.convolution(inputs, outputs, 1, stride)
        first.act_alpha = self.conv1.act_alpha
        self.shortcut = nn.Sequential(first, *([] if isinstance(first, QuantIdentity) else [BatchNorm2d(outputs)]))

    def forward(self, x: Tensor) -> Tensor:
        """float (n, ic, h, w) to float (n, oc, h / stride, w / stride); float64 in evaluation mode."""
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + self.shortcut(x))


class ResidualNetwork(QuantisedNetwork):
    """Convolution, stages of residual blocks, average of the whole map, classifier: by default ResNet20 for CIFAR-10.

    Evaluation mode adds in float64; the reference (``tilewright_model.integers.reference``) adds integers.
    """

    def __init__(self, options: ResidualOptions | None = None) -> None:
        self.options = options = options or ResidualOptions()
        super().__init__(options.image)
        width = options.channels[0]
        self.conv1 = QuantConv2d(
            options.image[0], width, weight_bits=options.weight_bits, image_bits=8, alpha_w=options.alpha_w
        )
        self.bn1 = BatchNorm2d(width)
        stages = []
        for number, outputs in enumerate(options.channels):
            strides = [1 if number == 0 else 2, *[1] * (options.blocks - 1)]
            widths = [width, *[outputs] * options.blocks]
            blocks = (
                ResidualBlock(inputs, outputs, stride, options) for inputs, stride in zip(widths, strides, strict=False)
            )
            stages.append(nn.Sequential(*blocks))
            width = outputs
        self.layers = nn.Sequential(*stages)
        shrink = 2 ** (len(options.channels) - 1)
        size = (-(-options.image[1] // shrink), -(-options.image[2] // shrink))
        self.pool = QuantAvgPool2d(size, act_bits=options.act_bits, alpha_a=options.alpha_a)
        self.fc = Linear(width, options.classes)

    @property
    def name(self) -> str:
        """ResNet and the number of its convolutions in a row and its classifier."""
        return f"ResNet{2 * self.options.blocks * len(self.options.channels) + 2}"

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images float (n, c, h, w) to class scores float (n, classes), float64 in evaluation mode."""
        x = torch.relu(self.bn1(self.conv1(images)))
        scores: Tensor = self.fc(self.pool(self.layers(x)).flatten(1))
        return scores
