"""A whole network as integers: what a network file holds, checked. ``docs/network_format.md`` describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.network.graph import IMAGE, check_graph, last_readers, output_sizes, source_indices
from tilewright.network.linear import Factors
from tilewright.network.operand import Operand
from tilewright.network.shape import NEVER, LayerShape
from tilewright.network.shown import HEADINGS, layer_rows
from tilewright.table import grid


@dataclass(frozen=True)
class Layer(LayerShape):
    """A convolution or an average with all that follows it up to the next quantiser, or a copy: shape and values.

    Attributes:
        weights: int8 (oc, ic / groups, kernel height, kernel width); of a conv.
        scale: s of an accumulator.
        alpha_a: of the layer's own input quantiser.
        bn_scale, bn_shift: float64 (oc,), A and B; None without batch-norm.
        alpha_next: of the next quantiser; None for the last layer.
        thresholds: int32 (oc, output_levels), ascending; None for the last layer and for a copy.
        falling: bool (oc,), whether the code falls as the accumulator grows; None as thresholds.
        adds: what is added to its own sums: shortcuts, and further maps that it reads.

    Raises:
        NetworkError: values and shape do not belong together; names the layer.
    """

    weights: npt.NDArray[np.int8] | None = field(repr=False)
    scale: float
    alpha_a: float
    bn_scale: npt.NDArray[np.float64] | None = field(repr=False, default=None)
    bn_shift: npt.NDArray[np.float64] | None = field(repr=False, default=None)
    alpha_next: float | None = None
    thresholds: npt.NDArray[np.int32] | None = field(repr=False, default=None)
    falling: npt.NDArray[np.bool_] | None = field(repr=False, default=None)
    adds: tuple[Operand, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        self._expect((self.kind == "conv") == (self.weights is not None), "a conv has weights, no other")
        if self.weights is not None:
            shape = (self.out_channels, self.in_channels // self.groups, *self.kernel)
            self._expect(self.weights.shape == shape, f"weights have shape {self.weights.shape}, not {shape}")
            low, high, levels = int(self.weights.min()), int(self.weights.max()), self.weight_levels
            within = low >= -levels - 1 and high <= levels
            self._expect(within, f"weights lie in {low}..{high}, not {-levels - 1}..{levels}")
        self._check_adds()
        furthest = max(-int(self.reach()[0].min()), int(self.reach()[1].max()))
        self._expect(furthest < NEVER, f"sums of its weights can reach {furthest}, beyond 32 bits")
        self._check_outputs()

    @cached_property
    def own(self) -> Operand:
        """Its own convolution or average, as what is added to it is written; an average's weights are ones.

        Of a copy: its input, as it is.
        """
        weights, groups, kernel = self.weights, self.groups, (1, 1) if self.copies else self.kernel
        if weights is None:
            weights, groups = np.broadcast_to(np.int8(1), (self.out_channels, 1, *kernel)), self.in_channels
        return Operand(
            self.source,
            weights,
            self.activation_levels,
            first_channel=self.first_channel,
            stride=1 if self.copies else self.stride,
            padding=0 if self.copies else self.padding,
            dilation=self.dilation,
            groups=groups,
            raised=self.raised,
        )

    @property
    def macs_a_position(self) -> int:
        """Multiplications of one output position, of what is added, too; true channels only, padding taps included."""
        return super().macs_a_position + sum(operand.macs_a_position for operand in self.adds)

    @cached_property
    def code_thresholds(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """Thresholds and falling of a layer that makes codes; those of a copy give each code itself."""
        if self.thresholds is not None and self.falling is not None:
            return self.thresholds, self.falling
        same = np.arange(1, self.output_levels + 1, dtype=np.int32)
        return np.tile(same, (self.out_channels, 1)), np.zeros(self.out_channels, np.bool_)

    @property
    def operands(self) -> tuple[Operand, ...]:
        """All that its sums are made of, its own convolution first."""
        return (self.own, *self.adds)

    @cached_property
    def z_falls(self) -> npt.NDArray[np.bool_] | None:
        """bool (oc,), whether z falls as the accumulator grows; None where no channel's does."""
        slope = np.full(self.out_channels, self.scale)
        falls: npt.NDArray[np.bool_] = (slope if self.bn_scale is None else slope * self.bn_scale) < 0
        return falls if falls.any() else None

    def reach(self, image_low: int = -128, image_high: int = 127) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Smallest and largest accumulator of each channel, int64 (oc,).

        Args:
            image_low, image_high: extreme codes of the image.
        """
        if self.weights is None:
            window = self.activation_levels * (1 if self.copies else self.kernel[0] * self.kernel[1])
            low, high = np.zeros(self.out_channels, np.int64), np.full(self.out_channels, window, np.int64)
        elif self.image_input:
            low, high = self.own.reach(image_low, image_high)
        else:
            low, high = self.own.levels_reach
        for operand in self.adds:
            low, high = low + operand.levels_reach[0], high + operand.levels_reach[1]
        return low, high

    def _check_adds(self) -> None:
        self._expect(not (self.adds and self.image_input), "nothing is added to the sums of the image")
        self._expect(not self.adds or self.kind == "conv", f"kind {self.kind} adds nothing")
        self._expect(self.raised == 0 or bool(self.adds), "raised sums go with others that are added")
        for operand in self.adds:
            try:
                operand.check()
            except NetworkError as error:
                raise NetworkError(f"layer {self.name}: {error}") from error
            outputs = operand.out_channels
            self._expect(outputs == self.out_channels, f"adds {operand.source} with {outputs} output channels")

    def _check_outputs(self) -> None:
        oc = self.out_channels
        for key, array in (("bn_scale", self.bn_scale), ("bn_shift", self.bn_shift)):
            self._expect(self.batch_norm == (array is not None), f"{key} does not go with batch_norm {self.batch_norm}")
            self._expect(array is None or array.shape == (oc,), f"{key} must have shape ({oc},)")
        given = [value is not None for value in (self.thresholds, self.falling, self.alpha_next)]
        wanted = [not self.is_last and not self.copies] * 2 + [not self.is_last]
        self._expect(given == wanted, "thresholds, falling and alpha_next go with codes, all or none")
        if self.thresholds is None or self.falling is None:
            return
        shape = (oc, self.output_levels)
        self._expect(self.thresholds.shape == shape, f"thresholds have shape {self.thresholds.shape}, not {shape}")
        self._expect(self.falling.shape == (oc,), f"falling has shape {self.falling.shape}, not ({oc},)")
        rises = bool((np.diff(self.thresholds.astype(np.int64), axis=1) >= 0).all())
        self._expect(rises, "thresholds do not ascend")


@dataclass(frozen=True)
class TailStep:
    """One step on the host after the last layer.

    Attributes:
        kind: ``flatten``, ``linear`` or ``relu``.
        name: of the module, for a linear layer.
        weight: float64 (out, in).
        bias: float64 (out,).

    Raises:
        NetworkError: the kind is unknown, or weight and bias are none of it.
    """

    kind: str
    name: str = ""
    weight: npt.NDArray[np.float64] | None = field(repr=False, default=None)
    bias: npt.NDArray[np.float64] | None = field(repr=False, default=None)

    def __post_init__(self) -> None:
        shapes = [None if array is None else array.shape for array in (self.weight, self.bias)]
        if self.weight is None or self.bias is None:
            fits = self.kind in ("flatten", "relu") and shapes == [None, None]
        else:
            fits = self.kind == "linear" and self.weight.ndim == 2 and self.bias.shape == self.weight.shape[:1]
        if not fits:
            raise NetworkError(f"{self.kind!r} {self.name} with weights {shapes[0]} and biases {shapes[1]} in the tail")

    @cached_property
    def factors(self) -> Factors | None:
        """What a linear layer multiplies with; None of another step."""
        return None if self.weight is None or self.bias is None else Factors.of(self.weight, self.bias)


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
        file_sha256: of the network file that it was read from; empty if there is none.
    """

    name: str
    image: tuple[int, int, int]
    image_codes: npt.NDArray[np.int8] = field(repr=False)
    layers: tuple[Layer, ...]
    tail: tuple[TailStep, ...]
    checkpoint_sha256: str = ""
    classes: tuple[str, ...] = ()
    file_sha256: str = field(default="", repr=False, compare=False)

    def __repr__(self) -> str:
        image = "x".join(map(str, self.image))
        return f"{self.name}: {len(self.layers)} layers, images {image}, {self.macs:,} multiplications an image"

    def _repr_html_(self) -> str:
        return grid(repr(self), HEADINGS, layer_rows(self.layers, self.in_sizes))

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
        check_graph(self.image, self.layers)

    @cached_property
    def sources(self) -> tuple[tuple[int, ...], ...]:
        """For each layer the indices of the layers whose maps its operands read, -1 for the image."""
        return source_indices(self.layers)

    @cached_property
    def out_sizes(self) -> tuple[tuple[int, int], ...]:
        """Height and width of each layer's output map, after pooling."""
        return output_sizes(self.image[1:], self.layers)

    @property
    def in_sizes(self) -> tuple[tuple[int, int], ...]:
        """Height and width of the map that each layer's own convolution reads."""
        return tuple(self.image[1:] if first == IMAGE else self.out_sizes[first] for first, *_ in self.sources)

    @cached_property
    def last_readers(self) -> tuple[int, ...]:
        """For each layer the index of the last one that reads its map; its own index where none does."""
        return last_readers(self.sources)

    @property
    def macs(self) -> int:
        """Multiplications an image: true channels, padding taps included, an 8-bit one counted once."""
        total = 0
        for layer, size in zip(self.layers, self.in_sizes, strict=True):
            h, w = layer.sums_size(size)
            total += layer.macs_a_position * h * w
        return total
