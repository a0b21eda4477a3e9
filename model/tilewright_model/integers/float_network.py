"""The ordinary float32 forward, as frameworks compute it: for comparison with the reference only.

Dequantised values are convolved in float32 and normalised by ``torch.nn.functional.batch_norm``. The last bits
depend on the order of the sums, and with them, now and then, a code.
"""

import torch
from torch import Tensor
from torch.nn import functional

from tilewright.errors import NetworkError
from tilewright_model.layers.plain import BatchNorm2d, Linear
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d
from tilewright_model.networks.stages import Classifier, Graph, Layer, Norm, Stage


@torch.no_grad()
def float_scores(graph: Graph, images: Tensor) -> Tensor:
    """Normalised images float32 (n, c, h, w) to class scores float32 (n, classes)."""
    x = images
    for stage in graph.stages:
        x = _activations(stage, _trainable(stage.layer).quantised_input(x))
        if stage.pool:
            x = functional.max_pool2d(x, 2)
    x = x.flatten(1)
    for _, linear in graph.tail:
        x = torch.relu(x) if linear is None else _linear(linear, x)
    return x


@torch.no_grad()
def float_codes(stage: Stage, codes: Tensor) -> Tensor:
    """Integer input codes (n, ic, h, w) to the next quantiser's codes before pooling, int64 (n, oc, oh, ow)."""
    assert stage.following is not None
    layer, following = _trainable(stage.layer), _trainable(stage.following)
    return following.input_codes(_activations(stage, layer.dequantised(codes)))


def _activations(stage: Stage, x: Tensor) -> Tensor:
    """Dequantised input to the values after ReLU and before pooling, float32."""
    z = _trainable(stage.layer).ordinary(x)
    if stage.norm is not None:
        z = _batch_norm(stage.norm, z)
    return torch.relu(z) if stage.relu else z


def _batch_norm(norm: Norm, y: Tensor) -> Tensor:
    assert isinstance(norm, BatchNorm2d)
    return functional.batch_norm(y, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)


def _linear(linear: Classifier, x: Tensor) -> Tensor:
    assert isinstance(linear, Linear)
    return functional.linear(x, linear.weight, linear.bias)


def _trainable(layer: Layer) -> QuantConv2d | QuantAvgPool2d:
    """Raises NetworkError for a layer out of a network file, which holds no float parameters."""
    if not isinstance(layer, QuantConv2d | QuantAvgPool2d):
        raise NetworkError("a network file has no float forward: take the checkpoint that it was made from")
    return layer
