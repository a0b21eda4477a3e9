"""What a training run shows: the CSV log, one line an epoch, a progress bar."""

import csv
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tilewright.files import written
from tilewright_model.progress import ended

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


class TrainingBar:
    """How far a run is: first that its first step is on its way, which may compile, then the schedule's fraction."""

    def __init__(self, bar: Progress, name: str, first_step: str) -> None:
        self._bar, self._name, self._first_step, self._start = bar, name, first_step, time.monotonic()
        self._task = bar.add_task(first_step, total=1.0)

    def __call__(self, done: float) -> None:
        """A step has ended, and with it so much of the schedule."""
        if self._first_step:
            ended(self._first_step, self._start)
            self._first_step = ""
        self._bar.update(self._task, completed=done, description=self._name)


def progress_bar(console: Console) -> Progress:
    """A bar over the fraction of the schedule; none where the output is no terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal)
