"""The CONV commands that a stage takes for the same images and rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tilewright.compiler.digits import digit
from tilewright.hardware.commands import NEVER_RAISED
from tilewright.hardware.parameters import STRIDES

if TYPE_CHECKING:
    from tilewright.compiler.stages import Stage


@dataclass(frozen=True)
class AsImages:
    """Outputs at equal distances that the array walks as if they were images: it writes no others apart.

    Attributes:
        count: of them.
        read, write: words from what one reads to what the next reads, and from one to the next.
        width: outputs side by side that each is.
    """

    count: int
    read: int
    write: int
    width: int = 1


@dataclass(frozen=True)
class Piece:
    """One CONV command's share of a stage: all of a convolution, or what one output tile takes of one operand.

    Attributes:
        oc_tiles: output tiles.
        ic_tiles: input tiles that are summed, or levels of digits of the same one.
        first_ic_tile: the first of them.
        tile_stride: words from one of them to the next, None for a tile of the map.
        kernel: taps.
        in_size: map that the taps walk.
        origin: offset of the window's first position, in rows and columns of the map, beside the padding.
        position: output row and column of a piece that makes only one, or the first of one row, else None.
        as_images: outputs that it walks as if they were images; None where images are images.
        own_tile: whether it depends on the first input tile only.
        first_weight_tile: place of its first tile of weights among those of its output tile.
        operand: index of the operand that it sums.
        levels: of the digits of its weights: one, or one for each input tile.
        raise_from: the input tile that takes the sums so far 16-fold first.
        raise_each: whether those behind it do, too.
        resumes, holds: whether others of the same output tile come before, and behind.
        turn: of the stage's turns.
        part: of an output's images, which of the words that it reads; 0 where one holds them all.
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
    as_images: AsImages | None = None
    first_weight_tile: int = 0
    operand: int = 0
    levels: tuple[int, ...] = (0,)
    raise_from: int = NEVER_RAISED
    raise_each: bool = False
    resumes: bool = False
    holds: bool = False
    turn: int = 0
    part: int = 0

    @property
    def tiles_a_column(self) -> int:
        """Weight tiles of one output tile."""
        return self.ic_tiles * self.kernel[0] * self.kernel[1]

    def makes(self, row: int, column: int, width: int) -> bool:
        """Whether it makes an output of its output tiles and its step's rows.

        Args:
            row, column: of the output.
            width: columns of the output.
        """
        if self.position is None:
            return True
        if self.as_images is None:
            return self.position == (row, column)
        behind = (row - self.position[0]) * width + column - self.position[1]
        number, aside = divmod(behind, self.as_images.write)
        return behind >= 0 and number < self.as_images.count and aside < self.as_images.width

    @property
    def flat(self) -> bool:
        """Whether it sums whole maps word after word, as input tiles of one position."""
        return self.tile_stride == 1


def pieces_of(stage: Stage) -> list[Piece]:
    """The CONV commands of a stage, in order."""
    if stage.layer.copies:
        return list(_copies(stage))
    if stage.averages:
        return list(_average(stage))
    if not stage.plain:
        return [piece for tile in range(stage.oc_tiles) for piece in _output_tile(stage, tile)]
    whole = range(stage.oc_tiles)
    if stage.flat(0):
        words = stage.ic_tiles * stage.in_size[0] * stage.in_size[1]
        return [Piece(whole, words, 0, 1, (1, 1), (1, 1), (0, 0), None, False)]
    raise_from = stage.ic_tiles // 2 if stage.folded else NEVER_RAISED
    kernel = stage.walk(0).kernel
    return [Piece(whole, stage.ic_tiles, 0, None, kernel, stage.in_size, (0, 0), None, False, raise_from=raise_from)]


