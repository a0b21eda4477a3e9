"""Names and values in two columns, as text for a terminal and as HTML for a notebook."""

from __future__ import annotations

import html
import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# Below this a value's column is no longer folded
_NARROWEST = 20
_CELL = 'style="text-align: left; vertical-align: top"'


@dataclass(frozen=True)
class Table:
    """A table that prints as text, and that a notebook shows as HTML.

    Attributes:
        title: above it.
        rows: values by their names.
        below: lines under it, kept as they are.
        pictures: HTML under all that in a notebook; nothing as text.
    """

    title: str
    rows: Mapping[str, str]
    below: tuple[str, ...] = ()
    pictures: str = field(default="", repr=False)

    def text(self, width: int) -> str:
        """The table as lines.

        Args:
            width: characters of a line; values are folded to it, lines below are not.
        """
        names = max(map(len, self.rows), default=0)
        room = max(_NARROWEST, width - names - 2)
        lines = [self.title]
        for name, value in self.rows.items():
            for index, part in enumerate(textwrap.wrap(value, room) or [""]):
                lines.append(f"{'' if index else name:{names}}  {part}".rstrip())
        return "\n".join([*lines, *self.below])

    def __str__(self) -> str:
        return self.text(shutil.get_terminal_size().columns)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th {_CELL}>{html.escape(name)}</th><td {_CELL}>{html.escape(value)}</td></tr>"
            for name, value in self.rows.items()
        )
        below = f"<pre>{html.escape(chr(10).join(self.below))}</pre>" if self.below else ""
        return f"<table><caption>{html.escape(self.title)}</caption>{rows}</table>{below}{self.pictures}"


def grid(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a heading a column, as HTML.

    Args:
        title: above it.
        headings: of the columns.
        rows: a text a column each.
    """
    head = "".join(f"<th {_CELL}>{html.escape(heading)}</th>" for heading in headings)
    body = "".join(
        "<tr>" + "".join(f"<td {_CELL}>{html.escape(value)}</td>" for value in row) + "</tr>" for row in rows
    )
    return f"<table><caption>{html.escape(title)}</caption><tr>{head}</tr>{body}</table>"
