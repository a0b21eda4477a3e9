"""One CONV command's share of a stage."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.hardware.commands import NEVER_RAISED


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