def tile_rows(stage: Stage, piece: Piece) -> npt.NDArray[np.int8]:
    """Weights of a piece of one output tile, int8 (passes, n rows, n columns)."""
    block = _block(stage, piece)
    dilation = stage.operands[piece.operand].dilation
    if dilation > 1:  # one tap
        ky, kx = (offset // dilation for offset in piece.origin)
        block = block[:, ky : ky + 1, kx : kx + 1]
    n = stage.array.n
    return np.concatenate([digit(block, level).reshape(-1, n, n) for level in piece.levels])


def _copies(stage: Stage) -> Iterator[Piece]:
    """Each tile as it is, pooled, or, where outputs do not follow each other in memory as inputs do, run by run."""
    for tile in range(stage.oc_tiles):
        whole = Piece(range(tile, tile + 1), 1, tile, None, (1, 1), stage.in_size, (0, 0), None, True)
        if not stage.by_runs:
            yield whole
            continue
        for origin, position, as_images in _RUNS[stage.layer.kind](stage):
            yield replace(whole, origin=origin, position=position, as_images=as_images)


_Run = tuple[tuple[int, int], tuple[int, int], AsImages]


def _repeated_rows(stage: Stage) -> Iterator[_Run]:
    """Rows of the input, every second row of the output, as many as there are accumulators for."""
    height, width = stage.in_size
    most = max(1, stage.array.acc_depth // width)
    for row in range(0, height, most):
        for again in range(2):
            yield (row, 0), (2 * row + again, 0), AsImages(min(most, height - row), width, 2 * width, width)


def _repeated_columns(stage: Stage) -> Iterator[_Run]:
    """All positions of some rows in a row, every second position of the output."""
    height, width = stage.in_size
    most = max(1, stage.array.acc_depth // width)
    for row in range(0, height, most):
        for again in range(2):
            yield (row, 0), (row, again), AsImages(min(most, height - row) * width, 1, 2)


def _windows(stage: Stage) -> Iterator[_Run]:
    """A row's windows within the map together, one that reaches beyond its left or right edge alone."""
    (height, width), (above, left) = stage.out_size, stage.layer.paddings
    inside = range(left, min(width, stage.in_size[1] - 1 + left))
    for row in range(height):
        for column in range(width):
            if column not in inside:
                yield (row - above, column - left), (row, column), AsImages(1, 1, 1)
        if inside:
            yield (row - above, 0), (row, inside.start), AsImages(len(inside), 1, 1)


_RUNS = {"max": _windows, "repeat_rows": _repeated_rows, "repeat_columns": _repeated_columns}


def _average(stage: Stage) -> Iterator[Piece]:
    """Each tile of an average reads its own input tile."""
    window, step = stage.layer.kernel, stage.layer.stride
    for tile in range(stage.oc_tiles):
        one = range(tile, tile + 1)
        if stage.flat(0):
            words = window[0] * window[1]
            yield Piece(one, words, tile, 1, (1, 1), (1, 1), (0, 0), None, True)
        elif step in STRIDES:
            yield Piece(one, 1, tile, None, window, stage.in_size, (0, 0), None, True)
        else:
            for y, x in product(range(stage.out_size[0]), range(stage.out_size[1])):
                yield Piece(one, 1, tile, None, window, stage.in_size, (y * step, x * step), (y, x), True)


def _output_tile(stage: Stage, tile: int) -> list[Piece]:
    """One output tile, turn after turn."""
    result: list[Piece] = []
    weight_tile = 0
    for turn in range(stage.turns):
        made = _turn(stage, tile)
        for number, piece in enumerate(made):
            holds = number < len(made) - 1
            result.append(replace(piece, turn=turn, first_weight_tile=weight_tile, resumes=number > 0, holds=holds))
            weight_tile += piece.tiles_a_column
    return result


def _turn(stage: Stage, tile: int) -> list[Piece]:
    """One output tile of some images: its operands' digits, the highest first."""
    made: list[Piece] = []
    before = None
    for index, level in stage.digit_levels:
        raises = before is not None and level < before
        before = level
        last = made[-1] if made else None
        if last and raises and last.operand == index and _takes_more_levels(stage, last):
            raise_from = min(last.raise_from, last.ic_tiles)
            made[-1] = replace(
                last,
                ic_tiles=last.ic_tiles + 1,
                tile_stride=0,
                levels=(*last.levels, level),
                raise_from=raise_from,
                raise_each=True,
            )
        else:
            made += _level(stage, tile, index, level, raises)
    return made


def _takes_more_levels(stage: Stage, piece: Piece) -> bool:
    """Whether a piece reads one word a position, which it can read again for the next digits."""
    one_word = piece.own_tile and not stage.folded and _parts(stage, piece.operand) == 1
    return one_word and len(piece.levels) == piece.ic_tiles


def _level(stage: Stage, tile: int, index: int, level: int, raises: bool) -> Iterator[Piece]:
    """One level of digits of one operand for one output tile."""
    operand = stage.operands[index]
    first, tiles = _input_tiles(stage, index, tile)
    if stage.folded:
        first = 0 if level else tiles
    places = [(operand.kernel, (0, 0))]
    if operand.dilation > 1:
        taps = product(*map(range, operand.kernel))
        places = [((1, 1), (ky * operand.dilation, kx * operand.dilation)) for ky, kx in taps]
    in_size, flat = stage.sizes[index], stage.flat(index)
    if flat:
        tiles, places, in_size = tiles * in_size[0] * in_size[1], [((1, 1), (0, 0))], (1, 1)
    parts = range(_parts(stage, index))
    for number, (part, (kernel, origin)) in enumerate(product(parts, places)):
        yield Piece(
            range(tile, tile + 1),
            tiles,
            first,
            1 if flat else None,
            kernel,
            in_size,
            origin,
            None,
            own_tile=tiles == 1 and len(places) == 1 and not flat,
            operand=index,
            levels=(0 if stage.folded else level,),
            raise_from=0 if raises and number == 0 else NEVER_RAISED,
            part=part,
        )


def _parts(stage: Stage, index: int) -> int:
    """Words of an operand's map that hold the images of a word of the output."""
    return max(1, stage.lanes // stage.source_lanes[index])


def _input_tiles(stage: Stage, index: int, tile: int) -> tuple[int, int]:
    """The first input tile that an output tile reads of an operand, and how many."""
    operand, n = stage.operands[index], stage.array.n
    if stage.source_lanes[index] > 1:
        return 0, 1
    outputs, inputs = operand.out_channels // operand.groups, operand.in_channels // operand.groups
    first_group = tile * n // outputs
    last_group = (min((tile + 1) * n, operand.out_channels) - 1) // outputs
    first = (operand.first_channel + first_group * inputs) // n
    return first, -(-(operand.first_channel + (last_group + 1) * inputs) // n) - first


def _block(stage: Stage, piece: Piece) -> npt.NDArray[np.int64]:
    """What an operand contributes to an output tile: int64 (ic_tiles, kernel_h, kernel_w, n rows, n columns).

    Where words hold several images, each image's channels meet their own: the blocks lie on a diagonal.
    """
    index, tile, n = piece.operand, piece.oc_tiles.start, stage.array.n
    operand, lanes = stage.operands[index], stage.source_lanes[index]
    outputs, inputs = operand.out_channels // operand.groups, operand.in_channels // operand.groups
    first, tiles = _input_tiles(stage, index, tile)
    block = np.zeros((tiles * n, n, *operand.kernel), np.int64)
    for image in range(min(lanes, stage.lanes)):
        row_lane = piece.turn * stage.lanes % lanes + image
        column_lane = piece.part * lanes + image
        top, left = row_lane * (n // lanes) - first * n, column_lane * stage.lane
        for channel in range(tile * n, min((tile + 1) * n, operand.out_channels)):
            row = top + operand.first_channel + channel // outputs * inputs
            block[row : row + inputs, left + channel - tile * n] = operand.weights[channel]
    shifted = block << 4 * operand.raised
    return np.ascontiguousarray(shifted.reshape(tiles, n, n, *operand.kernel).transpose(0, 3, 4, 1, 2))
