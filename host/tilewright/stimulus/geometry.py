"""Positions, kernel taps and partial sums of a stimulus set: what the lines of its files stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Rows and columns of the array that the file formats are made for, the numbers of fields that a line may hold, and the
# bits of each field.
ARRAY_SIZE = 8
LINE_FIELDS = (8, 16)
CODE_BITS = 4
SUM_BITS = 16
ADDRESS_BITS = 11

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Geometry:
    """Sizes of one layer on its zero-padded map.

    Attributes:
        padded: height and width of the map with its padding; one activation line a position, row-major.
        kernel: height and width of the kernel; tap kij = ky * kernel width + kx.
        stride: step of both directions.
        implied: width of the border of zeros that the files leave out.
    """

    padded: tuple[int, int]
    kernel: tuple[int, int]
    stride: int = 1
    implied: int = 0

    @property
    def positions(self) -> int:
        """Positions of the padded map (the notebook's nij)."""
        return math.prod(self.padded)

    @property
    def given(self) -> Ints:
        """Positions of the padded map that the files give, in their order: all but an implied border."""
        pad, (h, w) = self.implied, self.padded
        positions: Ints = np.arange(h * w).reshape(h, w)[pad : h - pad, pad : w - pad].reshape(-1)
        return positions

    @property
    def taps(self) -> int:
        """Kernel taps (the notebook's kij)."""
        return math.prod(self.kernel)

    @property
    def out_size(self) -> tuple[int, int]:
        """Height and width of the output map."""
        (h, w), (kernel_h, kernel_w) = self.padded, self.kernel
        return (h - kernel_h) // self.stride + 1, (w - kernel_w) // self.stride + 1

    @property
    def outputs(self) -> int:
        """Output positions."""
        return math.prod(self.out_size)

    @property
    def pooled_outputs(self) -> int:
        """Output positions after 2x2 max-pooling with stride 2; a last row or column of an odd map falls away."""
        return (self.out_size[0] // 2) * (self.out_size[1] // 2)

    def pool(self, outputs: Ints) -> Ints:
        """Takes the largest of each 2x2 outputs: (outputs, columns) to (pooled outputs, columns)."""
        (h, w), columns = self.out_size, outputs.shape[1]
        whole = outputs.reshape(h, w, columns)[: h // 2 * 2, : w // 2 * 2]
        pooled: Ints = whole.reshape(h // 2, 2, w // 2, 2, columns).max(axis=(1, 3)).reshape(-1, columns)
        return pooled

    def sources(self) -> Ints:
        """Padded position that each output takes for each tap.

        Returns:
            int64 (outputs, taps): (oy * stride + ky) * padded width + ox * stride + kx.
        """
        (out_h, out_w), (kernel_h, kernel_w) = self.out_size, self.kernel
        y = np.arange(out_h)[:, None] * self.stride + np.arange(kernel_h)
        x = np.arange(out_w)[:, None] * self.stride + np.arange(kernel_w)
        sources: Ints = y[:, None, :, None] * self.padded[1] + x[None, :, None, :]
        return sources.reshape(self.outputs, self.taps)

    def __str__(self) -> str:
        (out_h, out_w), (h, w), (kernel_h, kernel_w) = self.out_size, self.padded, self.kernel
        stride = "" if self.stride == 1 else f", stride {self.stride}"
        pad = self.implied
        of_map = f"{h - 2 * pad}x{w - 2 * pad} map with implied padding {pad}" if pad else f"padded {h}x{w} map"
        return f"{out_h}x{out_w} outputs of a {of_map}, kernel {kernel_h}x{kernel_w}{stride}"


def partial_sums(activations: Ints, weights: Ints) -> Ints:
    """Partial sums of every tile, tap and padded position (the notebook's psum).

    Args:
        activations: (ic_tiles, positions, rows).
        weights: (ic_tiles, oc_tiles, taps, columns, rows).

    Returns:
        int64 (ic_tiles, oc_tiles, taps, positions, columns).
    """
    sums: Ints = activations[:, None, None] @ weights.swapaxes(-1, -2)
    return sums


def accumulate(sums: Ints, geometry: Geometry) -> Ints:
    """Adds the partial sums of all taps and input-channel tiles for each output position.

    Args:
        sums: (ic_tiles, oc_tiles, taps, positions, columns).
        geometry: sizes of the layer.

    Returns:
        int64 (oc_tiles, outputs, columns), before ReLU.
    """
    addends = sums[:, :, np.arange(geometry.taps), geometry.sources()]
    outputs: Ints = addends.sum(axis=(0, 3))
    return outputs


def accumulation_addresses(geometry: Geometry, ic_tiles: int) -> Ints:
    """Lines of the partial-sum file (addresses of the partial-sum memory) that each output adds.

    The notebook's own ``kij * outputs + output`` is wrong: a tap stores all padded positions, not the outputs only.

    Args:
        geometry: sizes of the layer.
        ic_tiles: input-channel tiles.

    Returns:
        int64 (outputs, ic_tiles * taps): (ic_tile * taps + kij) * positions + source position.
    """
    blocks = np.arange(ic_tiles * geometry.taps) * geometry.positions
    addresses: Ints = blocks + np.tile(geometry.sources(), ic_tiles)
    return addresses
