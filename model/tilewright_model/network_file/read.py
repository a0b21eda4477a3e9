"""The PyTorch reference that a network file describes; the host's library reads the file."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tilewright.network import Layer, load_network
from tilewright.network import Network as NetworkIntegers
from tilewright_model.data.pixels import look_up
from tilewright_model.layers.exact import ExactAverage, ExactBatchNorm2d, ExactConv2d, ExactLayer, ExactLinear
from tilewright_model.networks.network import Network

CLASSIFIER = "classifier"


class FileNetwork(Network):
    """The reference of a network file, from its weights and float64 constants; the thresholds play no part in it."""

    image_values: Tensor

    def __init__(self, integers: NetworkIntegers) -> None:
        super().__init__(_features(integers), _classifier(integers), integers.image)
        self.integers = integers
        first = integers.layers[0]
        values = integers.image_codes.astype(np.float64) * (first.alpha_a / first.activation_levels)
        self.register_buffer("image_values", torch.from_numpy(values))

    def normalise(self, pixels: Tensor) -> Tensor:
        """uint8 images (n, c, h, w) to float64 of that shape: the values whose codes are the file's image codes."""
        return look_up(self.image_values, pixels)


def load_network_file(path: str | Path) -> FileNetwork:
    """The reference of a network file, in evaluation mode, built from the file alone.

    Raises:
        NetworkError: the file is missing, truncated, of another format or version, or inconsistent.
    """
    return FileNetwork(load_network(path)).eval()


def _features(integers: NetworkIntegers) -> nn.Sequential:
    features = nn.Sequential()
    for layer in integers.layers:
        child = layer.name.partition(".")[2]
        features.add_module(child, _layer(layer))
        if layer.bn_scale is not None and layer.bn_shift is not None:
            norm = ExactBatchNorm2d(_tensor(layer.bn_scale), _tensor(layer.bn_shift))
            features.add_module(f"{child}_batch_norm", norm)
        if layer.relu:
            features.add_module(f"{child}_relu", nn.ReLU())
        if layer.pool == 2:
            features.add_module(f"{child}_pool", nn.MaxPool2d(2, 2))
    return features


def _layer(layer: Layer) -> ExactLayer:
    square, alpha = (layer.stride, layer.stride), torch.tensor(layer.alpha_a, dtype=torch.float64)
    constants: dict[str, Any] = {"scale": layer.scale, "alpha": alpha, "levels": layer.activation_levels}
    if layer.weights is None:
        return ExactAverage(layer.kernel, square, **constants)
    return ExactConv2d(_tensor(layer.weights), layer.weight_levels, square, layer.paddings, **constants)


def _classifier(integers: NetworkIntegers) -> nn.Module:
    classifier = nn.Sequential()
    for number, step in enumerate(integers.tail):
        if step.weight is not None and step.bias is not None:
            linear = ExactLinear(_tensor(step.weight), _tensor(step.bias))
            if step.name == CLASSIFIER:
                return linear
            classifier.add_module(step.name.partition(".")[2], linear)
        elif step.kind == "relu":
            classifier.add_module(f"relu_{number}", nn.ReLU())
    return classifier


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(values)
