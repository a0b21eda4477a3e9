"""A convolution of a map whose sums a layer adds up: its own, or one more, as of a shortcut or a second map."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.hardware.parameters import MAX_PADDING, STRIDES

# What an addend's weights may reach: 6 digits of 16
WEIGHT_LIMIT = 2**23


@dataclass(frozen=True)
class Operand:
    """A convolution of some channels of a map.

    Attributes:
        source: name of the layer whose map it reads; empty for the image.
        weights: signed integers (oc, ic / groups, kernel height, kernel width).
        activation_levels: largest code of the map; of the image the signed 8-bit codes' largest.
        first_channel: of the map, that its first input channel is.
        stride: of both directions.
        padding: zeros of both directions, or of (rows, columns).
        dilation: input positions from one tap to the next.
        groups: into which input and output channels fall; as many as channels is a depthwise convolution.
        raised: its sums count 16 ** raised times.

    Raises:
        NetworkError: a value is outside what a network file covers; says which.
    """

    source: str
    weights: npt.NDArray[Any] = field(repr=False)
    activation_levels: int
    first_channel: int = 0
    stride: int = 1
    padding: int | tuple[int, int] = 0
    dilation: int = 1
    groups: int = 1
    raised: int = 0

    def check(self) -> None:
        """Refuses what no layer can add.

        Raises:
            NetworkError: says what is wrong.
        """
        outputs = self.weights.shape[0]
        for fits, text in (
            (self.weights.ndim == 4 and 0 not in self.weights.shape, f"weights of shape {self.weights.shape}"),
            (self.weights.dtype.kind == "i", f"weights of type {self.weights.dtype}"),
            (int(np.abs(self.weights.astype(np.int64)).max()) < WEIGHT_LIMIT, f"weights beyond {WEIGHT_LIMIT - 1}"),
            (self.stride in STRIDES, f"stride {self.stride}, not one of {STRIDES}"),
            (
                min(self.paddings) >= 0 and max(self.paddings) <= MAX_PADDING,
                f"padding {self.padding}, outside 0..{MAX_PADDING}",
            ),
            (self.dilation in (1, 2), f"dilation {self.dilation}, neither 1 nor 2"),
            (self.groups > 0 and outputs % self.groups == 0, f"{self.groups} groups of {outputs} output channels"),
            (self.first_channel >= 0 and self.raised >= 0, "a negative channel or power"),
            (1 <= self.activation_levels <= 255, f"activation_levels {self.activation_levels}, outside 1..255"),
        ):
            if not fits:
                raise NetworkError(f"adds {self.source or 'the image'} with {text}")

    @property
    def out_channels(self) -> int:
        """Output channels."""
        return int(self.weights.shape[0])

    @property
    def in_channels(self) -> int:
        """Input channels, of all groups."""
        return int(self.weights.shape[1]) * self.groups

    @property
    def kernel(self) -> tuple[int, int]:
        """Height and width of the kernel, its taps side by side."""
        return int(self.weights.shape[2]), int(self.weights.shape[3])

    @property
    def paddings(self) -> tuple[int, int]:
        """Padding of rows and of columns."""
        return self.padding if isinstance(self.padding, tuple) else (self.padding, self.padding)

    @property
    def scales_only(self) -> bool:
        """Whether it multiplies each channel by a number and nothing else, as a shortcut: no multiplication counts."""
        return self.kernel == (1, 1) and self.groups == self.in_channels == self.out_channels

    @property
    def macs_a_position(self) -> int:
        """Multiplications of one output position, padding taps included; a shortcut's scaling counts as none."""
        return 0 if self.scales_only else self.weights.size

    def out_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the sums' map; less than 1 where the map is smaller than the kernel.

        Args:
            size: height and width of the map that it reads.
        """
        h, w = (
            (length + 2 * padding - self.dilation * (taps - 1) - 1) // self.stride + 1
            for length, padding, taps in zip(size, self.paddings, self.kernel, strict=True)
        )
        return h, w

    def reach(self, low: int, high: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Smallest and largest sum of each output channel, whatever the inputs: int64 (oc,).

        Args:
            low, high: smallest and largest input.
        """
        least, most = reach(self.weights, low, high)
        return least << 4 * self.raised, most << 4 * self.raised

    @cached_property
    def levels_reach(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """:meth:`reach` of codes 0..activation_levels."""
        return self.reach(0, self.activation_levels)


def reach(weights: npt.NDArray[Any], low: int, high: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Smallest and largest sum of each output channel, whatever the inputs: int64 (oc,).

    Args:
        weights: signed integers (oc, ic, kernel height, kernel width).
        low, high: smallest and largest input.
    """
    flat = weights.reshape(len(weights), -1)
    positive = flat.clip(0).sum(axis=1, dtype=np.int64)
    negative = flat.sum(axis=1, dtype=np.int64) - positive
    return low * positive + high * negative, high * positive + low * negative
