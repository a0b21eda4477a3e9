"""What is tried: the sizes of arrays, columns of DSPs, streams, batches, boards, and each combination of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.boards.board import all_boards, board_of
from tilewright.hardware.parameters import ARRAY_SIZES, STREAM_WIDTHS
from tilewright.silicon.budget import most_dsp_columns
from tilewright.silicon.configuration import Configuration
from tilewright.silicon.parts import Part, part_of

BATCHES = (1, 4, 16)


@dataclass(frozen=True)
class Place:
    """A board, as far as a design depends on it.

    Attributes:
        name: of its file, such as ``pynq_z2``.
        title: for people.
        part: its device.
    """

    name: str
    title: str
    part: Part


def places(names: tuple[str, ...] = ()) -> tuple[Place, ...]:
    """Boards by their names.

    Args:
        names: of their files; none takes all.

    Raises:
        ParameterError: there is no such board, or nothing is known of its part.
    """
    boards = [board_of(name) for name in dict.fromkeys(names)] if names else list(all_boards().values())
    return tuple(Place(board.name, board.title, part_of(board.device)) for board in boards)


@dataclass(frozen=True)
class Space:
    """What is tried, every combination of it, those that do not exist included.

    Attributes:
        places: boards.
        arrays: rows and columns.
        dsp_columns: columns of DSPs; None takes none, half, all, and the most that a board's part has room for.
        streams: bits.
        batches: images a program.
    """

    places: tuple[Place, ...]
    arrays: tuple[int, ...] = ARRAY_SIZES
    dsp_columns: tuple[int, ...] | None = None
    streams: tuple[int, ...] = STREAM_WIDTHS
    batches: tuple[int, ...] = BATCHES

    def builds(self, part: Part) -> Iterator[Configuration]:
        """Configurations to try on a part, also those that cannot be built."""
        for n in self.arrays:
            columns = self.dsp_columns or sorted({0, n // 2, most_dsp_columns(part, n), n})
            yield from (Configuration(n, count, width) for width in self.streams for count in columns)

    def __len__(self) -> int:
        """Combinations."""
        return sum(len(list(self.builds(place.part))) for place in self.places) * len(self.batches)
