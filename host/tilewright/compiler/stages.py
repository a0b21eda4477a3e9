"""The layers of a network as an array runs them, each checked against the hardware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.accumulators import overflow
from tilewright.compiler.geometry import Geometry
from tilewright.compiler.lanes import lanes_of
from tilewright.compiler.piece import Piece
from tilewright.compiler.pieces import pieces_of, tile_rows
from tilewright.compiler.thresholds import threshold_beats
from tilewright.compiler.tiles import weight_rows
from tilewright.compiler.widths import check_widths
from tilewright.errors import CompileError
from tilewright.hardware.beats import Beats, pack_nibbles
from tilewright.hardware.parameters import MAX_KERNEL, STRIDES, ArrayParameters
from tilewright.network.graph import IMAGE
from tilewright.network.network import Layer, Network


@dataclass(frozen=True)
class Stage(Geometry):
    """One layer on the array: its commands, weights and thresholds."""

    @cached_property
    def pieces(self) -> list[Piece]:
        """The CONV commands that it takes, for the same images and rows."""
        return pieces_of(self)

    @cached_property
    def packed_weights(self) -> Sequence[Beats]:
        """Weight beats of each output tile in the order of use, uint64 (passes * n * n / 16,) each."""
        n, weights = self.array.n, self.layer.weights
        if weights is None:
            channels = self.layer.out_channels if self.lanes == 1 else n
            tiles = weight_rows(np.eye(channels, dtype=np.int8)[:, :, None, None], n)
            diagonal = tiles[np.arange(self.oc_tiles), np.arange(self.oc_tiles)]
            tiles = np.repeat(diagonal[:, 0], self.pieces[0].tiles_a_column, axis=1)
        elif not self.plain:
            return [self._packed_tile(tile) for tile in range(self.oc_tiles)]
        elif self.folded:
            tiles = np.concatenate([weight_rows(self.operands[0].weights, n)] * 2, axis=1)
        else:
            tiles = weight_rows(weights, n)
        return list(pack_nibbles(tiles).reshape(self.oc_tiles, -1))

    def _packed_tile(self, tile: int) -> Beats:
        rows = [tile_rows(self, piece) for piece in self.pieces if piece.oc_tiles.start == tile]
        return pack_nibbles(np.concatenate(rows))

    @cached_property
    def threshold_tiles(self) -> Beats:
        """Threshold beats of each output tile, uint64 (oc_tiles, 7 n)."""
        channels = [channel for tile in range(self.oc_tiles) for channel in self.columns(tile)]
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
        for index, operand in enumerate(self.operands):
            window, size = operand.kernel, self.sizes[index]
            if max(window) > MAX_KERNEL and not self.folded and not self.flat(index):
                raise CompileError(
                    f"layer {self.name}: a window of {window[0]}x{window[1]} is larger than {MAX_KERNEL}x{MAX_KERNEL} "
                    f"and not the whole map of {size[0]}x{size[1]}"
                )
        if self.averages and self.layer.pool > 1 and self.layer.stride not in STRIDES:
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
        if self.folded and self.image_kernel[0] > MAX_KERNEL:
            raise CompileError(
                f"layer {self.name}: a kernel of {self.layer.kernel[0]}x{self.layer.kernel[1]} on the image has more "
                f"than {MAX_KERNEL} rows and is not the whole image"
            )

    def device_reach(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Smallest and largest sum of each channel in the array: of the image's codes + 128, int64 (oc,)."""
        return self.layer.reach(self.image_range[0] + 128, self.image_range[1] + 128)


def stages_of(network: Network, array: ArrayParameters, side_by_side: int = 1) -> tuple[Stage, ...]:
    """A network's stages on an array, each checked.

    Args:
        network: the network.
        array: the array.
        side_by_side: images that a word may hold where a layer has few channels: 1, 2 or 4.

    Returns:
        One stage a layer.

    Raises:
        CompileError: a layer is beyond the hardware; names it and the reason. Too wide ones are all named.
    """
    check_widths(network)
    codes = network.image_codes
    image_range = (min(0, int(codes.min())), max(0, int(codes.max())))  # 0: its padding
    lanes = lanes_of(network, array.n, side_by_side)
    result = []
    for index, (layer, sources) in enumerate(zip(network.layers, network.sources, strict=True)):
        sizes = [network.image[1:] if source == IMAGE else network.out_sizes[source] for source in sources]
        size = sizes[0]
        kernel = layer.kernel
        if layer.image_input:
            sizes[0] = layer.sums_size(size)
            size, kernel = _folded(layer, size, array)
        read = tuple(1 if source == IMAGE else lanes[source] for source in sources)
        stage = Stage(
            index, layer, array, sizes[0], size, kernel, image_range, sources, tuple(sizes), lanes[index], read
        )
        stage.check()
        result.append(stage)
    return tuple(result)


def _folded(layer: Layer, size: tuple[int, int], array: ArrayParameters) -> tuple[tuple[int, int], tuple[int, int]]:
    """Image and kernel as the accelerator folds them: where the kernel is the image, rows that it can hold as one.

    The bytes are the same in the same order; a kernel has at most seven rows.
    """
    height, width = size
    if layer.kernel != size or layer.paddings != (0, 0) or height <= MAX_KERNEL:
        return size, layer.kernel
    for rows in range(1, MAX_KERNEL + 1):
        if height % rows == 0 and height // rows * width * layer.in_channels < array.image_line:
            return (rows, height // rows * width), (rows, height // rows * width)
    return size, layer.kernel
