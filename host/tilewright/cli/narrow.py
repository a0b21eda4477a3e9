"""Tables on screens that are too narrow for them: a list, or folded words; nothing is cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.columns import Columns
from rich.console import Console, ConsoleRenderable, Group
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

# Of a screen that no table is too wide for
_UNBOUNDED = 10_000


class Screen(Console):
    """A console that prints tables as lists where their longest words do not fit beside each other."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Prints as ``rich.console.Console`` does, tables by :func:`fitting`."""
        super().print(*(fitting(one, self) if isinstance(one, Table) else one for one in objects), **options)


def fitting(table: Table, console: Console) -> ConsoleRenderable:
    """A table, or what is in it as a list: for each row its headings and cells, one below the other.

    Args:
        table: for people.
        console: that it shall be printed on.
    """
    whole = Measurement.get(console, console.options.update_width(_UNBOUNDED), table)
    if whole.minimum <= console.width:
        return table
    parts: list[ConsoleRenderable] = [Text.from_markup(str(table.title))] if table.title else []
    return Group(*parts, *(part for row in _rows(table) for part in (row, Text())))


class _FoldedTable(Table):
    """A table that folds what is too long for its column, where rich's cuts it."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        super().add_row(*cells, **options)
        for column in self.columns:
            column.overflow = "fold"


class _FoldedColumns(Columns):
    """Texts beside each other, likewise."""

    def __init__(self, texts: Iterable[Any], **options: Any) -> None:
        super().__init__(texts, **options)
        for text in self.renderables:
            if isinstance(text, Text):
                text.overflow = "fold"


def fold_help() -> None:
    """Lets typer's help pages fold long options and words; typer has no setting for it."""
    import typer.rich_utils

    vars(typer.rich_utils).update(Table=_FoldedTable, Columns=_FoldedColumns)


def _rows(table: Table) -> Iterator[Table]:
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(no_wrap=True)
        row.add_column(overflow="fold")
        if table.show_header:
            for column, cell in zip(table.columns, cells, strict=True):
                row.add_row(column.header, cell)
        else:
            row.add_row(*cells[:2])
        yield row
