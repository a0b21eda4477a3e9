"""Reading the log.csv of a training run."""

import csv
from pathlib import Path

from tilewright_model.errors import DataError

#: columns of numbers; a log need not have them all, and may have others, which are left out
COLUMNS = ("epoch", "rate", "loss", "train_accuracy", "held_out_accuracy", "test_accuracy", "seconds")

Row = dict[str, float | None]


def read_log(path: Path) -> list[Row]:
    """The rows of a log.csv, one an epoch, by column name; None where a cell is empty.

    Raises DataError, with the line's number, if the file is missing, holds no epoch or is no such log.
    """
    try:
        with path.open(newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if "epoch" not in (reader.fieldnames or []):
                raise DataError(f"{path} is no training log: its first line names no column 'epoch'")
            rows = [_row(path, reader.line_num, cells) for cells in reader]
    except FileNotFoundError as error:
        raise DataError(f"no training log at {path}; `python -m tilewright_model train` writes one") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a training log: {error}") from error
    if not rows:
        raise DataError(f"{path} holds no epoch yet")
    return rows


def _row(path: Path, line: int, cells: dict[str, str | None]) -> Row:
    if None in cells or None in cells.values():
        raise DataError(f"{path}, line {line}: not as many cells as the first line has columns")
    row = {name: _number(path, line, name, cells[name] or "") for name in COLUMNS if name in cells}
    if row["epoch"] is None:
        raise DataError(f"{path}, line {line}: no epoch")
    return row


def _number(path: Path, line: int, name: str, cell: str) -> float | None:
    try:
        return float(cell) if cell else None
    except ValueError as error:
        raise DataError(f"{path}, line {line}: {name} is {cell!r}, not a number") from error
