"""Integers in the shapes that the array takes: channels cut into tiles, edges filled with zeros."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def activation_words(codes: npt.NDArray[np.uint8], n: int) -> npt.NDArray[np.uint8]:
    """Activations in the order of the activation memory, channels of edge tiles zero.

    Args:
        codes: uint8 (images, ic, h, w).
        n: rows of the array.

    Returns:
        uint8 (images, ic_tiles, h, w, n).
    """
    images, channels, h, w = codes.shape
    padded = np.pad(codes, ((0, 0), (0, -channels % n), (0, 0), (0, 0)))
    return np.ascontiguousarray(padded.reshape(images, -1, n, h, w).transpose(0, 1, 3, 4, 2))


def weight_rows(codes: npt.NDArray[np.int8], n: int) -> npt.NDArray[np.int8]:
    """Weights in the order of the program, edge tiles padded with zeros.

    Args:
        codes: int8 (oc, ic, kernel_h, kernel_w).
        n: rows and columns of the array.

    Returns:
        int8 (oc_tiles, ic_tiles, kernel_h, kernel_w, n rows, n columns).
    """
    oc, ic, kernel_h, kernel_w = codes.shape
    padded = np.pad(codes, ((0, -oc % n), (0, -ic % n), (0, 0), (0, 0)))
    tiles = padded.reshape(padded.shape[0] // n, n, padded.shape[1] // n, n, kernel_h, kernel_w)
    return np.ascontiguousarray(tiles.transpose(0, 2, 4, 5, 3, 1))
