"""What the commands share: where they print, how they fail, the device that they open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tilewright.driver import Driver
from tilewright.errors import TilewrightError

output = Console()
messages = Console(stderr=True)


@contextmanager
def failures_named() -> Iterator[None]:
    """Turns this package's exceptions into one message and exit code 2."""
    try:
        yield
    except TilewrightError as error:
        messages.print(f"[red]{type(error).__name__}[/red]: ", end="")
        messages.print(str(error), markup=False, highlight=False)
        raise typer.Exit(2) from error


def open_driver(array: int, seed: int | None, bitstream: Path | None) -> Driver:
    """The driver of a board's accelerator, or of the simulated one.

    Args:
        array: rows and columns of the simulated array.
        seed: of the simulated device's stalls.
        bitstream: a board's .bit file; None simulates.

    Raises:
        TilewrightError: the device cannot be opened.
    """
    if bitstream is not None:
        import pynq

        return Driver(pynq.Overlay(str(bitstream)))
    from tilewright.sim import open_overlay

    with spinner(messages, f"Simulated device, {array}x{array} (compiled on first use)"):
        return Driver(open_overlay(array=array, seed=seed))


def spinner(console: Console, text: str) -> Progress:
    """A progress display for a step of unknown length; use it with ``with``.

    Args:
        console: where it goes.
        text: what is being done.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    progress.add_task(text, total=None)
    return progress
