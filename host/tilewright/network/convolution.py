"""The integer convolution that every result is compared with, in numpy alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.network.layer import ConvLayer


def convolve(
    activations: npt.NDArray[Any], weights: npt.NDArray[Any], stride: int, padding: int
) -> npt.NDArray[np.int64]:
    """Two-dimensional convolution (cross-correlation, as PyTorch's ``conv2d``) of integers, exact in int64.

    Args:
        activations: (images, ic, h, w).
        weights: (oc, ic, kernel_h, kernel_w).
        stride: step of both directions.
        padding: zeros on each side of the map.

    Returns:
        int64 (images, oc, out_h, out_w).
    """
    images, _, h, w = activations.shape
    out_channels, _, kernel_h, kernel_w = weights.shape
    out_h = (h + 2 * padding - kernel_h) // stride + 1
    out_w = (w + 2 * padding - kernel_w) // stride + 1
    outputs = np.zeros((images, out_channels, out_h * out_w), dtype=np.int64)
    for ky, kx, met in taps(activations, (kernel_h, kernel_w), stride, padding):
        outputs += weights[:, :, ky, kx].astype(np.int64) @ met
    return outputs.reshape(images, out_channels, out_h, out_w)


def taps(
    activations: npt.NDArray[Any], kernel: tuple[int, int], stride: int, padding: int
) -> Iterator[tuple[int, int, npt.NDArray[np.int64]]]:
    """The activations that each kernel tap meets.

    Args:
        activations: integers (images, ic, h, w).
        kernel: its height and width.
        stride: step of both directions.
        padding: zeros on each side of the map.

    Yields:
        ky, kx and int64 (images, ic, out_h * out_w).
    """
    images, in_channels, h, w = activations.shape
    reach_h = (h + 2 * padding - kernel[0]) // stride * stride + 1
    reach_w = (w + 2 * padding - kernel[1]) // stride * stride + 1
    edge = (padding, padding)
    padded = np.pad(activations.astype(np.int64), ((0, 0), (0, 0), edge, edge))
    for ky in range(kernel[0]):
        for kx in range(kernel[1]):
            met = padded[:, :, ky : ky + reach_h : stride, kx : kx + reach_w : stride]
            yield ky, kx, met.reshape(images, in_channels, -1)


def layer_outputs(layer: ConvLayer, relu: bool = False) -> npt.NDArray[np.int32]:
    """What the accelerator must return for a layer.

    Args:
        layer: the layer.
        relu: whether negative outputs become zero.

    Returns:
        int32 (images, oc, out_h, out_w).
    """
    outputs = convolve(layer.activation_codes, layer.weight_codes, layer.stride, layer.padding)
    return (np.maximum(outputs, 0) if relu else outputs).astype(np.int32)
