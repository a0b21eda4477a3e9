"""The PyTorch reference that a network file describes; the host's library reads the file."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tilewright.network import Layer, load_network
from tilewright.network import Network as NetworkIntegers
from tilewright.network.graph import IMAGE as IMAGE_INDEX
from tilewright.network.operand import Operand
from tilewright_model.data.pixels import look_up
from tilewright_model.layers.exact import ExactAverage, ExactBatchNorm2d, ExactConv2d, ExactIdentity, ExactLinear
from tilewright_model.layers.exact_sum import ExactSum
from tilewright_model.networks.execution import run_graph
from tilewright_model.networks.network import QuantisedNetwork
from tilewright_model.networks.stage import Classifier, Copy, Exact, Graph, Source, Stage


class FileNetwork(QuantisedNetwork):
    """The reference of a network file, from its weights and float64 constants; the thresholds play no part in it."""

    image_values: Tensor

    def __init__(self, integers: NetworkIntegers) -> None:
        super().__init__(integers.image)
        self.integers = integers
        first = integers.layers[0]
        values = integers.image_codes.astype(np.float64) * (first.alpha_a / first.activation_levels)
        self.register_buffer("image_values", torch.from_numpy(values))
        self.graph = Graph(_stages(integers), _tail(integers))
        self.parts = self.graph.modules()

    def normalise(self, pixels: Tensor) -> Tensor:
        """uint8 images (n, c, h, w) to float64 of that shape: the values whose codes are the file's image codes."""
        return look_up(self.image_values, pixels)

    def forward(self, images: Tensor) -> Tensor:
        """Normalised images float (n, c, h, w) to class scores float64 (n, classes)."""
        return run_graph(self.graph, images).scores


def load_network_file(path: str | Path) -> FileNetwork:
    """The reference of a network file, in evaluation mode, built from the file alone.

    Raises:
        NetworkError: the file is missing, truncated, of another format or version, or inconsistent.
    """
    return FileNetwork(load_network(path)).eval()


def _stages(integers: NetworkIntegers) -> list[Stage]:
    stages = []
    for layer, indices in zip(integers.layers, integers.sources, strict=True):
        firsts = (layer.first_channel, *(operand.first_channel for operand in layer.adds))
        names = ("" if index == IMAGE_INDEX else integers.layers[index].name for index in indices)
        norm = None
        if layer.bn_scale is not None and layer.bn_shift is not None:
            norm = ExactBatchNorm2d(_tensor(layer.bn_scale), _tensor(layer.bn_shift))
        following = None
        if layer.alpha_next is not None:
            following = _identity(layer.alpha_next, layer.output_levels)
        stages.append(
            Stage(
                layer.name,
                _layer(layer),
                norm,
                layer.relu,
                layer.pool == 2,
                following,
                sources=tuple(Source(*pair) for pair in zip(names, firsts, strict=True)),
                copy=Copy(layer.kind, layer.stride, layer.paddings[0]) if layer.copies else None,
            )
        )
    return stages


def _layer(layer: Layer) -> Exact:
    square, alpha = (layer.stride, layer.stride), torch.tensor(layer.alpha_a, dtype=torch.float64)
    if layer.copies:
        return _identity(layer.alpha_a, layer.activation_levels)
    own_scale = layer.scale * 16**layer.raised
    constants: dict[str, Any] = {"scale": own_scale, "alpha": alpha, "levels": layer.activation_levels}
    if layer.weights is None:
        return ExactAverage(layer.kernel, square, **constants)
    own = ExactConv2d(_tensor(layer.weights), layer.weight_levels, square, layer.paddings, *_apart(layer), **constants)
    if not layer.adds:
        return own
    return ExactSum(own, layer.raised, [_added(operand, own_scale) for operand in layer.adds])


def _added(operand: Operand, scale: float) -> ExactConv2d:
    """What is added; only its sums are used."""
    square, one = (operand.stride, operand.stride), torch.ones((), dtype=torch.float64)
    weights = _tensor(operand.weights)
    constants: dict[str, Any] = {"scale": scale, "alpha": one, "levels": operand.activation_levels}
    largest = max(1, int(weights.abs().max()))
    return ExactConv2d(weights, largest, square, operand.paddings, *_apart(operand), **constants)


def _apart(layer: Layer | Operand) -> tuple[tuple[int, int], int]:
    return (layer.dilation, layer.dilation), layer.groups


def _identity(alpha: float, levels: int) -> ExactIdentity:
    return ExactIdentity(alpha / levels, torch.tensor(alpha, dtype=torch.float64), levels)


def _tail(integers: NetworkIntegers) -> list[tuple[str, Classifier | None]]:
    steps: list[tuple[str, Classifier | None]] = []
    for step in integers.tail:
        if step.weight is not None and step.bias is not None:
            steps.append((step.name, ExactLinear(_tensor(step.weight), _tensor(step.bias))))
        elif step.kind == "relu":
            steps.append(("", None))
    return steps


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(values)
