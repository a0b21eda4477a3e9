"""Which single wrong weight explains a channel's wrong outputs exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.hardware.parameters import WEIGHT_MAX, WEIGHT_MIN
from tilewright.network.convolution import convolve, taps
from tilewright.network.layer import ConvLayer

# Channels looked at in one report, and weights named for each: more say no more.
MAX_CHANNELS = 4
MAX_FAULTS = 4


@dataclass(frozen=True)
class WeightFault:
    """A weight that, had it the value ``got``, would give a channel's outputs exactly as they came.

    Attributes:
        channel: output channel.
        in_channel: input channel.
        ky, kx: kernel tap.
        expected, got: weight codes.
    """

    channel: int
    in_channel: int
    ky: int
    kx: int
    expected: int
    got: int

    @property
    def flipped_bits(self) -> tuple[int, ...]:
        """Bits of the 4-bit code that differ."""
        return tuple(bit for bit in range(4) if (self.expected ^ self.got) >> bit & 1)

    def __str__(self) -> str:
        bits = ", ".join(str(bit) for bit in self.flipped_bits)
        return (
            f"channel {self.channel} is explained exactly by one weight: input channel {self.in_channel}, "
            f"tap ky {self.ky}, kx {self.kx} was {self.got} instead of {self.expected} (bit {bits})"
        )


def find_weight_faults(
    got: npt.NDArray[Any], layer: ConvLayer, relu: bool, channels: Sequence[int]
) -> Iterator[WeightFault]:
    """Searches, for each channel, all weights and all values that would explain its outputs.

    A weight's change by d adds d times the activation that it meets to each output. A fault counts only if it gives
    every output of the channel; weights that meet the same activations everywhere cannot be told apart and are all
    named.

    Args:
        got: integers (images, oc, out_h, out_w) as received.
        layer: the layer.
        relu: whether ``got`` is after ReLU.
        channels: channels with differences; the first few are searched.

    Yields:
        Explanations, at most a few a channel.
    """
    if not channels:
        return
    met = _activations_met(layer)
    for channel in channels[:MAX_CHANNELS]:
        weights = layer.weight_codes[channel : channel + 1]
        sums = convolve(layer.activation_codes, weights, layer.stride, layer.padding)[:, 0].reshape(-1)
        yield from _search(channel, got[:, channel].reshape(-1), sums, met, weights[0], relu)


def _search(
    channel: int,
    got: npt.NDArray[Any],
    sums: npt.NDArray[np.int64],
    met: npt.NDArray[np.int64],
    weights: npt.NDArray[np.int8],
    relu: bool,
) -> Iterator[WeightFault]:
    flat = weights.reshape(-1).astype(np.int64)
    found = 0
    for value in range(WEIGHT_MIN, WEIGHT_MAX + 1):
        outputs = sums + (value - flat)[:, None] * met
        if relu:
            outputs = np.maximum(outputs, 0)
        explains = (outputs == got).all(axis=1) & (flat != value)
        for index in np.flatnonzero(explains).tolist():
            in_channel, ky, kx = (int(i) for i in np.unravel_index(index, weights.shape))
            yield WeightFault(channel, in_channel, ky, kx, int(flat[index]), value)
            found += 1
            if found == MAX_FAULTS:
                return


def _activations_met(layer: ConvLayer) -> npt.NDArray[np.int64]:
    """int64 (ic * kernel_h * kernel_w, positions): the activation that each weight meets at each output position."""
    met = [met for _, _, met in taps(layer.activation_codes, layer.kernel, layer.stride, layer.padding)]
    return np.stack(met).transpose(2, 0, 1, 3).reshape(layer.in_channels * len(met), -1)
