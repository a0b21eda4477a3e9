"""When an IMAGE command's rows are taken, and when its last word is written (cores/image)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tilewright.compiler.image import WORDS_A_TILE, tile_pieces
from tilewright.compiler.timing.fifo import Cycles
from tilewright.hardware.beats import BEAT_BYTES, STREAM_WORD_BEATS
from tilewright.hardware.commands import Image
from tilewright.hardware.parameters import IMAGE_ROWS, ArrayParameters

# From the last word of fields to the first cycle in which a row's word can be taken, and from a row's last word to the
# next row's first
FIELD_CYCLES, ROW_CYCLES = 4, 3
# From the cycle in which a row is given back to the first in which one can be taken in its place
SPACE_CYCLES = 3
# From the last word of fields, and from the CONV command that a command waits for, to the first look at the rows
BEGIN_CYCLES, REACHED_CYCLES = 5, 3
# From a row's last word to the cycle in which it is seen to be there
CAME_CYCLES = 3
# From there to the cycle before the first piece can leave as a tile
START_CYCLES = 8
# From the cycle in which a row's last tile leaves to the next look at the rows
DONE_CYCLES = 2
# From the look at the rows that finds none left, and from the last word's writing, to the end
END_CYCLES, WRITTEN_CYCLES = 2, 2

Write = Callable[[int], int]


class ImageTiming:
    """Follows an IMAGE command row by row.

    Args:
        command: the command.
        array: its sizes.
        write: gives the first cycle, from one on, in which the activation memory takes a word.
    """

    def __init__(self, command: Image, array: ArrayParameters, write: Write | None) -> None:
        self._command = command
        self._words = -(-command.row_bytes // (STREAM_WORD_BEATS * BEAT_BYTES))
        self._pieces = tile_pieces(command.run_bytes, command.kernel_h, array.n, array.image_lanes)
        self._write = write
        self._written = 0  # when the last word is

    def run(self, fields: int, reached: int, take: Callable[[int, int], Cycles]) -> tuple[int, int]:
        """Goes through all rows.

        Args:
            fields: when the last word of fields is taken.
            reached: when the CONV command that it waits for has read its last activation.
            take: takes so many words of the stream from a cycle on.

        Returns:
            The cycles in which the last word of the stream is taken, and from which the next command can be.
        """
        command = self._command
        next_take = fields + FIELD_CYCLES
        now = max(fields + BEGIN_CYCLES, reached + REACHED_CYCLES)
        came: list[int] = []  # when the ring has each row
        given: list[int] = []  # when each row is given back
        total, base, last = command.images * command.rows, 0, 0

        def need(row: int) -> int:
            nonlocal next_take, last
            while len(came) <= row:
                index = len(came)
                if index >= IMAGE_ROWS:
                    next_take = max(next_take, given[index - IMAGE_ROWS] + SPACE_CYCLES)
                last = int(take(next_take, self._words)[-1])
                next_take = last + ROW_CYCLES
                came.append(last + CAME_CYCLES)
            return came[row]

        def give(now: int, row: int) -> int:
            now = max(now, need(row) - 1)
            given.append(now)
            return now + 1

        for _ in range(command.images):
            for y in range(command.out_h):
                top = y * command.stride - command.padding
                while len(given) - base < min(top, command.rows):
                    now = give(now, len(given))
                stop = min(top + command.kernel_h, command.rows)
                now = max(now + 1, need(base + stop - 1)) if stop > 0 else now + 1
                now = self._fold_row(now) + DONE_CYCLES
            while len(given) - base < command.rows:
                now = give(now, len(given))
            now += 1
            base += command.rows
        need(total - 1)
        return last, max(now + END_CYCLES, self._written + WRITTEN_CYCLES)

    def _fold_row(self, now: int) -> int:
        """When a row's last tile leaves that starts now."""
        pieces, count = self._pieces, self._command.out_w
        if self._write is None:
            # No words are before the first tile's
            steps = [max(WORDS_A_TILE, each) for each in pieces]
            now += START_CYCLES + count * sum(steps) - steps[0] + pieces[0]
            self._written = now + WORDS_A_TILE
            return now
        return self._held_row(now + START_CYCLES, pieces, count, self._write)

    def _held_row(self, left: int, pieces: Sequence[int], count: int, write: Write) -> int:
        """The same where words wait for codes that are written."""
        free = self._written
        for _ in range(count):
            for each in pieces:
                left = max(left + each, free)
                free = write(write(left + 1) + 1)
        self._written = free
        return left
