"""Small networks of further shapes: depthwise convolutions, maps side by side, fully connected layers."""

import torch
from torch import Tensor, nn

from tilewright_model.layers.plain import BatchNorm1d, BatchNorm2d, Linear
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d, QuantLinear
from tilewright_model.networks.network import QuantisedNetwork


def _step(
    inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1, image: bool = False
) -> nn.Sequential:
    """Convolution, batch-norm, ReLU."""
    bits = 8 if image else None
    layer = QuantConv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, image_bits=bits)
    return nn.Sequential(layer, BatchNorm2d(outputs), nn.ReLU())


class Mobile(QuantisedNetwork):
    """A convolution, then depthwise and 1x1 convolutions in turn, a global average, a classifier."""

    def __init__(self) -> None:
        super().__init__((3, 16, 16))
        widths = ((8, 16, 1), (16, 24, 2), (24, 24, 1))
        pairs = [
            step
            for inputs, outputs, stride in widths
            for step in (_step(inputs, inputs, 3, stride, inputs), _step(inputs, outputs, 1))
        ]
        self.features = nn.Sequential(_step(3, 8, image=True), *pairs, QuantAvgPool2d(8))
        self.classifier = Linear(24, 5)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images float (n, 3, 16, 16) to class scores float (n, 5)."""
        scores: Tensor = self.classifier(self.features(images).flatten(1))
        return scores


class UNet(QuantisedNetwork):
    """Two levels down and up, each way up beside the map of the way down."""

    def __init__(self) -> None:
        super().__init__((3, 16, 16))
        self.first = _step(3, 8, image=True)
        self.down1, self.pool1 = _step(8, 12), nn.MaxPool2d(3, 2, 1)
        self.down2, self.pool2 = _step(12, 16), nn.MaxPool2d(2, 2)
        self.up = nn.Upsample(scale_factor=2)
        self.up2, self.up1 = _step(28, 12), _step(20, 8)
        # what reads one map quantises it alike, so that it is written once
        self.up1[0].act_alpha, self.up2[0].act_alpha = self.down1[0].act_alpha, self.down2[0].act_alpha
        self.pool = QuantAvgPool2d(4)
        self.classifier = Linear(8 * 16, 5)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images float (n, 3, 16, 16) to class scores float (n, 5)."""
        first = self.first(images)
        second = self.down1(self.pool1(first))
        third = self.down2(self.pool2(second))
        second = self.up2(torch.cat([self.up(third), second], 1))
        first = self.up1(torch.cat([self.up(second), first], 1))
        scores: Tensor = self.classifier(self.pool(first).flatten(1))
        return scores


class MLP(QuantisedNetwork):
    """Fully connected layers, of which the first reads the image."""

    def __init__(self) -> None:
        super().__init__((1, 12, 12))
        self.hidden = nn.Sequential(
            QuantLinear(144, 40, image_bits=8),
            BatchNorm1d(40),
            nn.ReLU(),
            QuantLinear(40, 30, bias=True),
            BatchNorm1d(30),
            nn.ReLU(),
        )
        self.classifier = QuantLinear(30, 10, bias=True)

    def normalise(self, pixels: Tensor) -> Tensor:
        """What ``forward`` takes: uint8 images (n, 1, h, w) to -1..1."""
        return pixels.to(torch.float32) / 127.5 - 1

    def forward(self, images: Tensor) -> Tensor:
        """Images float (n, 1, 12, 12) to class scores float (n, 10)."""
        scores: Tensor = self.classifier(self.hidden(images.flatten(1)))
        return scores
