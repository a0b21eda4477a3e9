"""The layers as an array of N columns runs them: tiles, folded image, what each output row needs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.accumulators import overflow
from tilewright.compiler.thresholds import threshold_beats
from tilewright.compiler.tiles import weight_rows
from tilewright.compiler.widths import check_widths
from tilewright.errors import CompileError
from tilewright.hardware.beats import Beats, pack_nibbles
from tilewright.hardware.parameters import MAX_KERNEL, STRIDES, ArrayParameters
from tilewright.network.network import Layer, Network


@dataclass(frozen=True)
class Stage:
    """One layer on the array.

    The accelerator folds the first layer's taps (command IMAGE): it runs as a 1x1 convolution of taps * channels
    input channels, whose unsigned 8-bit codes (code + 128) lie in memory as the tiles of their high nibbles, then those
    of the low ones.

    Attributes:
        index: of the layer in the network.
        layer: the layer.
        array: the array.
        in_size: height and width of the map in the activation memory.
        image_size: height and width of what the layer itself reads: of the image, for the first one.
        image_range: extreme codes of the image, its padding included, for the first layer.
    """

    index: int
    layer: Layer
    array: ArrayParameters
    in_size: tuple[int, int]
    image_size: tuple[int, int]
    image_range: tuple[int, int]

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name

    @property
    def folded(self) -> bool:
        """Whether the input is the folded image."""
        return self.layer.image_input

    @property
    def kernel(self) -> tuple[int, int]:
        """Height and width of the kernel that the array walks."""
        return (1, 1) if self.folded else self.layer.kernel

    @property
    def stride(self) -> int:
        """Stride that the array walks with."""
        return 1 if self.folded else self.layer.stride

    @property
    def padding(self) -> int:
        """Zeros around the map in memory."""
        return 0 if self.folded else self.layer.padding

    @cached_property
    def sums_size(self) -> tuple[int, int]:
        """Height and width of the map of sums, before pooling."""
        return self.in_size if self.folded else self.layer.sums_size(self.in_size)

    @property
    def pool(self) -> int:
        """2 where the array's codes are pooled; the last layer's sums are pooled by the host."""
        return 1 if self.layer.is_last else self.layer.pool

    @cached_property
    def out_size(self) -> tuple[int, int]:
        """Height and width of the map that leaves the array, after pooling."""
        return self.sums_size[0] // self.pool, self.sums_size[1] // self.pool

    @property
    def in_channels(self) -> int:
        """Input channels of the array's convolution."""
        taps = self.layer.kernel[0] * self.layer.kernel[1] if self.folded else 1
        return self.layer.in_channels * taps

    @property
    def ic_tiles(self) -> int:
        """Tiles of the input map in memory."""
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

    def input_rows(self, rows: range) -> range:
        """Rows of the map in memory that some rows of the output need; one even where they meet padding only.

        Args:
            rows: of the output, after pooling.
        """
        first = rows.start * self.pool * self.stride - self.padding
        last = (rows.stop * self.pool - 1) * self.stride - self.padding + self.kernel[0]
        start = min(max(0, first), self.in_size[0] - 1)
        return range(start, max(start + 1, min(self.in_size[0], last)))

    def input_words(self, rows: int | None = None) -> int:
        """Words of one image's input map.

        Args:
            rows: so many rows of it; None takes all.
        """
        return self.ic_tiles * (self.in_size[0] if rows is None else rows) * self.in_size[1]

    def output_words(self, rows: int | None = None) -> int:
        """Words of one image's output map.

        Args:
            rows: so many rows of it; None takes all.
        """
        return self.oc_tiles * (self.out_size[0] if rows is None else rows) * self.out_size[1]

    @cached_property
    def packed_weights(self) -> Beats:
        """Weight beats of each output tile in the order of use, uint64 (oc_tiles, ic_tiles * taps * n * n / 16)."""
        n, weights = self.array.n, self.layer.weights
        if weights is None:
            tiles = weight_rows(np.eye(self.layer.out_channels, dtype=np.int8)[:, :, None, None], n)
            diagonal = tiles[np.arange(self.oc_tiles), np.arange(self.oc_tiles)]
            tiles = np.repeat(diagonal[:, 0], pieces(self)[0].tiles_a_column, axis=1)
        elif self.folded:
            taps = weights.transpose(0, 2, 3, 1).reshape(len(weights), -1, 1, 1)
            tiles = np.concatenate([weight_rows(taps, n)] * 2, axis=1)
        else:
            tiles = weight_rows(weights, n)
        return pack_nibbles(tiles).reshape(self.oc_tiles, -1)

    @cached_property
    def threshold_tiles(self) -> Beats:
        """Threshold beats of each output tile, uint64 (oc_tiles, 7 n)."""
        channels = range(self.oc_tiles * self.array.n)
        return threshold_beats(self.layer, self.image_range, channels).reshape(self.oc_tiles, -1)

    def check(self) -> None:
        """Refuses what the hardware cannot do, whatever the schedule.

        Raises:
            CompileError: names the layer and the reason.
        """
        too_large = overflow(*self.device_reach(), self.array)
        if too_large:
            raise CompileError(f"layer {self.name}: {too_large}")
        self._check_image()
        if not self.layer.is_last:
            _ = self.threshold_tiles  # refuses a threshold that does not fit
        if not self.averages:
            return
        window = self.layer.kernel
        if max(window) > MAX_KERNEL and window != self.in_size:
            raise CompileError(
                f"layer {self.name}: a window of {window[0]}x{window[1]} is larger than {MAX_KERNEL}x{MAX_KERNEL} and "
                f"not the whole map of {self.in_size[0]}x{self.in_size[1]}"
            )
        if self.layer.pool > 1 and self.layer.stride not in STRIDES:
            raise CompileError(
                f"layer {self.name}: an average of stride {self.layer.stride} is made position by position and "
                "cannot be max-pooled; of stride 1 or 2 it can"
            )

    def _check_image(self) -> None:
        row = self.image_size[1] * self.layer.in_channels
        if self.folded and row > self.array.image_line:
            raise CompileError(
                f"layer {self.name}: a row of the image has {row} bytes ({self.image_size[1]} pixels of "
                f"{self.layer.in_channels} channel(s)), the accelerator's line memory {self.array.image_line}"
            )

    def device_reach(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Smallest and largest sum of each channel in the array: of the image's codes + 128, int64 (oc,)."""
        return self.layer.reach(self.image_range[0] + 128, self.image_range[1] + 128)


@dataclass(frozen=True)
class Piece:
    """One CONV command's share of a stage: a convolution whole, or one tile (or one position) of an average.

    Attributes:
        oc_tiles: output tiles.
        ic_tiles: input tiles that are summed.
        first_ic_tile: the first of them.
        tile_stride: words from one of them to the next, None for a tile of the map.
        kernel: taps.
        in_size: map that the taps walk.
        origin: offset of the window's first position, in rows and columns of the map, beside the padding.
        position: output row and column of a piece that makes only one, else None.
        own_tile: whether it depends on the first input tile only.
        first_weight_tile: the input tile that its first weights belong to.
    """

    oc_tiles: range
    ic_tiles: int
    first_ic_tile: int
    tile_stride: int | None
    kernel: tuple[int, int]
    in_size: tuple[int, int]
    origin: tuple[int, int]
    position: tuple[int, int] | None
    own_tile: bool
    first_weight_tile: int = 0

    @property
    def tiles_a_column(self) -> int:
        """Weight tiles of one output tile."""
        return self.ic_tiles * self.kernel[0] * self.kernel[1]


def pieces(stage: Stage) -> list[Piece]:
    """The CONV commands that a stage takes, for the same images and rows."""
    if not stage.averages:
        whole = range(stage.oc_tiles)
        return [Piece(whole, stage.ic_tiles, 0, None, stage.kernel, stage.in_size, (0, 0), None, False)]
    window = stage.layer.kernel
    result = []
    for tile in range(stage.oc_tiles):
        one = range(tile, tile + 1)
        if max(window) > MAX_KERNEL:  # the whole map, word after word
            words = window[0] * window[1]
            result.append(Piece(one, words, tile, 1, (1, 1), (1, 1), (0, 0), None, True))
        elif stage.layer.stride in STRIDES:
            result.append(Piece(one, 1, tile, None, window, stage.in_size, (0, 0), None, True))
        else:
            step = stage.layer.stride
            result += [
                Piece(one, 1, tile, None, window, stage.in_size, (y * step, x * step), (y, x), True)
                for y in range(stage.out_size[0])
                for x in range(stage.out_size[1])
            ]
    return result


def stages_of(network: Network, array: ArrayParameters) -> tuple[Stage, ...]:
    """A network's stages on an array, each checked.

    Args:
        network: the network.
        array: the array.

    Returns:
        One stage a layer.

    Raises:
        CompileError: a layer is beyond the hardware; names it and the reason. Too wide ones are all named.
    """
    check_widths(network)
    codes = network.image_codes
    image_range = (min(0, int(codes.min())), max(0, int(codes.max())))  # 0: its padding
    result = []
    for index, (layer, size) in enumerate(zip(network.layers, network.in_sizes, strict=True)):
        in_size = layer.sums_size(size) if layer.image_input else size
        stage = Stage(index, layer, array, in_size, size, image_range)
        stage.check()
        result.append(stage)
    return tuple(result)
