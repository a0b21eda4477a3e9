"""What takes long says so on standard error: a bar or a spinner on a terminal, elsewhere a line as each part ends.

Of several processes of one job only the first says it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from tilewright.process import is_first_process

# In a notebook too a line that is written over: rich's own display there takes ipywidgets.
messages = Console(stderr=True, soft_wrap=True, force_jupyter=False)

# Without a terminal: what ends sooner says nothing, and lines of one phase are that far apart
QUIET_SECONDS = 1.0
LINE_SECONDS = 2.0


class _Bar(ProgressColumn):
    """A bar, for phases whose end is known."""

    _bar = BarColumn()

    def render(self, task: Task) -> RenderableType:
        return Text() if task.total is None else self._bar.render(task)


class _Count(ProgressColumn):
    """``3/16``, for phases whose end is known; the part of the next one shows in the bar only."""

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{int(task.completed)}/{int(task.total)}")


class Phase:
    """One step of a command while it runs; :func:`phase` makes it.

    Args:
        text: what is being done.
        total: how many units it has; None where that is unknown.
        unit: their name.
        display: of the terminal; None where there is none.
    """

    def __init__(self, text: str, total: int | None, unit: str, display: Progress | None) -> None:
        self._total, self._unit, self._display = total, unit, display
        self._start = self._said = time.monotonic()
        self._done = 0.0
        self._task = None if display is None else display.add_task(text, total=total)

    @property
    def seconds(self) -> float:
        """Since its start."""
        return time.monotonic() - self._start

    def advance(self, more: float) -> None:
        """Shows that so many more units are done."""
        self.update(self._done + more)

    def update(self, done: float | None = None, text: str | None = None) -> None:
        """Shows how far it is.

        Args:
            done: units so far, parts of one included; None leaves it as it is.
            text: what is being done; None leaves it as it is.
        """
        self._done = self._done if done is None else done
        if self._display is not None and self._task is not None:
            self._display.update(self._task, completed=done, description=text)
        elif done is not None and self._total is not None and done >= 1:
            now = time.monotonic()
            if done >= self._total or now - self._said >= LINE_SECONDS:
                self._said = now
                _tell(f"{self._unit} {int(done)} of {self._total}, {self.seconds:.0f} s")

    def end(self, ended: str | None) -> None:
        """Ends it.

        Args:
            ended: what has been done, for a log; None says nothing.
        """
        if self._display is not None and self._task is not None:
            self._display.remove_task(self._task)
        elif ended is not None and self._total is None:
            tell_end(ended, self.seconds)


_displays: list[Progress] = []


@contextmanager
def phase(text: str, ended: str | None = None, total: int | None = None, unit: str = "image") -> Iterator[Phase]:
    """Shows a step while the block runs; one inside another shares its display.

    Args:
        text: what is being done: ``Exporting the network``.
        ended: what a log says once it is done: ``Exported the network``; None says nothing, as where units are counted.
        total: how many units it has; None where that is unknown.
        unit: their name, for a log.

    Yields:
        The step; its :meth:`Phase.update` moves the bar.
    """
    if not shows_display():
        step = Phase(text, total, unit, None)
        yield step
        step.end(ended)
        return
    with _display() as display:
        step = Phase(text, total, unit, display)
        try:
            yield step
        finally:
            step.end(None)


def shows_display() -> bool:
    """Whether somebody watches what moves."""
    return messages.is_terminal and is_first_process()


def tell_end(ended: str, seconds: float) -> None:
    """Tells a log what has been done, unless it took no time; a terminal has seen it.

    Args:
        ended: what has been done.
        seconds: that it took.
    """
    if seconds >= QUIET_SECONDS and not messages.is_terminal:
        _tell(f"{ended}, {seconds:.0f} s")


def _tell(text: str) -> None:
    if is_first_process():
        print_line(text)


def print_line(text: str) -> None:
    """Prints a line on standard error as it is."""
    messages.print(text, markup=False, highlight=False)


@contextmanager
def _display() -> Iterator[Progress]:
    if _displays:
        yield _displays[-1]
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), _Bar(), _Count(), TimeElapsedColumn())
    with Progress(*columns, console=messages, transient=True) as display:
        _displays.append(display)
        try:
            yield display
        finally:
            _displays.pop()
