"""Images as programs bring them, rows of bytes, and what becomes of them: taps folded into tiles of nibbles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tilewright.compiler.schedule import Load
from tilewright.compiler.stages import Stage
from tilewright.compiler.thresholds import IMAGE_OFFSET
from tilewright.hardware.beats import BEAT_BYTES, STREAM_WORD_BEATS, Beats
from tilewright.hardware.commands import Image
from tilewright.hardware.program_format import IMAGE

# Of high nibbles, and of low ones
WORDS_A_TILE = 2
_WORD_BYTES = STREAM_WORD_BEATS * BEAT_BYTES


def image_bytes(codes: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """Rows of some images.

    Args:
        codes: int8 (images, channels, h, w).

    Returns:
        uint8 (images, h, w * channels): the codes + 128, a pixel's channels side by side.
    """
    unsigned = (codes.astype(np.int16) + IMAGE_OFFSET).astype(np.uint8)
    return np.ascontiguousarray(unsigned.transpose(0, 2, 3, 1)).reshape(len(codes), codes.shape[2], -1)


def image_rows(stage: Stage, rows: range) -> tuple[range, int]:
    """What some rows of positions meet.

    Args:
        stage: of the first layer.
        rows: of its map.

    Returns:
        Rows of the image, at least one, the last of which may lie below it; and the rows of padding above them.
    """
    layer, (height, _) = stage.layer, stage.image_size
    first = rows.start * layer.stride - layer.padding
    stop = (rows.stop - 1) * layer.stride - layer.padding + layer.kernel[0]
    start = max(0, first)
    return range(start, max(start + 1, min(height, stop))), start - first


def image_beats(stage: Stage, load: Load) -> int:
    """Payload of the IMAGE command that brings a load's rows."""
    rows, _ = image_rows(stage, load.rows)
    return IMAGE.beats + len(load.buffer.images) * len(rows) * _row_words(stage) * STREAM_WORD_BEATS


def image_command(stage: Stage, load: Load, after: int) -> Image:
    """The IMAGE command of a load; its rows are zeros.

    Args:
        stage: of the first layer.
        load: rows of the map.
        after: CONV commands that must have read their last activation before.
    """
    layer, buffer, channels = stage.layer, load.buffer, stage.layer.in_channels
    rows, padding = image_rows(stage, load.rows)
    several = len(buffer.images) > 1
    return Image(
        address=buffer.address_of(buffer.images.start, 0, load.rows.start, 0),
        images=len(buffer.images),
        rows=len(rows),
        row_bytes=stage.image_size[1] * channels,
        out_h=len(load.rows),
        out_w=buffer.width,
        tile_stride=buffer.tile_stride,
        low_stride=buffer.image_stride // 2,
        image_stride=buffer.image_stride if several else 0,
        run_bytes=layer.kernel[1] * channels,
        step_bytes=layer.stride * channels,
        first_byte=-layer.padding * channels,
        kernel_h=layer.kernel[0],
        stride=layer.stride,
        padding=padding,
        data=np.zeros(image_beats(stage, load) - IMAGE.beats, dtype=np.uint64),
        after=after,
    )


def image_data(stage: Stage, load: Load, pixels: npt.NDArray[np.uint8]) -> Beats:
    """The rows of an IMAGE command.

    Args:
        stage: of the first layer.
        load: rows of the map.
        pixels: what :func:`image_bytes` gave for the batch.

    Returns:
        uint64: each row filled up to whole 128-bit words.
    """
    rows, _ = image_rows(stage, load.rows)
    height = pixels.shape[1]
    part = pixels[load.buffer.images.start : load.buffer.images.stop, rows.start : min(rows.stop, height)]
    below = len(rows) - part.shape[1]
    part = np.pad(part, ((0, 0), (0, below), (0, 0)), constant_values=IMAGE_OFFSET)
    part = np.pad(part, ((0, 0), (0, 0), (0, -part.shape[2] % _WORD_BYTES)))
    return part.reshape(-1).view("<u8").astype(np.uint64, copy=False)


def tile_pieces(run_bytes: int, kernel_h: int, n: int, lanes: int) -> Sequence[int]:
    """Pieces, a cycle each, that the tiles of a position take to be put together (cores/image/rtl/image_pieces.v).

    Args:
        run_bytes, kernel_h: of the command.
        n: bytes of a tile.
        lanes: bytes that a piece has at most; it goes to so many bytes of a tile, that begin at a multiple of it.
    """
    values = run_bytes * kernel_h
    starts = {*range(0, values, lanes), *range(0, values, run_bytes)}
    pieces = [0] * -(-values // n)
    for start in starts:
        pieces[start // n] += 1
    return pieces


def fold_cycles(stage: Stage, rows: int) -> int:
    """Cycles in which some rows of positions are folded where nothing holds them up, those between rows left out."""
    layer, array = stage.layer, stage.array
    tiles = tile_pieces(layer.kernel[1] * layer.in_channels, layer.kernel[0], array.n, array.image_lanes)
    return rows * stage.in_size[1] * sum(max(WORDS_A_TILE, count) for count in tiles)


def _row_words(stage: Stage) -> int:
    return -(-stage.image_size[1] * stage.layer.in_channels // _WORD_BYTES)
