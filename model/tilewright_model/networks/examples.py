"""More networks for tests, random but the same for the same seed: shapes that the VGG16 does not have."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from tilewright_model.layers.plain import BatchNorm1d, BatchNorm2d, Linear
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d, QuantisedInput, QuantLinear
from tilewright_model.layers.quantisers import ImageQuantiser
from tilewright_model.networks.graphs import MLP, Mobile, UNet
from tilewright_model.networks.network import Network, QuantisedNetwork
from tilewright_model.networks.residual import ResidualNetwork, ResidualOptions

#: mean and variance of a code behind a ReLU, more or less, as shares of the largest code
SHARE_MEAN, SHARE_VARIANCE = 0.27, 0.11


def small_network(seed: int) -> Network:
    """32x32 images, 7 classes: strides 1 and 2, kernels of 1, 3 and 5, odd maps, channels no multiple of 8, an average.

    Its last layer is the average, which gives sums of codes; one convolution has no batch-norm.

    Args:
        seed: of its parameters.
    """
    make = Maker(seed)
    features = [
        *make.convolution(3, 12, image_bits=8),  # 32x32
        *make.convolution(12, 20, stride=2, padding=0, pool=True),  # 15x15, pooled 7x7
        *make.convolution(20, 33, kernel=1, padding=0, batch_norm=False),
        *make.convolution(33, 24, kernel=5, padding=2, pool=True),  # 7x7, pooled 3x3
        *make.convolution(24, 20),
        QuantAvgPool2d(3, alpha_a=make.alpha()),
    ]
    return Network(nn.Sequential(*features), make.linear(20, 7), (3, 32, 32)).eval()


def tall_network(seed: int) -> Network:
    """96x96 images, 10 classes: maps of 9216 positions, one of 64 channels (288 KiB at 4 bits); 139 M MACs an image.

    Its last layer is a convolution with batch-norm and max-pooling in the tail.

    Args:
        seed: of its parameters.
    """
    make = Maker(seed)
    features = [
        *make.convolution(3, 16, image_bits=8),  # 96x96
        *make.convolution(16, 64),
        *make.convolution(64, 24, stride=2),  # 48x48
        *make.convolution(24, 48, kernel=1, padding=0, pool=True),  # pooled 24x24
        *make.convolution(48, 64, pool=True),  # pooled 12x12
        *make.convolution(64, 32, stride=2, pool=True),  # 6x6, pooled 3x3
    ]
    return Network(nn.Sequential(*features), make.linear(288, 10), (3, 96, 96)).eval()


def broad_network(seed: int) -> Network:
    """16x16 images, 5 classes: a map of 1040 channels (130 KiB at 4 bits) between maps of 8 and 12."""
    make = Maker(seed)
    features = [
        *make.convolution(3, 8, image_bits=8),
        *make.convolution(8, 1040),
        *make.convolution(1040, 12, pool=True),  # pooled 8x8
        *make.convolution(12, 20, stride=2, pool=True),  # 4x4, pooled 2x2
    ]
    return Network(nn.Sequential(*features), make.linear(80, 5), (3, 16, 16)).eval()


def mixed_network(seed: int) -> Network:
    """12x12 images, 5 classes: every pair of 2, 3 and 4 bits of weights and input codes; averages of 2 and 3 bits."""
    make = Maker(seed)
    features = [
        *make.convolution(3, 12, image_bits=8, weight_bits=2),  # 12x12
        *make.convolution(12, 20, act_bits=4, weight_bits=2),
        *make.convolution(20, 9, act_bits=3, weight_bits=4, batch_norm=False),
        *make.convolution(9, 16, act_bits=2, weight_bits=3, kernel=1, padding=0),
        *make.convolution(16, 17, act_bits=4, weight_bits=4, pool=True),  # pooled 6x6
        QuantAvgPool2d(2, 1, act_bits=3, alpha_a=make.alpha()),  # 5x5
        *make.convolution(17, 16, act_bits=2, weight_bits=2),
        *make.convolution(16, 24, act_bits=3, weight_bits=3),
        *make.convolution(24, 10, act_bits=4, weight_bits=3, stride=2),  # 3x3
        QuantAvgPool2d(2, 1, act_bits=2, alpha_a=make.alpha()),  # 2x2
        *make.convolution(10, 12, act_bits=3, weight_bits=2),
        *make.convolution(12, 11, act_bits=2, weight_bits=4),
    ]
    return Network(nn.Sequential(*features), make.linear(44, 5), (3, 12, 12)).eval()


def _filled(model: QuantisedNetwork, seed: int) -> QuantisedNetwork:
    Maker(seed).fill(model)
    return model.eval()


def resnet20(seed: int) -> QuantisedNetwork:
    """32x32 images, 10 classes: ResNet20, nine shortcuts of which two are projections."""
    return _filled(ResidualNetwork(), seed)


def residual_network(seed: int) -> QuantisedNetwork:
    """16x16 images, 5 classes: two residual blocks of 8 and 12 channels."""
    return _filled(ResidualNetwork(ResidualOptions((8, 12), 1, (3, 16, 16), 5)), seed)


def mobile_network(seed: int) -> QuantisedNetwork:
    """16x16 images, 5 classes: depthwise convolutions, each with a 1x1 convolution behind it."""
    return _filled(Mobile(), seed)


def unet_network(seed: int) -> QuantisedNetwork:
    """16x16 images, 5 classes: down by 3x3 and 2x2 maxima, up by repetition, with the maps of the way down beside."""
    return _filled(UNet(), seed)


def mlp_network(seed: int) -> QuantisedNetwork:
    """1x12x12 images, 10 classes: fully connected layers, the hidden ones on the array, batch-norm or bias behind."""
    return _filled(MLP(), seed)


#: by the name that `export --example` takes
EXAMPLES: dict[str, Callable[[int], QuantisedNetwork]] = {
    "small": small_network,
    "tall": tall_network,
    "broad": broad_network,
    "mixed": mixed_network,
    "residual": residual_network,
    "resnet20": resnet20,
    "mobile": mobile_network,
    "unet": unet_network,
    "mlp": mlp_network,
}


class Maker:
    """Layers with random parameters from one generator.

    Batch-norms get the mean and the variance that a layer's random weights lead to, more or less, so that codes spread
    over their range; about a fifth of their scales are negative.
    """

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """float32 of ``shape`` in low..high."""
        return torch.rand(shape, generator=self.generator) * (high - low) + low

    def alpha(self) -> float:
        """A clipping value for inputs of deviation 1."""
        return float(self.uniform(1.5, 2.5))

    def convolution(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 3,
        stride: int = 1,
        padding: int = 1,
        *,
        pool: bool = False,
        batch_norm: bool = True,
        image_bits: int | None = None,
        act_bits: int = 4,
        weight_bits: int = 4,
    ) -> list[nn.Module]:
        """A convolution with frozen weights, then batch-norm, ReLU and max-pooling; its outputs have deviation 1."""
        layer = QuantConv2d(
            in_channels,
            out_channels,
            kernel,
            stride,
            padding,
            image_bits=image_bits,
            act_bits=act_bits,
            weight_bits=weight_bits,
            alpha_a=self.alpha(),
        )
        statistics = self.weights(layer)
        norm = [self.batch_norm(*statistics)] if batch_norm else []
        return [layer, *norm, nn.ReLU(), *([nn.MaxPool2d(2, 2)] if pool else [])]

    def weights(self, layer: QuantConv2d | QuantLinear) -> tuple[Tensor, Tensor]:
        """Freezes random weights, and returns mean and variance of each channel's output, more or less."""
        largest, levels = layer.weight_quant.levels, layer.act_quant.levels
        codes = torch.randint(-largest, largest + 1, layer.weight.shape, generator=self.generator)
        variance = codes.double().square().flatten(1).sum(1) * SHARE_VARIANCE * levels**2
        step = 1 / math.sqrt(float(variance.mean()))
        layer.freeze(codes.to(torch.int8), step / layer.delta_a * largest)
        image = isinstance(layer.act_quant, ImageQuantiser)
        mean = codes.double().flatten(1).sum(1) * (0 if image else SHARE_MEAN * levels)
        return mean * step, variance * step**2

    def batch_norm(self, mean: Tensor, variance: Tensor) -> BatchNorm2d:
        """A batch-norm that has seen these means and variances (c,) and has random parameters."""
        norm = BatchNorm2d(len(mean))
        self.constants(norm, mean, variance)
        return norm

    @torch.no_grad()
    def constants(self, norm: BatchNorm1d | BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
        """What a batch-norm has seen, means and variances (c,), and random parameters."""
        channels = len(mean)
        assert norm.running_mean is not None and norm.running_var is not None
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        sign = torch.where(self.uniform(0, 1, channels) < 0.2, -1.0, 1.0)
        norm.weight.copy_(self.uniform(0.5, 1.5, channels) * sign)
        norm.bias.copy_(self.uniform(-0.5, 1.0, channels))

    @torch.no_grad()
    def fill(self, model: nn.Module) -> None:
        """Random parameters for all of a network, each batch-norm those of the layer before it."""
        for module in model.modules():
            if isinstance(module, QuantisedInput) and not isinstance(module.act_quant, ImageQuantiser):
                module.act_alpha.fill_(self.alpha())
        seen: tuple[Tensor, Tensor] | None = None
        for module in model.modules():
            if isinstance(module, QuantConv2d | QuantLinear):
                seen = self.weights(module)
            elif isinstance(module, BatchNorm1d | BatchNorm2d):
                assert seen is not None
                self.constants(module, *seen)
            elif isinstance(module, Linear):
                module.load_state_dict(self.linear(module.in_features, module.out_features).state_dict())

    @torch.no_grad()
    def linear(self, in_features: int, out_features: int) -> Linear:
        """A linear layer with random weights and bias."""
        layer = Linear(in_features, out_features)
        layer.weight.copy_(self.uniform(-1, 1, out_features, in_features))
        layer.bias.copy_(self.uniform(-1, 1, out_features))
        return layer
