"""Images as programs bring them, rows of bytes, and what becomes of them: taps folded into tiles of nibbles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

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


@dataclass(frozen=True)
class Images:
    """Where the rows of a program's IMAGE commands are among those of a batch, worked out once for all batches.

    Attributes:
        tables: 256 bytes a channel: the code + 128 of each value of a pixel.
        channels, height, width: of an image.
        rows: of an image, those below it that a command brings included.
        parts: for each command the images and the rows of each.
    """

    tables: tuple[bytes, ...] = field(repr=False)
    channels: int
    height: int
    width: int
    rows: int
    parts: tuple[tuple[slice, slice], ...] = field(repr=False)

    @classmethod
    def of(cls, stage: Stage, codes: npt.NDArray[np.int8], loads: Sequence[Load]) -> Images:
        """The images of a program.

        Args:
            stage: of the first layer.
            codes: int8 (channels, 256), of each value of a pixel.
            loads: one a command, in their order.
        """
        tables = (codes.astype(np.int16) + IMAGE_OFFSET).astype(np.uint8)
        wanted = [(load.buffer.images, image_rows(stage, load.rows)[0]) for load in loads]
        rows = max(stage.image_size[0], *(rows.stop for _, rows in wanted))
        parts = tuple((slice(images.start, images.stop), slice(rows.start, rows.stop)) for images, rows in wanted)
        return cls(tuple(map(bytes, tables)), stage.layer.in_channels, *stage.image_size, rows, parts)

    def data(self, pixels: npt.NDArray[np.uint8]) -> Beats:
        """The data of all commands, one behind the other.

        Args:
            pixels: uint8 (batch, channels, height, width).

        Returns:
            uint64: the rows as bytes, code + 128, a pixel's channels side by side, each filled up with zeros to whole
            128-bit words; rows below the image are 128, code 0.
        """
        row_bytes = self.width * self.channels
        by_channel = pixels.reshape(len(pixels), self.channels, -1)
        values = np.empty(pixels.size, dtype=np.uint8)
        for channel, table in enumerate(self.tables):
            # A bytearray: bytes would compare each byte with what it was. Of an array in a row: any other is slower
            plane = bytearray(np.ascontiguousarray(by_channel[:, channel]))
            values[channel :: self.channels] = np.frombuffer(plane.translate(table), dtype=np.uint8)
        staged = values.reshape(len(pixels), self.height, row_bytes)
        if self.rows > self.height or row_bytes % _WORD_BYTES:
            below, behind = self.rows - self.height, -row_bytes % _WORD_BYTES
            staged = np.pad(staged, ((0, 0), (0, below), (0, 0)), constant_values=IMAGE_OFFSET)
            staged = np.pad(staged, ((0, 0), (0, 0), (0, behind)))
        words = staged.view("<u8").astype(np.uint64, copy=False)
        beats = words.reshape(-1)
        runs = [beats[run] if isinstance(run, slice) else words[run].reshape(-1) for run in self._runs]
        return runs[0] if len(runs) == 1 else np.concatenate(runs)

    @cached_property
    def _runs(self) -> list[slice | tuple[slice, slice]]:
        """Beats of the parts among those of the batch, parts that lie side by side as one; else the part itself."""
        row = -(-self.width * self.channels // _WORD_BYTES) * STREAM_WORD_BEATS
        runs: list[slice | tuple[slice, slice]] = []
        for images, rows in self.parts:
            whole, first = rows.stop - rows.start == self.rows, (images.start * self.rows + rows.start) * row
            stop = first + (images.stop - images.start) * (rows.stop - rows.start) * row
            before = runs[-1] if runs else None
            if not whole and images.stop - images.start > 1:
                runs.append((images, rows))
            elif isinstance(before, slice) and before.stop == first:
                runs[-1] = slice(before.start, stop)
            else:
                runs.append(slice(first, stop))
        return runs


def image_rows(stage: Stage, rows: range) -> tuple[range, int]:
    """What some rows of positions meet.

    Args:
        stage: of the first layer.
        rows: of its map.

    Returns:
        Rows of the image, at least one, the last of which may lie below it; and the rows of padding above them.
    """
    layer, (height, _) = stage.layer, stage.image_size
    first = rows.start * layer.stride - layer.paddings[0]
    stop = (rows.stop - 1) * layer.stride - layer.paddings[0] + stage.image_kernel[0]
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
        run_bytes=stage.image_kernel[1] * channels,
        step_bytes=layer.stride * channels,
        first_byte=-layer.paddings[1] * channels,
        kernel_h=stage.image_kernel[0],
        stride=layer.stride,
        padding=padding,
        data=np.zeros(image_beats(stage, load) - IMAGE.beats, dtype=np.uint64),
        after=after,
    )


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
    (kernel_h, kernel_w), array = stage.image_kernel, stage.array
    tiles = tile_pieces(kernel_w * stage.layer.in_channels, kernel_h, array.n, array.image_lanes)
    return rows * stage.in_size[1] * sum(max(WORDS_A_TILE, count) for count in tiles)


def _row_words(stage: Stage) -> int:
    return -(-stage.image_size[1] * stage.layer.in_channels // _WORD_BYTES)
