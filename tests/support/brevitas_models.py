"""Small Brevitas models whose quantisers and batch-norms have seen pixels. Brevitas is imported when one is built."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from tilewright_model.foreign.assemble import normalisation

IMAGE = (3, 12, 12)
NORMALISE = normalisation((0.5, 0.4, 0.6), (0.25, 0.3, 0.2))


def random_pixels(count: int, seed: int = 5) -> torch.Tensor:
    return torch.randint(0, 256, (count, *IMAGE), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


def trained(model: nn.Module) -> nn.Module:
    """The model after one forward in training mode, its batch-norms with random parameters, a few scales negative."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
            if module.affine:
                nn.init.uniform_(module.weight, -0.3, 1.5)
                nn.init.normal_(module.bias, 0.3, 0.3)
    with torch.no_grad():
        model.train()(NORMALISE(random_pixels(16)))
    return model.eval()


class Halves(nn.Module):
    """`features` and `classifier`, flattened between by the forward."""

    def __init__(self, features: nn.Module, classifier: nn.Module) -> None:
        super().__init__()
        self.features, self.classifier = features, classifier

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.flatten(self.features(x), 1))


def modules() -> Any:
    """Brevitas' modules and quantisers by name."""
    warnings.filterwarnings("ignore", message="fast_hadamard_transform")
    import brevitas.nn as qnn
    from brevitas import quant

    class Names:
        def __getattr__(self, name: str) -> Any:
            return getattr(qnn, name, None) or getattr(quant, name)

    return Names()


def per_tensor() -> nn.Module:
    """The notebook's kind of layers; the last convolution gives accumulators."""
    q = modules()
    return nn.Sequential(
        q.QuantIdentity(act_quant=q.Int8ActPerTensorFloat),
        q.QuantConv2d(3, 8, 3, padding=1, bias=False, weight_bit_width=4),
        nn.BatchNorm2d(8),
        q.QuantReLU(bit_width=4),
        nn.MaxPool2d(2, 2),
        q.QuantConv2d(8, 10, 3, bias=False, weight_bit_width=4),
        nn.BatchNorm2d(10),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(40, 6),
        nn.ReLU(),
        nn.Linear(6, 4, bias=False),
    )


def per_channel() -> nn.Module:
    """A weight scale a channel, biases, no batch-norm somewhere, other widths; a quantiser before the classifier."""
    q = modules()
    options: dict[str, Any] = {"weight_quant": q.Int8WeightPerChannelFloat, "bias": True}
    return nn.Sequential(
        q.QuantIdentity(act_quant=q.Int8ActPerTensorFloat, bit_width=7, narrow_range=True),
        q.QuantConv2d(3, 8, 5, padding=2, stride=2, weight_bit_width=4, **options),
        nn.MaxPool2d(2, 2),
        q.QuantReLU(bit_width=3),
        q.QuantConv2d(8, 9, 3, padding=1, weight_bit_width=3, **options),
        nn.BatchNorm2d(9, affine=False),
        q.QuantReLU(bit_width=4),
        q.QuantConv2d(9, 5, 1, weight_bit_width=2, bias=True),
        q.QuantReLU(bit_width=2),
        nn.Dropout(),
        nn.Flatten(),
        q.QuantLinear(45, 4, bias=True, weight_bit_width=4),
    )


def quantised_biases() -> nn.Module:
    """Integer biases with the accumulators' scale, so QuantTensors from layer to layer; averages of both kinds."""
    q = modules()
    bias = {"bias": True, "bias_quant": q.Int16Bias}
    features = nn.Sequential(
        q.QuantIdentity(act_quant=q.Int8ActPerTensorFloat, return_quant_tensor=True),
        nn.Sequential(
            q.QuantConv2d(3, 8, 3, padding=1, weight_bit_width=4, **bias),
            q.QuantReLU(bit_width=4, return_quant_tensor=True),
        ),
        nn.AvgPool2d(2),
        q.QuantIdentity(act_quant=q.Uint8ActPerTensorFloat, bit_width=4, return_quant_tensor=True),
        q.QuantConv2d(8, 12, 3, weight_bit_width=4, **bias),
        q.QuantReLU(bit_width=4, return_quant_tensor=True),
        nn.AdaptiveAvgPool2d(1),
    )
    return Halves(features, q.QuantLinear(12, 4, bias=True, weight_bit_width=4))


def own_quantisers() -> nn.Module:
    """Quantisers that belong to the convolutions, before or behind them."""
    q = modules()
    features = nn.Sequential(
        q.QuantConv2d(3, 8, 3, bias=False, weight_bit_width=4, input_quant=q.Int8ActPerTensorFloat),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        q.QuantConv2d(8, 9, 3, bias=False, weight_bit_width=4, input_quant=q.Uint8ActPerTensorFloat, input_bit_width=4),
        nn.BatchNorm2d(9),
        nn.ReLU(),
    )
    classifier = nn.Sequential(
        q.QuantLinear(576, 4, bias=False, weight_bit_width=4, input_quant=q.Uint8ActPerTensorFloat, input_bit_width=4)
    )
    return Halves(features, classifier)


