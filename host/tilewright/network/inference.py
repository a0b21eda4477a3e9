"""The integer network in numpy: what the accelerator must compute, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.network.network import Layer, Network

Value = TypeVar("Value", np.uint8, np.float64)

# Every integer up to this is exact in float32, whatever the order of a sum.
_FLOAT32_EXACT = 1 << 24


def image_codes(network: Network, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """The signed 8-bit codes of images.

    Args:
        network: the network.
        pixels: uint8 (images, channels, h, w).

    Returns:
        int8, same shape.

    Raises:
        NetworkError: the images have another dtype or size than the network's.
    """
    check_images(network, pixels)
    channels = np.arange(network.image[0])[None, :, None, None]
    codes: npt.NDArray[np.int8] = network.image_codes[channels, pixels]
    return codes


def check_images(network: Network, pixels: npt.NDArray[Any]) -> None:
    """Makes sure that a network takes some images.

    Args:
        network: the network.
        pixels: the images.

    Raises:
        NetworkError: they have another dtype or size than the network's.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1:] != network.image:
        shape = "x".join(str(length) for length in network.image)
        raise NetworkError(
            f"network {network.name} takes uint8 images (count, {shape}), got {pixels.dtype} {pixels.shape}"
        )


def infer(network: Network, pixels: npt.NDArray[np.uint8]) -> Iterator[tuple[Layer, npt.NDArray[Any]]]:
    """Runs images through the integer network.

    Args:
        network: the network.
        pixels: uint8 (images, channels, h, w).

    Yields:
        Each layer with its output: uint8 codes (images, oc, h, w) after pooling, and for the last layer int32
        accumulators (images, oc, h, w) before anything else.

    Raises:
        NetworkError: the images do not fit the network.
    """
    codes: npt.NDArray[Any] = image_codes(network, pixels)
    for layer in network.layers:
        sums = accumulate(layer, codes)
        codes = sums if layer.is_last else pool(layer, quantise(layer, sums))
        yield layer, codes


def accumulate(layer: Layer, codes: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """A layer's accumulators, exact.

    Args:
        layer: the layer.
        codes: integers (images, ic, h, w).

    Returns:
        int32 (images, oc, h, w), before pooling.
    """
    low, high = layer.reach()
    dtype: type = np.float32 if max(-int(low.min()), int(high.max())) < _FLOAT32_EXACT else np.float64
    return layer_sums(layer, codes, dtype).astype(np.int32)


def layer_sums(layer: Layer, values: npt.NDArray[Any], dtype: type) -> npt.NDArray[Any]:
    """The sums of a layer's convolution, or of its windows.

    Args:
        layer: the layer.
        values: (images, ic, h, w).
        dtype: a float, that sums are computed in.

    Returns:
        That dtype (images, oc, h, w), before pooling.
    """
    images, channels = values.shape[:2]
    out_h, out_w = layer.sums_size((values.shape[2], values.shape[3]))
    edge, stride = (layer.padding, layer.padding), layer.stride
    padded: npt.NDArray[Any] = np.pad(values, ((0, 0), (0, 0), edge, edge)).astype(dtype)
    sums: npt.NDArray[Any] = np.zeros((images, layer.out_channels, out_h * out_w), dtype=dtype)
    for ky in range(layer.kernel[0]):
        for kx in range(layer.kernel[1]):
            met = padded[:, :, ky : ky + (out_h - 1) * stride + 1 : stride, kx : kx + (out_w - 1) * stride + 1 : stride]
            met = met.reshape(images, channels, out_h * out_w)
            sums += met if layer.weights is None else np.matmul(layer.weights[:, :, ky, kx].astype(dtype), met)
    return sums.reshape(images, layer.out_channels, out_h, out_w)


def quantise(layer: Layer, sums: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    """Codes by thresholds.

    Args:
        layer: a layer that makes codes.
        sums: int32 (images, oc, h, w).

    Returns:
        uint8, same shape.
    """
    assert layer.thresholds is not None and layer.falling is not None
    codes = np.zeros(sums.shape, dtype=np.uint8)
    signed = np.where(layer.falling[None, :, None, None], -sums, sums)
    for thresholds in layer.thresholds.T:
        codes += signed >= thresholds[None, :, None, None]
    return codes


def pool(layer: Layer, values: npt.NDArray[Value]) -> npt.NDArray[Value]:
    """The layer's max-pooling; an odd last row or column is dropped.

    Args:
        layer: the layer.
        values: (images, oc, h, w), codes or others.

    Returns:
        The same type, (images, oc, h // pool, w // pool).
    """
    if layer.pool == 1:
        return values
    images, channels, h, w = values.shape
    windows = values[:, :, : h // 2 * 2, : w // 2 * 2].reshape(images, channels, h // 2, 2, w // 2, 2)
    pooled: npt.NDArray[Value] = windows.max(axis=(3, 5))
    return pooled
