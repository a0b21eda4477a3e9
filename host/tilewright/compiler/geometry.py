"""The layers as an array of N columns runs them: tiles, folded image, words that hold several images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from tilewright.compiler.digits import levels
from tilewright.hardware.parameters import MAX_KERNEL, ArrayParameters
from tilewright.network.network import Layer
from tilewright.network.operand import Operand


@dataclass(frozen=True)
class Walk:
    """How the array walks a map.

    Attributes:
        kernel: height and width, in taps.
        span: height and width, in positions of the map.
        stride: of both directions.
        paddings: of rows and of columns.
    """

    kernel: tuple[int, int]
    span: tuple[int, int]
    stride: int
    paddings: tuple[int, int]


@dataclass(frozen=True)
class Geometry:
    """Where one layer's maps and operands are on the array.

    The accelerator folds the first layer's taps (command IMAGE): it runs as a 1x1 convolution of taps * channels
    input channels, whose unsigned 8-bit codes (code + 128) lie in memory as the tiles of their high nibbles, then those
    of the low ones.

    Attributes:
        index: of the layer in the network.
        layer: the layer.
        array: the array.
        in_size: height and width of the map in the activation memory.
        image_size: height and width of what the layer itself reads: of the image, for the first one.
        image_kernel: of the first layer, as the accelerator folds its taps.
        image_range: extreme codes of the image, its padding included, for the first layer.
        sources: for each operand the index of the stage whose map it reads; -1 for the image.
        sizes: height and width of each operand's map in the activation memory.
        lanes: images side by side in a word of its output.
        source_lanes: the same of each operand's map.
    """

    index: int
    layer: Layer
    array: ArrayParameters
    in_size: tuple[int, int]
    image_size: tuple[int, int]
    image_kernel: tuple[int, int]
    image_range: tuple[int, int]
    sources: tuple[int, ...]
    sizes: tuple[tuple[int, int], ...]
    lanes: int
    source_lanes: tuple[int, ...]

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name

    @property
    def folded(self) -> bool:
        """Whether the input is the folded image."""
        return self.layer.image_input

    @cached_property
    def operands(self) -> tuple[Operand, ...]:
        """What its sums are made of, its own convolution first; of the image, its taps as channels."""
        if not self.folded:
            return self.layer.operands
        own = self.layer.own
        taps = own.weights.transpose(0, 2, 3, 1).reshape(own.out_channels, -1, 1, 1)
        return (replace(own, weights=taps, stride=1, padding=0),)

    @cached_property
    def plain(self) -> bool:
        """Whether one convolution of whole tiles is all: one CONV command makes every output tile."""
        own = self.layer
        alone = max(self.lanes, *self.source_lanes) == 1
        return alone and not own.adds and (own.groups, own.dilation, own.first_channel) == (1, 1, 0)

    @property
    def turns(self) -> int:
        """Times that it makes each output tile, of other images, because its input's words hold more than its own."""
        return max(1, max(self.source_lanes) // self.lanes)

    def units(self, images: int) -> int:
        """What some images are to a CONV command: words that hold several are one image to it."""
        return images // (self.turns * self.lanes)

    @property
    def lane(self) -> int:
        """Channels of a word of its output that an image has."""
        return self.array.n // self.lanes

    def array_column(self, image: int, channel: int) -> int:
        """The column of the array that makes a channel of an image of the batch."""
        return channel % self.array.n if self.lanes == 1 else image % self.lanes * self.lane + channel

    def columns(self, tile: int) -> list[int]:
        """The output channel of each column of the array; beyond the layer's where there is none."""
        n = self.array.n
        if self.lanes == 1:
            return list(range(tile * n, (tile + 1) * n))
        return [column % self.lane for column in range(n)]

    def walk(self, operand: int) -> Walk:
        """How the array walks an operand's map."""
        one = self.operands[operand]
        span_h, span_w = (one.dilation * (taps - 1) + 1 for taps in one.kernel)
        return Walk(one.kernel, (span_h, span_w), one.stride, one.paddings)

    @property
    def by_runs(self) -> bool:
        """Whether its commands take an image each and so many outputs as there are accumulators for."""
        return self.layer.copies and self.layer.stride == 1

    def flat(self, operand: int) -> bool:
        """Whether an operand's kernel is its whole map and larger than the array walks: it is summed word by word."""
        one = self.operands[operand]
        whole = one.kernel == self.sizes[operand] and one.paddings == (0, 0) and one.dilation == 1
        return whole and max(one.kernel) > MAX_KERNEL and not self.folded

    @cached_property
    def digit_levels(self) -> list[tuple[int, int]]:
        """Operands and levels of digits in the order in which they are summed: the highest first, the oldest map first.

        A level at which no operand has a digit is one of zeros, since each takes the sums so far 16-fold.
        """
        if self.folded:  # the image's high nibbles, then its low ones, with the same weights
            return [(0, 1), (0, 0)]
        having = [[level + each.raised for level in levels(each.weights)] for each in self.operands]
        order = sorted(range(len(having)), key=lambda index: (self.sources[index], index))
        cheapest = min(order, key=lambda index: self.operands[index].weights.size)
        result = []
        for level in range(max(max(found, default=0) for found in having), -1, -1):
            result += [(index, level) for index in order if level in having[index]] or [(cheapest, level)]
        return result

    @cached_property
    def sums_size(self) -> tuple[int, int]:
        """Height and width of the map of sums, before pooling."""
        return self.in_size if self.folded else self.layer.sums_size(self.in_size)

    @property
    def pool(self) -> int:
        """2 where the array's codes are pooled; the last layer's sums are pooled by the host."""
        if self.layer.kind == "max":
            return 2
        return 1 if self.layer.is_last else self.layer.pool

    @cached_property
    def out_size(self) -> tuple[int, int]:
        """Height and width of the map that leaves the array, after pooling."""
        if self.layer.copies:
            return self.layer.output_size(self.in_size)
        return self.sums_size[0] // self.pool, self.sums_size[1] // self.pool

    @property
    def in_channels(self) -> int:
        """Input channels of the array's convolution."""
        taps = self.layer.kernel[0] * self.layer.kernel[1] if self.folded else 1
        return self.layer.in_channels * taps

    @property
    def ic_tiles(self) -> int:
        """Input tiles of its own convolution."""
        return -(-self.in_channels // self.array.n) * (2 if self.folded else 1)

    @property
    def oc_tiles(self) -> int:
        """Output-channel tiles."""
        return -(-self.layer.out_channels // self.array.n)

    @property
    def averages(self) -> bool:
        """Whether each output tile reads its own input tile only."""
        return self.layer.weights is None

    def positions(self, rows: int | None = None) -> int:
        """Sums of one image and channel; an odd last row or column is not computed where the codes are pooled.

        Args:
            rows: so many rows of the output; None takes all.
        """
        return (self.out_size[0] if rows is None else rows) * self.out_size[1] * self.pool**2

    def input_rows(self, rows: range, operand: int = 0) -> range:
        """Rows of an operand's map that some rows of the output need; one even where they meet padding only.

        Args:
            rows: of the output, after pooling.
            operand: its index.
        """
        walk, height = self.walk(operand), self.sizes[operand][0]
        first = rows.start * self.pool * walk.stride - walk.paddings[0]
        last = (rows.stop * self.pool - 1) * walk.stride - walk.paddings[0] + walk.span[0]
        start = min(max(0, first), height - 1)
        return range(start, max(start + 1, min(height, last)))

    def output_words(self, rows: int | None = None) -> int:
        """Words of one image's output map.

        Args:
            rows: so many rows of it; None takes all.
        """
        return self.oc_tiles * (self.out_size[0] if rows is None else rows) * self.out_size[1]
