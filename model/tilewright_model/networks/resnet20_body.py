"""The importer's ResNet20 in two parts: its first convolution, in float on the host, and what the array runs."""

import torch
from torch import Tensor, nn

from tilewright_model.data.pixels import look_up
from tilewright_model.layers.exact import ExactConv2d
from tilewright_model.layers.plain import Linear
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.networks.network import QuantisedNetwork
from tilewright_model.networks.resnet20 import IMAGE, BasicBlock, ResNet20

#: positions of the last map, which the classifier averages
POSITIONS = 64


class ResNet20Front(nn.Module):
    """The first convolution, batch-norm and ReLU in float, and the first block's quantiser.

    Args:
        model: the network; its modules are shared.
    """

    def __init__(self, model: ResNet20) -> None:
        super().__init__()
        self.conv1, self.bn1, self.reader = model.conv1, model.bn1, _first_reader(model)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Normalised images float (n, 3, 32, 32) to codes uint8 (n, c0, 32, 32), the "pixels" of the body."""
        x = torch.relu(self.bn1.exact()(self.conv1.exact()(images)))
        return self.reader.exact().codes(x).to(torch.uint8)


class ResNet20Body(QuantisedNetwork):
    """The residual blocks and the classifier, for codes of the front; shortcuts have the next convolution's quantiser.

    A first layer of ones hands the codes on, so that convolution and shortcut read a map. The mean of the last map is a
    part of the classifier's weights.

    Args:
        model: the network; its modules are shared.

    Attributes:
        values: float64 (c0, 256), what a code stands for.
    """

    values: Tensor

    def __init__(self, model: ResNet20) -> None:
        channels = model.conv1.out_channels
        super().__init__((channels, *IMAGE[1:]))
        exact = _first_reader(model).exact()
        ones = torch.eye(channels, dtype=torch.int8)[:, :, None, None]
        step = exact.scale_of_codes()
        self.entry = ExactConv2d(ones, 1, (1, 1), (0, 0), scale=step, alpha=exact.alpha, levels=exact.levels)
        codes = torch.arange(256, dtype=torch.float64).clamp(max=exact.levels) * step
        self.register_buffer("values", codes.expand(channels, 256).clone())
        self.layer1, self.layer2, self.layer3 = model.layer1, model.layer2, model.layer3
        self.classifier = _averaging(model.fc)

    def normalise(self, pixels: Tensor) -> Tensor:
        """What codes uint8 (n, c0, 32, 32) stand for: float64 of that shape."""
        return look_up(self.values, pixels)

    def forward(self, x: Tensor) -> Tensor:
        """float (n, c0, 32, 32) to class scores float64 (n, 10)."""
        x = self.layer3(self.layer2(self.layer1(torch.relu(self.entry(x)))))
        scores: Tensor = self.classifier(x.flatten(1))
        return scores


def _first_reader(model: ResNet20) -> QuantConv2d:
    block = model.layer1[0]
    assert isinstance(block, BasicBlock)
    return block.conv1


def _averaging(fc: Linear) -> Linear:
    """The classifier of all positions of the last map, channel by channel."""
    wide = Linear(fc.in_features * POSITIONS, fc.out_features).to(fc.weight.device)
    with torch.no_grad():
        wide.weight.copy_(fc.weight.repeat_interleave(POSITIONS, 1) / POSITIONS)
        wide.bias.copy_(fc.bias)
    return wide.eval()
