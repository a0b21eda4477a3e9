"""A whole network as integers: what a network file holds, checked. ``docs/network_format.md`` describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.hardware.parameters import MAX_KERNEL, MAX_PADDING, STRIDES

# What a threshold is that no accumulator, or every one, reaches.
NEVER, ALWAYS = 2**31 - 1, -(2**31)
# Largest codes that a network file holds: 8 bits each
WEIGHT_LEVELS, IMAGE_LEVELS, CODE_LEVELS = 127, 127, 255


@dataclass(frozen=True)
class Layer:
    """A convolution or an average with all that follows it up to the next quantiser.

    Attributes:
        kind: ``conv`` or ``average``.
        name: of the module, such as ``features.27``.
        in_channels, out_channels: channels.
        kernel: height and width of the kernel, or of the average's window.
        stride, padding: of both directions.
        image_input: whether the input is the image (signed 8-bit codes); else codes 0..activation_levels.
        activation_levels, weight_levels: largest codes, of up to 8 bits; what an array runs is the compiler's business.
        batch_norm, relu: whether they follow.
        pool: 2 for a 2x2 max-pool, else 1.
        output_levels: largest output code; 0 where the accumulators are the output.
        weights: int8 (oc, ic, kernel height, kernel width); None for an average.
        scale: s of an accumulator.
        bn_scale, bn_shift: float64 (oc,), A and B; None without batch-norm.
        alpha_next: of the next quantiser; None for the last layer.
        thresholds: int32 (oc, output_levels), ascending; None for the last layer.
        falling: bool (oc,), whether the code falls as the accumulator grows.
    """

    kind: str
    name: str
    in_channels: int
    out_channels: int
    kernel: tuple[int, int]
    stride: int
    padding: int
    image_input: bool
    activation_levels: int
    weight_levels: int
    batch_norm: bool
    relu: bool
    pool: int
    output_levels: int
    weights: npt.NDArray[np.int8] | None = field(repr=False)
    scale: float
    bn_scale: npt.NDArray[np.float64] | None = field(repr=False, default=None)
    bn_shift: npt.NDArray[np.float64] | None = field(repr=False, default=None)
    alpha_next: float | None = None
    thresholds: npt.NDArray[np.int32] | None = field(repr=False, default=None)
    falling: npt.NDArray[np.bool_] | None = field(repr=False, default=None)

    def __post_init__(self) -> None:
        self._check_geometry()
        if self.weights is not None:
            shape = (self.out_channels, self.in_channels, *self.kernel)
            self._expect(self.weights.shape == shape, f"weights have shape {self.weights.shape}, not {shape}")
            low, high, levels = int(self.weights.min()), int(self.weights.max()), self.weight_levels
            within = low >= -levels - 1 and high <= levels
            self._expect(within, f"weights lie in {low}..{high}, not {-levels - 1}..{levels}")
        self._check_outputs()

    @property
    def weight_bits(self) -> int | None:
        """Bits of a weight, its sign included; None for an average, which has none."""
        return None if self.weights is None else self.weight_levels.bit_length() + 1

    @property
    def activation_bits(self) -> int:
        """Bits of an input code; the image's are signed bytes whatever its largest code."""
        return 8 if self.image_input else self.activation_levels.bit_length()

    @property
    def is_last(self) -> bool:
        """Whether the accumulators are the output."""
        return self.output_levels == 0

    @property
    def macs_a_position(self) -> int:
        """Multiplications of one output position, true channels only, padding taps included."""
        taps = self.kernel[0] * self.kernel[1]
        return 0 if self.weights is None else self.out_channels * self.in_channels * taps

    def sums_size(self, in_size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the map of accumulators: floor((in + 2 * padding - kernel) / stride) + 1.

        Raises:
            NetworkError: the map is smaller than the kernel.
        """
        h, w = ((size + 2 * self.padding - k) // self.stride + 1 for size, k in zip(in_size, self.kernel, strict=True))
        self._expect(min(h, w) > 0, f"kernel {self.kernel} is larger than the padded map {in_size}")
        return h, w

    def output_size(self, in_size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the output map, after pooling; an odd last row or column is dropped."""
        h, w = self.sums_size(in_size)
        self._expect(min(h, w) >= self.pool, f"a map of {h}x{w} has no 2x2 window to pool")
        return h // self.pool, w // self.pool

    def reach(self, image_low: int = -128, image_high: int = 127) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Smallest and largest accumulator of each channel, int64 (oc,).

        Args:
            image_low, image_high: extreme codes of the image.
        """
        if self.weights is None:
            window = self.kernel[0] * self.kernel[1] * self.activation_levels
            return np.zeros(self.out_channels, np.int64), np.full(self.out_channels, window, np.int64)
        low, high = (image_low, image_high) if self.image_input else (0, self.activation_levels)
        return reach(self.weights, low, high)

    def _expect(self, condition: bool, text: str) -> None:
        if not condition:
            raise NetworkError(f"layer {self.name}: {text}")

    def _check_geometry(self) -> None:
        self._expect(self.kind in ("conv", "average"), f"kind {self.kind!r} is neither conv nor average")
        self._expect((self.kind == "conv") == (self.weights is not None), "a conv has weights, an average none")
        self._expect(min(self.in_channels, self.out_channels) > 0, "channel counts must be positive")
        self._expect(0 <= self.padding <= MAX_PADDING, f"padding {self.padding} is outside 0..{MAX_PADDING}")
        self._expect(self.pool in (1, 2), f"pool {self.pool} is neither 1 nor 2")
        if self.kind == "conv":
            self._expect(self.stride in STRIDES, f"stride {self.stride} is not one of {STRIDES}")
            self._expect(
                min(self.kernel) >= 1 and max(self.kernel) <= MAX_KERNEL,
                f"kernel {self.kernel} is not within 1x1 to {MAX_KERNEL}x{MAX_KERNEL}",
            )
        else:
            self._expect(self.in_channels == self.out_channels, "an average keeps its channels")
            self._expect(min(self.kernel) > 0 and self.stride > 0 and self.padding == 0, "window or stride impossible")
        self._check_levels()

    def _check_levels(self) -> None:
        largest = IMAGE_LEVELS if self.image_input else CODE_LEVELS
        for key, value, low, high in (
            ("activation_levels", self.activation_levels, 1, largest),
            ("weight_levels", self.weight_levels, 1, WEIGHT_LEVELS),
            ("output_levels", self.output_levels, 0, CODE_LEVELS),
        ):
            self._expect(low <= value <= high, f"{key} {value} are outside {low}..{high}")
        code = IMAGE_LEVELS + 1 if self.image_input else self.activation_levels
        inputs = self.kernel[0] * self.kernel[1] * (1 if self.kind == "average" else self.in_channels)
        sums = self.weight_levels * code * inputs
        self._expect(sums < NEVER, f"a sum of {inputs} products can reach {sums}, beyond 32 bits")

    def _check_outputs(self) -> None:
        oc = self.out_channels
        for key, array in (("bn_scale", self.bn_scale), ("bn_shift", self.bn_shift)):
            self._expect(self.batch_norm == (array is not None), f"{key} does not go with batch_norm {self.batch_norm}")
            self._expect(array is None or array.shape == (oc,), f"{key} must have shape ({oc},)")
        given = [value is not None for value in (self.thresholds, self.falling, self.alpha_next)]
        self._expect(given == [not self.is_last] * 3, "thresholds, falling and alpha_next go with codes, all or none")
        if self.thresholds is None or self.falling is None:
            return
        shape = (oc, self.output_levels)
        self._expect(self.thresholds.shape == shape, f"thresholds have shape {self.thresholds.shape}, not {shape}")
        self._expect(self.falling.shape == (oc,), f"falling has shape {self.falling.shape}, not ({oc},)")
        rises = bool((np.diff(self.thresholds.astype(np.int64), axis=1) >= 0).all())
        self._expect(rises, "thresholds do not ascend")


def reach(weights: npt.NDArray[np.int8], low: int, high: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Smallest and largest sum of each output channel, whatever the inputs: int64 (oc,).

    Args:
        weights: int8 (oc, ic, kernel height, kernel width).
        low, high: smallest and largest input.
    """
    flat = weights.reshape(len(weights), -1)
    positive = flat.clip(0).sum(axis=1, dtype=np.int64)
    negative = flat.sum(axis=1, dtype=np.int64) - positive
    return low * positive + high * negative, high * positive + low * negative


@dataclass(frozen=True)
class TailStep:
    """One step on the host after the last layer.

    Attributes:
        kind: ``flatten``, ``linear`` or ``relu``.
        name: of the module, for a linear layer.
        weight: float64 (out, in).
        bias: float64 (out,).
    """

    kind: str
    name: str = ""
    weight: npt.NDArray[np.float64] | None = field(repr=False, default=None)
    bias: npt.NDArray[np.float64] | None = field(repr=False, default=None)


@dataclass(frozen=True)
class Network:
    """A network as integers.

    Attributes:
        name: such as ``VGG16``.
        image: channels, height and width.
        image_codes: int8 (channels, 256), the code of each pixel value.
        layers: in order.
        tail: what the host does with the last accumulators.
        checkpoint_sha256: of the checkpoint; empty if there is none.
        classes: their names; empty if they have none.
    """

    name: str
    image: tuple[int, int, int]
    image_codes: npt.NDArray[np.int8] = field(repr=False)
    layers: tuple[Layer, ...]
    tail: tuple[TailStep, ...]
    checkpoint_sha256: str = ""
    classes: tuple[str, ...] = ()

    def class_name(self, index: int) -> str:
        """A class's name, or its number where it has none."""
        return self.classes[index] if index < len(self.classes) else str(index)

    def __post_init__(self) -> None:
        if min(self.image) < 1:
            raise NetworkError(f"an image of {self.image[0]} channels, {self.image[1]}x{self.image[2]}")
        if self.image_codes.shape != (self.image[0], 256):
            raise NetworkError(f"image.codes has shape {self.image_codes.shape}, not ({self.image[0]}, 256)")
        if not self.layers:
            raise NetworkError(f"network {self.name} has no layers")
        channels, size = self.image[0], self.image[1:]
        for index, layer in enumerate(self.layers):
            if layer.image_input != (index == 0):
                raise NetworkError(f"layer {layer.name}: the first layer reads the image, and no other")
            if layer.is_last != (index == len(self.layers) - 1):
                raise NetworkError(f"layer {layer.name}: the last layer returns accumulators, and no other")
            if layer.in_channels != channels:
                raise NetworkError(f"layer {layer.name} has {layer.in_channels} input channels, it gets {channels}")
            if index and layer.activation_levels != self.layers[index - 1].output_levels:
                raise NetworkError(f"layer {layer.name}: its input codes are not those of the layer before")
            channels, size = layer.out_channels, layer.output_size(size)

    @property
    def in_sizes(self) -> tuple[tuple[int, int], ...]:
        """Height and width of each layer's input map."""
        sizes = [self.image[1:]]
        for layer in self.layers[:-1]:
            sizes.append(layer.output_size(sizes[-1]))
        return tuple(sizes)

    @property
    def macs(self) -> int:
        """Multiplications an image: true channels, padding taps included, an 8-bit one counted once."""
        total = 0
        for layer, size in zip(self.layers, self.in_sizes, strict=True):
            h, w = layer.sums_size(size)
            total += layer.macs_a_position * h * w
        return total
