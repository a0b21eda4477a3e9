"""What a training run shows: the CSV log, one line an epoch, a progress bar."""

import csv
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tilewright.files import written

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


def write_log(path: Path, rows: list[dict[str, Any]]) -> None:
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


def progress_bar(console: Console) -> Progress:
    """A bar over the fraction of the schedule; none where the output is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)