def no_image_quantiser() -> nn.Module:
    """The image comes as float, and in fixed-point scales."""
    q = modules()
    return nn.Sequential(
        q.QuantConv2d(3, 8, 3, bias=False, weight_quant=q.Int8WeightPerTensorFixedPoint, weight_bit_width=4),
        nn.BatchNorm2d(8),
        q.QuantReLU(act_quant=q.Uint8ActPerTensorFixedPoint, bit_width=4),
        q.QuantConv2d(8, 6, 3, bias=False, weight_quant=q.SignedTernaryWeightPerTensorConst, weight_scaling_init=0.1),
        q.QuantReLU(bit_width=4),
        nn.Flatten(),
        nn.Linear(384, 4),
    )


def binary() -> nn.Module:
    """Weights of -1 and 1 in one of the convolutions."""
    q = modules()
    return nn.Sequential(
        q.QuantIdentity(act_quant=q.Int8ActPerTensorFloat),
        q.QuantConv2d(3, 8, 3, bias=False, weight_bit_width=4),
        nn.BatchNorm2d(8),
        q.QuantReLU(bit_width=4),
        q.QuantConv2d(8, 6, 3, bias=False, weight_quant=q.SignedBinaryWeightPerTensorConst, weight_scaling_init=0.1),
        nn.BatchNorm2d(6),
        q.QuantReLU(bit_width=4),
        nn.Flatten(),
        nn.Linear(384, 4),
    )


MODELS: dict[str, Callable[[], nn.Module]] = {
    function.__name__: function
    for function in (per_tensor, per_channel, quantised_biases, own_quantisers, no_image_quantiser, binary)
}
#: what each compares on one image: codes of the image, where it has a quantiser, and before pooling of each layer that
#: another follows
COMPARED = {
    "per_tensor": 432 + 8 * 144,
    "per_channel": 432 + 8 * 36 + 9 * 9 + 5 * 9,
    "quantised_biases": 432 + 8 * 144 + 8 * 36 + 12 * 16,
    "own_quantisers": 432 + 8 * 100 + 9 * 64,
    "no_image_quantiser": 8 * 100 + 6 * 64,
    "binary": 432 + 8 * 100 + 6 * 64,
}


def make(name: str) -> nn.Module:
    """One of MODELS, the same each time."""
    torch.manual_seed(3)
    return trained(MODELS[name]())


class ResidualBlocks(nn.Module):
    """Two residual blocks, one with a projection and a scale a channel; shortcuts have the quantisers of their maps."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.stem, self.codes = modules().QuantIdentity(bit_width=8), _step(3, 8), _codes()
        self.a, self.a_codes, self.b, self.b_codes = _step(8, 8), _codes(), _step(8, 8), _codes()
        self.c, self.c_codes, self.d = _step(8, 12, stride=2), _codes(), _step(12, 12, a_channel=True)
        self.projection, self.d_codes = _step(8, 12, 1, 2), _codes()
        self.pool, self.average, self.classifier = nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Linear(12, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.codes(self.stem(self.image(x)))
        x = self.b_codes(self.b(self.a_codes(self.a(x))) + x)
        x = self.d_codes(self.d(self.c_codes(self.c(x))) + self.projection(x))
        return self.classifier(torch.flatten(self.average(self.pool(x)), 1))


class SharedQuantiser(nn.Module):
    """Two maps of one quantiser added by a module and put side by side, a depthwise convolution among them."""

    def __init__(self) -> None:
        super().__init__()
        q = modules()
        self.image, self.stem, self.codes = q.QuantIdentity(bit_width=8), _step(3, 8), _codes()
        self.a = q.QuantConv2d(8, 8, 3, padding=1, groups=8, bias=True, weight_bit_width=4)
        self.b = q.QuantConv2d(8, 8, 3, padding=2, dilation=2, bias=False, weight_bit_width=4)
        self.shared = _codes()
        self.add = q.QuantEltwiseAdd(input_quant=None, output_quant=q.Uint8ActPerTensorFloat, output_bit_width=4)
        self.last, self.classifier = q.QuantConv2d(16, 6, 3, bias=False, weight_bit_width=4), nn.Linear(6 * 100, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.codes(self.stem(self.image(x)))
        left, right = self.shared(self.a(x)), self.shared(self.b(x))
        x = self.add(left, right)
        return self.classifier(torch.relu(self.last(torch.cat([x, x], 1))).flatten(1))


def _step(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, a_channel: bool = False) -> nn.Module:
    """Convolution and batch-norm."""
    settings = {"weight_scaling_per_output_channel": True} if a_channel else {}
    layer = modules().QuantConv2d(
        inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False, weight_bit_width=4, **settings
    )
    return nn.Sequential(layer, nn.BatchNorm2d(outputs))


def _codes() -> nn.Module:
    return modules().QuantReLU(bit_width=4, return_quant_tensor=True)
