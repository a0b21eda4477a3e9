"""A layer's thresholds as the hardware takes them: seven beats a channel (``docs/program_format.md``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tilewright.errors import CompileError
from tilewright.hardware import program_format
from tilewright.hardware.beats import Beats
from tilewright.hardware.fields import BeatField
from tilewright.network.network import Layer
from tilewright.network.shape import ALWAYS, NEVER

THRESHOLDS = 15
_FIELDS = program_format.THRESHOLDS.fields
_FALLS = _FIELDS["falls"]
THRESHOLD_BITS = _FIELDS["t1"].bits.width
BEATS_A_CHANNEL = program_format.THRESHOLDS.beats
IMAGE_OFFSET = 128
_MAX = (1 << (THRESHOLD_BITS - 1)) - 1
_MIN = -_MAX - 1


def device_thresholds(layer: Layer, image_range: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Thresholds for the sums that the array makes.

    The image's codes enter with 128 added, which adds 128 times the channel's weights to its sums. A channel that falls
    is compared by -sum - 1, which is the sum's bits inverted.

    Args:
        layer: a layer that makes codes.
        image_range: extreme codes of the image, for the first layer.

    Returns:
        int64 (oc, 15), ascending, each within 28 bits.

    Raises:
        CompileError: a threshold that sums can reach, or that none may reach, does not fit; names layer and channel.
    """
    thresholds, falls = layer.code_thresholds
    falling = falls[:, None]
    offset = np.zeros((layer.out_channels, 1), dtype=np.int64)
    if layer.image_input and layer.weights is not None:
        offset = IMAGE_OFFSET * layer.weights.reshape(layer.out_channels, -1).sum(axis=1, dtype=np.int64)[:, None]
    given = thresholds.astype(np.int64)
    shifted = given + np.where(falling, -offset - 1, offset)
    shift = IMAGE_OFFSET if layer.image_input else 0
    low, high = (bound[:, None] for bound in layer.reach(image_range[0] + shift, image_range[1] + shift))
    least, most = np.where(falling, -high - 1, low), np.where(falling, -low - 1, high)
    _check(layer, (given == NEVER) & (most >= _MAX), most)
    _check(layer, (given == ALWAYS) & (least < _MIN), least)
    within = (given != NEVER) & (given != ALWAYS)
    _check(layer, within & ((shifted > _MAX) | (shifted < _MIN)), shifted)
    fitted = np.where(given == NEVER, _MAX, np.where(given == ALWAYS, _MIN, shifted))
    if layer.output_levels < THRESHOLDS:
        _check(layer, most >= _MAX, most)
    return np.pad(fitted, ((0, 0), (0, THRESHOLDS - layer.output_levels)), constant_values=_MAX)


def threshold_beats(layer: Layer, image_range: tuple[int, int], channels: Sequence[int]) -> Beats:
    """The beats of some channels, those beyond the layer always giving code 0.

    Args:
        layer: a layer that makes codes.
        image_range: extreme codes of the image, for the first layer.
        channels: which.

    Returns:
        uint64 (7 * channels,).

    Raises:
        CompileError: a threshold does not fit.
    """
    thresholds = np.full((len(channels), THRESHOLDS), _MAX, dtype=np.int64)
    falling = np.zeros(len(channels), dtype=np.uint64)
    places = [place for place, channel in enumerate(channels) if channel < layer.out_channels]
    real = [channels[place] for place in places]
    thresholds[places] = device_thresholds(layer, image_range)[real]
    falling[places] = layer.code_thresholds[1][real]
    words = (thresholds & ((1 << THRESHOLD_BITS) - 1)).astype(np.uint64)
    beats: Beats = np.zeros((len(channels), BEATS_A_CHANNEL), dtype=np.uint64)
    for number, column in enumerate(words.T, start=1):
        for place, low in _places(number):
            part = column >> np.uint64(low) & np.uint64(place.bits.most)
            beats[:, place.beat] |= part << np.uint64(place.bits.low)
    beats[:, _FALLS.beat] |= falling << np.uint64(_FALLS.bits.low)
    return beats.reshape(-1)


def _places(number: int) -> Iterator[tuple[BeatField, int]]:
    """The fields that hold a threshold, each with the lowest of its bits there: one, or the pieces that lie apart."""
    name, low = f"t{number}", 0
    for place in [_FIELDS[name]] if name in _FIELDS else _pieces(name):
        yield place, low
        low += place.bits.width


def _pieces(name: str) -> list[BeatField]:
    return [place for field, place in _FIELDS.items() if field.startswith(f"{name}_")]


def _check(layer: Layer, wrong: npt.NDArray[np.bool_], values: npt.NDArray[np.int64]) -> None:
    if wrong.any():
        channel = int(np.argwhere(wrong)[0][0])
        value = int(np.broadcast_to(values, wrong.shape)[wrong][0])
        raise CompileError(
            f"layer {layer.name}: channel {channel} needs a threshold at {value}, the hardware's have "
            f"{THRESHOLD_BITS} bits ({_MIN}..{_MAX})"
        )
