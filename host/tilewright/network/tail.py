"""What the host computes after the last layer, in float64 and in the reference's order: batch-norm to classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.network.network import Network


def scores_of(network: Network, accumulators: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Scores of the classes from the last layer's accumulators.

    Every step is an elementwise operation of its own, and a linear layer adds one input feature at a time, so that the
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
    z: npt.NDArray[Any] = accumulators.astype(np.float64) * layer.scale
    if layer.bn_scale is not None and layer.bn_shift is not None:
        z = z * layer.bn_scale[None, :, None, None]
        z = z + layer.bn_shift[None, :, None, None]
    if layer.relu:
        z = np.maximum(z, 0.0)
    if layer.pool == 2:
        images, channels, h, w = z.shape
        z = z[:, :, : h // 2 * 2, : w // 2 * 2].reshape(images, channels, h // 2, 2, w // 2, 2).max(axis=(3, 5))
    z = z.reshape(len(z), -1)
    for step in network.tail:
        if step.kind == "relu":
            z = np.maximum(z, 0.0)
        elif step.weight is not None and step.bias is not None:
            z = _linear(z, step.name, step.weight, step.bias)
    return z


def _linear(
    x: npt.NDArray[np.float64], name: str, weight: npt.NDArray[np.float64], bias: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    if x.shape[1] != weight.shape[1]:
        raise NetworkError(f"linear layer {name} takes {weight.shape[1]} features, the map before it has {x.shape[1]}")
    score = np.zeros((len(x), len(weight)))
    for feature in range(weight.shape[1]):
        score = score + x[:, feature : feature + 1] * weight[:, feature]
    return score + bias
