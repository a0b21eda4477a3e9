"""What is shown on stderr while something takes its time: a spinner or a bar, or a line at its end in a pipe."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

#: a pipe is told of the end of what is done when it has heard nothing for so long
QUIET_SECONDS = 1.0

_spoken = time.monotonic()


def say(line: str, *, markup: bool = False) -> None:
    """One line on stderr, however long."""
    global _spoken
    Console(stderr=True, soft_wrap=True).print(line, markup=markup, highlight=False)
    _spoken = time.monotonic()


def screen_console() -> Console:
    """Where progress is shown: stderr, and nowhere in any but the first of `torchrun`'s processes."""
    return Console(stderr=True, soft_wrap=True, quiet=os.environ.get("RANK", "0") != "0")


@contextmanager
def phase(what: str) -> Iterator[None]:
    """Show that `what` is being done: a step whose length nobody knows."""
    with _shown(what, None):
        yield


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how much of `total` is done; yields the function that is told how many more are."""
    with _shown(what, total) as advance:
        yield advance


@contextmanager
def _shown(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    screen, start = screen_console(), time.monotonic()
    counted = () if total is None else (BarColumn(), MofNCompleteColumn())
    columns = (SpinnerColumn(), TextColumn("{task.description}"), *counted, TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True, disable=screen.quiet or not screen.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)
    if not screen.is_terminal:
        ended(what if total is None else f"{what}: {total}", start)


def ended(what: str, start: float) -> None:
    """Tell a pipe that `what`, begun at `start` of the monotonic clock, has ended, unless it has just heard something.

    A terminal has seen it and is told nothing.
    """
    screen = screen_console()
    if time.monotonic() - _spoken >= QUIET_SECONDS and not screen.is_terminal and not screen.quiet:
        say(f"{what}, {time.monotonic() - start:.1f} s")
