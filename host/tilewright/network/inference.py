"""The integer network in numpy: what the accelerator must compute, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.network.graph import IMAGE
from tilewright.network.network import Layer, Network
from tilewright.network.operand import Operand

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

    Returns:
        Each layer with its output: uint8 codes (images, oc, h, w) after pooling, and for the last layer int32
        accumulators (images, oc, h, w) before anything else.

    Raises:
        NetworkError: the images do not fit the network.
    """

    def made(layer: Layer, read: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        sums = accumulate(layer, read)
        return sums if layer.is_last else pool(layer, quantise(layer, sums))

    return map_by_map(network, image_codes(network, pixels), made)


def map_by_map(
    network: Network,
    image: npt.NDArray[Any],
    made: Callable[[Layer, Sequence[npt.NDArray[Any]]], npt.NDArray[Any]],
) -> Iterator[tuple[Layer, npt.NDArray[Any]]]:
    """Carries maps through a network; each is held until the last layer that reads it.

    Args:
        network: the network.
        image: what the first layer reads.
        made: a layer's output of what its operands read; copies need none.

    Yields:
        Each layer with its output.
    """
    maps = {IMAGE: image}
    for index, (layer, sources) in enumerate(zip(network.layers, network.sources, strict=True)):
        read = [maps[source] for source in sources]
        maps[index] = copied(layer, read[0]) if layer.copies else made(layer, read)
        for source in {*sources}:
            if source == IMAGE or network.last_readers[source] == index:
                del maps[source]
        yield layer, maps[index]


def accumulate(layer: Layer, maps: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.int32]:
    """A layer's accumulators, exact.

    Args:
        layer: the layer.
        maps: what each of its operands reads, integers (images, channels, h, w).

    Returns:
        int32 (images, oc, h, w), before pooling.
    """
    low, high = layer.reach()
    dtype: type = np.float32 if max(-int(low.min()), int(high.max())) < _FLOAT32_EXACT else np.float64
    return layer_sums(layer, maps, dtype).astype(np.int32)


def layer_sums(layer: Layer, maps: Sequence[npt.NDArray[Any]], dtype: type) -> npt.NDArray[Any]:
    """The sums of a layer's operands.

    Args:
        layer: the layer.
        maps: what each of them reads, (images, channels, h, w).
        dtype: a float, that sums are computed in.

    Returns:
        That dtype (images, oc, h, w), before pooling.
    """
    sums = _sums(layer.own, maps[0], dtype)
    for operand, values in zip(layer.adds, maps[1:], strict=True):
        sums += _sums(operand, values, dtype)
    return sums


def _sums(operand: Operand, values: npt.NDArray[Any], dtype: type) -> npt.NDArray[Any]:
    """An operand's sums (images, oc, h, w)."""
    values = values[:, operand.first_channel : operand.first_channel + operand.in_channels]
    images, groups, stride = len(values), operand.groups, operand.stride
    out_h, out_w = operand.out_size((values.shape[2], values.shape[3]))
    edges = ((padding, padding) for padding in operand.paddings)
    padded: npt.NDArray[Any] = np.pad(values, ((0, 0), (0, 0), *edges)).astype(dtype)
    weights = operand.weights.reshape(groups, -1, *operand.weights.shape[1:])
    sums: npt.NDArray[Any] = np.zeros((images, groups, weights.shape[1], out_h * out_w), dtype=dtype)
    for ky in range(operand.kernel[0]):
        for kx in range(operand.kernel[1]):
            top, left = ky * operand.dilation, kx * operand.dilation
            met = padded[:, :, top : top + (out_h - 1) * stride + 1 : stride]
            met = met[:, :, :, left : left + (out_w - 1) * stride + 1 : stride]
            sums += np.matmul(weights[..., ky, kx].astype(dtype), met.reshape(images, groups, -1, out_h * out_w))
    raised: npt.NDArray[Any] = sums.reshape(images, -1, out_h, out_w) * dtype(16**operand.raised)
    return raised


def copied(layer: Layer, codes: npt.NDArray[Value]) -> npt.NDArray[Value]:
    """What a copy makes of codes.

    Args:
        layer: of one of its kinds.
        codes: (images, channels, h, w), none below 0.

    Returns:
        The same dtype, (images, channels, out_h, out_w).
    """
    if layer.kind != "max":
        return codes.repeat(2, axis=2 if layer.kind == "repeat_rows" else 3)
    padded = np.pad(codes, ((0, 0), (0, 0), *((padding, padding) for padding in layer.paddings)))
    rows = np.maximum(padded[:, :, :-1], padded[:, :, 1:])[:, :, :: layer.stride]
    largest: npt.NDArray[Value] = np.maximum(rows[..., :-1], rows[..., 1:])[..., :: layer.stride]
    return largest


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
