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
    z = z.reshape(len(z), -1)
    for step in network.tail:
        if step.kind == "relu":
            z = _relu(z)
        elif step.factors is not None:
            z = _linear(z, step.name, step.factors)
    return z


def _pooled(layer: Layer, sums: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The accumulator of each 2x2 window whose z is the largest: z never falls as it grows, or never rises.

    Each step from the sum to z is monotone, rounding included, so this is max-pooling of z, on a quarter of the values.
    """
    height, width = (size // 2 * 2 for size in sums.shape[2:])
    rows = [sums[:, :, row:height:2, :width] for row in (0, 1)]
    largest = np.maximum(*rows)
    result: npt.NDArray[np.int32] = np.maximum(largest[..., 0::2], largest[..., 1::2])
    if layer.z_falls is not None:
        least = np.minimum(*rows)[:, layer.z_falls]
        result[:, layer.z_falls] = np.minimum(least[..., 0::2], least[..., 1::2])
    return result


def _relu(z: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The larger of z and 0, exact: numpy's own takes several times as long without the newest instructions."""
    twice: npt.NDArray[np.float64] = np.abs(z)
    twice += z
    twice *= 0.5
    return twice


def _linear(x: npt.NDArray[np.float64], name: str, factors: Factors) -> npt.NDArray[np.float64]:
    features = factors.weight.shape[0]
    if x.shape[1] != features:
        raise NetworkError(f"linear layer {name} takes {features} features, the map before it has {x.shape[1]}")
    scales = scale_of(np.abs(x).max(axis=1, initial=0.0, keepdims=True), factors.bits)
    integers = x * scales
    sums = np.rint(integers, out=integers) @ factors.weight
    scores: npt.NDArray[np.float64] = sums / (scales * factors.scale) + factors.bias
    return scores
