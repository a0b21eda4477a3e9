"""What rounding costs: the integer network against the same one whose layers hand on what is clipped, not rounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.network.inference import image_codes, infer, layer_sums, map_by_map, pool
from tilewright.network.network import Layer, Network

Values = npt.NDArray[np.float64]


def signal_to_error(network: Network, pixels: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Signal to error of what each layer says, the errors of the layers before it included.

    Args:
        network: the network.
        pixels: uint8 (images, channels, h, w).

    Returns:
        Decibels by layer, 10 log10(sum of v^2 / sum of (v - integer)^2), v what :func:`unrounded` says; infinite where
        nothing differs.

    Raises:
        NetworkError: the images do not fit the network.
    """
    found = {}
    for (layer, integers), values in zip(infer(network, pixels), unrounded(network, pixels), strict=True):
        error = float(np.square(values - integers).sum())
        signal = float(np.square(values).sum())
        found[layer.name] = 10 * float(np.log10(signal / error)) if error and signal else float("inf")
    return found


def unrounded(network: Network, pixels: npt.NDArray[np.uint8]) -> Iterator[Values]:
    """What the network's layers say if nothing is rounded between them; quantisers clip, image and weights stay codes.

    Args:
        network: the network.
        pixels: uint8 (images, channels, h, w).

    Yields:
        For each layer float64 (images, oc, h, w), in units of the next layer's codes, after pooling; for the last one
        in units of its accumulators, before anything else.

    Raises:
        NetworkError: the images do not fit the network.
    """

    def made(layer: Layer, read: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        sums = layer_sums(layer, read, np.float64)
        return sums if layer.is_last else pool(layer, _in_codes(layer, sums))

    for _, values in map_by_map(network, image_codes(network, pixels), made):
        yield values


def _in_codes(layer: Layer, sums: Values) -> Values:
    """A layer's sums as the next quantiser clips them, its step being 1."""
    assert layer.alpha_next is not None
    z = layer.scale * sums
    if layer.bn_scale is not None and layer.bn_shift is not None:
        z = layer.bn_scale[None, :, None, None] * z + layer.bn_shift[None, :, None, None]
    return np.clip(z * (layer.output_levels / layer.alpha_next), 0, layer.output_levels)
