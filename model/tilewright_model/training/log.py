"""The log of a training run: written, printed, read."""

import csv
import time
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tilewright.files import written
from tilewright.progress import messages, shows_display, tell_end
from tilewright_model.errors import DataError

#: columns of numbers; a log need not have them all, and may have others, which are left out
COLUMNS = ("epoch", "rate", "loss", "train_accuracy", "held_out_accuracy", "test_accuracy", "seconds")
Row = dict[str, float | None]

LOG_FIELDS = [
    "epoch",
    "progress",
    "rate",
    "loss",
    "train_accuracy",
    "held_out_accuracy",
    "test_accuracy",
    "seconds",
]


def write_log(path: str | Path, rows: list[dict[str, Any]]) -> None:
    """Write all epochs so far, so that a resumed run holds each epoch once."""
    with written(path) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, LOG_FIELDS)
        writer.writeheader()
        writer.writerows(rows)


def epoch_line(row: dict[str, Any]) -> str:
    """One epoch for people."""
    measured = [(name, row[f"{name}_accuracy"]) for name in ("held_out", "test")]
    shown = "".join(f"  {name.replace('_', ' ')} {value:.2f} %" for name, value in measured if value is not None)
    return (
        f"epoch {row['epoch']:4d}  {100 * row['progress']:5.1f} % of the schedule  rate {row['rate']:.5f}  "
        f"loss {row['loss']:.4f}  train {row['train_accuracy']:.2f} %{shown}  {row['seconds']:.0f} s"
    )


class TrainingBar:
    """How far a run is: first that its first step is on its way, which may compile, then the schedule's fraction."""

    def __init__(self, bar: Progress, name: str, first_step: str) -> None:
        self._bar, self._name, self._first_step, self._start = bar, name, first_step, time.monotonic()
        self._task = bar.add_task(first_step, total=1.0)

    def __call__(self, done: float) -> None:
        """A step has ended, and with it so much of the schedule."""
        if self._first_step:
            tell_end("Took the first step", time.monotonic() - self._start)
            self._first_step = ""
        self._bar.update(self._task, completed=done, description=self._name)


def progress_bar() -> Progress:
    """A bar over the fraction of the schedule; none where the output is no terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=messages, disable=not shows_display())


def read_log(path: str | Path) -> list[Row]:
    """The rows of a log.csv, one an epoch, by column name; None where a cell is empty.

    Raises:
        DataError: the file is missing, holds no epoch or is no such log; names the line.
    """
    path = Path(path)
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
