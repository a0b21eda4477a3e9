"""Images as the activation memory takes them: taps folded into channels, 8-bit codes as tiles of nibbles."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.stages import Stage
from tilewright.compiler.thresholds import IMAGE_OFFSET

_HIGH, _LOW = 4, 15


def fold_image(stage: Stage, codes: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """The first layer's words for some images.

    Args:
        stage: of the first layer.
        codes: int8 (images, channels, h, w).

    Returns:
        uint8 nibbles (images, ic_tiles, out_h, out_w, n): the tiles of the high nibbles of codes + 128, one for each n
        of the channels * taps values (channel, tap row and tap column, the last running fastest), then those of the low
        ones. Outside the image the code is 0; values beyond the last are 0 in both tiles.
    """
    layer, n = stage.layer, stage.array.n
    (kernel_h, kernel_w), (out_h, out_w), edge = layer.kernel, stage.sums_size, (layer.padding, layer.padding)
    padded = np.pad(codes, ((0, 0), (0, 0), edge, edge))
    windows: npt.NDArray[np.int8] = np.lib.stride_tricks.sliding_window_view(
        padded,
        (kernel_h, kernel_w),
        axis=(2, 3),  # type: ignore[call-overload]
    )
    met: npt.NDArray[Any] = windows[:, :, :: layer.stride, :: layer.stride][:, :, :out_h, :out_w]
    images = len(codes)
    values = met.transpose(0, 1, 4, 5, 2, 3).reshape(images, stage.in_channels, out_h, out_w)
    unsigned = (values.astype(np.int16) + IMAGE_OFFSET).astype(np.uint8)
    tiled = np.pad(unsigned, ((0, 0), (0, -stage.in_channels % n), (0, 0), (0, 0)))
    tiled = tiled.reshape(images, -1, n, out_h, out_w).transpose(0, 1, 3, 4, 2)
    return np.concatenate((tiled >> _HIGH, tiled & _LOW), axis=1)
