"""What the host computes after the last layer, in float64 and in the reference's order: batch-norm to classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.network.linear import Factors, scale_of
from tilewright.network.network import Layer, Network


def scores_of(network: Network, accumulators: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Scores of the classes from the last layer's accumulators.

    Every step is an elementwise operation of its own, and a linear layer's products and sums are exact, so that the
    result does not depend on how many images are computed together (``docs/network_format.md``).

    Args:
        network: the network.
        accumulators: int32 (images, oc, h, w).

    Returns:
        float64 (images, classes); without a linear layer, the flattened last map.

    Raises:
        NetworkError: a linear layer does not fit the map.
    """
    layer = network.layers[-1]
    sums = _pooled(layer, accumulators) if layer.pool == 2 else accumulators
    # In place where it may be: a small processor's first cache holds no more
    z: npt.NDArray[Any] = sums.astype(np.float64)
    z *= layer.scale
    if layer.bn_scale is not None and layer.bn_shift is not None:
        z *= layer.bn_scale[None, :, None, None]
        z += layer.bn_shift[None, :, None, None]
    if layer.relu:
        z = _relu(z)
    z, positive = z.reshape(len(z), -1), layer.relu
    for step in network.tail:
        if step.kind == "relu":
            z, positive = _relu(z), True
        elif step.factors is not None:
            z, positive = _linear(z, step.name, step.factors, positive), False
    return z


def _pooled(layer: Layer, sums: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The accumulator of each 2x2 window whose z is the largest: z never falls as it grows, or never rises.

    Each step from the sum to z is monotone, rounding included, so this is max-pooling of z, on a quarter of the values.
    """
    images, channels, height, width = sums.shape[0], sums.shape[1], sums.shape[2] // 2, sums.shape[3] // 2
    windows = sums[:, :, : 2 * height, : 2 * width].reshape(images, channels, height, 2, width, 2)
    result: npt.NDArray[np.int32] = np.maximum.reduce(windows, axis=(3, 5))
    if layer.z_falls is not None:
        result[:, layer.z_falls] = windows[:, layer.z_falls].min(axis=(3, 5))
    return result


def _relu(z: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    larger: npt.NDArray[np.float64] = np.maximum(z, 0.0, out=z)
    return larger


def _linear(x: npt.NDArray[np.float64], name: str, factors: Factors, positive: bool) -> npt.NDArray[np.float64]:
    """A linear layer's scores, x is lost; positive: no value of x is below 0, so that its magnitudes are its values."""
    features = factors.weight.shape[0]
    if x.shape[1] != features:
        raise NetworkError(f"linear layer {name} takes {features} features, the map before it has {x.shape[1]}")
    magnitudes = x if positive else np.abs(x)
    scales = scale_of(np.maximum.reduce(magnitudes, axis=1, initial=0.0, keepdims=True), factors.bits)
    x *= scales
    scores: npt.NDArray[np.float64] = np.rint(x, out=x) @ factors.weight
    scores /= scales * factors.scale
    scores += factors.bias
    return scores
