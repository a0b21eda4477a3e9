"""What the host computes after the last layer, in float64 and in the reference's order: batch-norm to classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.network.network import Layer, Network

# Products of a linear layer at a time: 256 KiB, which stay in the second cache of the smallest board
_PRODUCTS = 1 << 15


def scores_of(network: Network, accumulators: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Scores of the classes from the last layer's accumulators.

    Every step is an elementwise operation of its own, and a linear layer adds its products by halves, so that the
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
    z: npt.NDArray[Any] = sums.astype(np.float64) * layer.scale
    if layer.bn_scale is not None and layer.bn_shift is not None:
        z = z * layer.bn_scale[None, :, None, None]
        z = z + layer.bn_shift[None, :, None, None]
    if layer.relu:
        z = np.maximum(z, 0.0)
    z = z.reshape(len(z), -1)
    for step in network.tail:
        if step.kind == "relu":
            z = np.maximum(z, 0.0)
        elif step.weight is not None and step.bias is not None:
            z = _linear(z, step.name, step.weight, step.bias)
    return z


def _pooled(layer: Layer, sums: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The accumulator of each 2x2 window whose z is the largest: z never falls as it grows, or never rises.

    Each step from the sum to z is monotone, rounding included, so this is max-pooling of z, on a quarter of the values.
    """
    height, width = (size // 2 * 2 for size in sums.shape[2:])
    rows = [sums[:, :, row:height:2, :width] for row in (0, 1)]
    largest = np.maximum(*rows)
    result: npt.NDArray[np.int32] = np.maximum(largest[..., 0::2], largest[..., 1::2])
    slope = layer.scale if layer.bn_scale is None else layer.scale * layer.bn_scale
    falling = np.broadcast_to(slope < 0, sums.shape[1])
    if falling.any():
        least = np.minimum(*rows)[:, falling]
        result[:, falling] = np.minimum(least[..., 0::2], least[..., 1::2])
    return result


def _linear(
    x: npt.NDArray[np.float64], name: str, weight: npt.NDArray[np.float64], bias: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    if x.shape[1] != weight.shape[1]:
        raise NetworkError(f"linear layer {name} takes {weight.shape[1]} features, the map before it has {x.shape[1]}")
    scores = np.empty((len(x), len(weight)))
    step = max(1, _PRODUCTS // weight.size)
    for first in range(0, len(x), step):
        part = slice(first, first + step)
        scores[part] = sum_by_halves(x[part, None, :] * weight)
    return scores + bias


def sum_by_halves(terms: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sums along the last axis in a fixed order: its second half is added to the first until one term is left.

    Of an odd number the middle one waits.

    Args:
        terms: float64 (..., count), at least one; lost.

    Returns:
        float64 (...).
    """
    count = terms.shape[-1]
    while count > 1:
        half = (count + 1) // 2
        terms[..., : count - half] += terms[..., half:count]
        count = half
    return terms[..., 0]
