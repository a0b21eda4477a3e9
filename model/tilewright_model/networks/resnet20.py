"""ResNet20 for CIFAR-10 with the notebook's quantisers; its first convolution and its classifier are in float."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from tilewright_model.layers.plain import BatchNorm2d, FloatConv2d, Linear
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.networks.network import QuantisedNetwork
from tilewright_model.networks.widths import check_widths

IMAGE = (3, 32, 32)
CLASSES = 10
#: residual blocks of each of the three stages
BLOCKS = 3


@dataclass(frozen=True)
class ResNet20Options:
    """What a checkpoint must record to rebuild its network.

    Raises:
        ValueError: channels or a width are none.
    """

    weight_bits: int = 4
    act_bits: int = 4
    alpha_w: float = 3.0
    alpha_a: float = 8.0
    #: output channels of the first convolution, then of the three stages
    channels: tuple[int, int, int, int] = (16, 16, 32, 64)
    #: weight and activation (input) bits of single layers by state-dict name, such as {"layer1.0.conv1": (2, 2)}
    layer_bits: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # JSON makes lists of the tuples
        first, *stages = self.channels
        if len(stages) != 3 or not all(type(count) is int and count > 0 for count in (first, *stages)):
            raise ValueError(f"channels {list(self.channels)} are not those of a first convolution and three stages")
        object.__setattr__(self, "channels", (first, *stages))
        object.__setattr__(self, "layer_bits", {name: (w, a) for name, (w, a) in self.layer_bits.items()})
        check_widths((self.weight_bits, self.act_bits), *self.layer_bits.values())


class BasicBlock(nn.Module):
    """Two quantised 3x3 convolutions, and the block's input added to their result before the last ReLU.

    Where stride or channels change, the input passes a quantised 1x1 convolution first (``downsample``).
    """

    def __init__(self, name: str, in_channels: int, channels: int, stride: int, options: ResNet20Options) -> None:
        super().__init__()

        def convolution(part: str, inputs: int, kernel: int, step: int) -> QuantConv2d:
            weight_bits, act_bits = options.layer_bits.get(f"{name}.{part}", (options.weight_bits, options.act_bits))
            return QuantConv2d(
                inputs,
                channels,
                kernel,
                step,
                padding=kernel // 2,
                weight_bits=weight_bits,
                act_bits=act_bits,
                alpha_w=options.alpha_w,
                alpha_a=options.alpha_a,
            )

        self.conv1 = convolution("conv1", in_channels, 3, stride)
        self.bn1 = BatchNorm2d(channels)
        self.conv2 = convolution("conv2", channels, 3, 1)
        self.bn2 = BatchNorm2d(channels)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential(convolution("downsample.0", in_channels, 1, stride), BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """float (n, ic, h, w) to float (n, channels, h / stride, w / stride); float64 in evaluation mode."""
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + self.downsample(x))


class MeanPool(nn.Module):
    """The mean of every map of 2^k positions: float (n, c, h, w) to (n, c).

    In evaluation mode the second half of the positions is added to the first until one is left: a fixed order.
    """

    def forward(self, x: Tensor) -> Tensor:
        """float (n, c, h, w) to float (n, c), the same dtype."""
        x = x.flatten(2)
        if self.training:
            return x.mean(2)
        positions = x.shape[2]
        while x.shape[2] > 1:
            half = x.shape[2] // 2
            x = x[:, :, :half] + x[:, :, half:]
        return x[:, :, 0] / positions


class ResNet20(QuantisedNetwork):
    """ResNet20 for 32x32 images and ten classes; state-dict keys of the family's ``resnet_quant.py`` (docs/import.md).

    Raises:
        ValueError: ``layer_bits`` names a layer that there is not.
    """

    def __init__(self, options: ResNet20Options | None = None) -> None:
        super().__init__(IMAGE)
        self.options = options = options or ResNet20Options()
        first, *stages = options.channels
        self.conv1 = FloatConv2d(IMAGE[0], first)
        self.bn1 = BatchNorm2d(first)
        self.layer1 = _stage("layer1", first, stages[0], 1, options)
        self.layer2 = _stage("layer2", stages[0], stages[1], 2, options)
        self.layer3 = _stage("layer3", stages[1], stages[2], 2, options)
        self.pool = MeanPool()
        self.fc = Linear(stages[2], CLASSES)
        unknown = sorted(options.layer_bits.keys() - self.quantised_layers().keys())
        if unknown:
            raise ValueError(f"layer_bits names {unknown}; the convolutions are {sorted(self.quantised_layers())}")

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images float (n, 3, 32, 32) to class scores float (n, 10), float64 in evaluation mode."""
        x = torch.relu(self.bn1(self.conv1(images)))
        scores: Tensor = self.fc(self.pool(self.layer3(self.layer2(self.layer1(x)))))
        return scores


def _stage(name: str, in_channels: int, channels: int, stride: int, options: ResNet20Options) -> nn.Sequential:
    blocks = [BasicBlock(f"{name}.0", in_channels, channels, stride, options)]
    blocks += [BasicBlock(f"{name}.{number}", channels, channels, 1, options) for number in range(1, BLOCKS)]
    return nn.Sequential(*blocks)
