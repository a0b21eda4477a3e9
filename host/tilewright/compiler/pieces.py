"""The CONV commands that a stage takes for the same images and rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt

from tilewright.compiler.copies import copies_of
from tilewright.compiler.digits import digit
from tilewright.compiler.geometry import Geometry
from tilewright.compiler.piece import Piece
from tilewright.hardware.commands import NEVER_RAISED
from tilewright.hardware.parameters import STRIDES


def pieces_of(stage: Geometry) -> list[Piece]:
    """The CONV commands of a stage, in order."""
    if stage.layer.copies:
        return list(copies_of(stage))
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


def tile_rows(stage: Geometry, piece: Piece) -> npt.NDArray[np.int8]:
    """Weights of a piece of one output tile, int8 (passes, n rows, n columns)."""
    block = _block(stage, piece)
    dilation = stage.operands[piece.operand].dilation
    if dilation > 1:  # one tap
        ky, kx = (offset // dilation for offset in piece.origin)
        block = block[:, ky : ky + 1, kx : kx + 1]
    n = stage.array.n
    return np.concatenate([digit(block, level).reshape(-1, n, n) for level in piece.levels])


def _average(stage: Geometry) -> Iterator[Piece]:
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


def _output_tile(stage: Geometry, tile: int) -> list[Piece]:
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


def _turn(stage: Geometry, tile: int) -> list[Piece]:
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


def _takes_more_levels(stage: Geometry, piece: Piece) -> bool:
    """Whether a piece reads one word a position, which it can read again for the next digits."""
    one_word = piece.own_tile and not stage.folded and _parts(stage, piece.operand) == 1
    return one_word and len(piece.levels) == piece.ic_tiles


def _level(stage: Geometry, tile: int, index: int, level: int, raises: bool) -> Iterator[Piece]:
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


def _parts(stage: Geometry, index: int) -> int:
    """Words of an operand's map that hold the images of a word of the output."""
    return max(1, stage.lanes // stage.source_lanes[index])


def _input_tiles(stage: Geometry, index: int, tile: int) -> tuple[int, int]:
    """The first input tile that an output tile reads of an operand, and how many."""
    operand, n = stage.operands[index], stage.array.n
    if stage.source_lanes[index] > 1:
        return 0, 1
    outputs, inputs = operand.out_channels // operand.groups, operand.in_channels // operand.groups
    first_group = tile * n // outputs
    last_group = (min((tile + 1) * n, operand.out_channels) - 1) // outputs
    first = (operand.first_channel + first_group * inputs) // n
    return first, -(-(operand.first_channel + (last_group + 1) * inputs) // n) - first


def _block(stage: Geometry, piece: Piece) -> npt.NDArray[np.int64]:
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
