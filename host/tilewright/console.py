"""What the commands share: where they print, how they fail, the options that name a device, the device they open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tilewright.driver import Driver
from tilewright.errors import TargetError, TilewrightError
from tilewright.target import BITSTREAM_VARIABLE, HOST_VARIABLE, DeviceKind, default_device, open_overlay

output = Console()
messages = Console(stderr=True)

Array = Annotated[int, typer.Option(help="Rows and columns of the simulated array: 8, 16 or 32.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the simulated memory's stalls; default: a new one each time.")]
Device = Annotated[
    DeviceKind | None,
    typer.Option(
        help="Where to run: simulated, on the board under this Python, on a board over the network. "
        "Default: $TILEWRIGHT_DEVICE; else a board with --bitstream, or with --host a remote one; else, on a PYNQ "
        "board, the board; else simulated."
    ),
]
Bitstream = Annotated[
    Path | None,
    typer.Option(help=f"Of a board: the .bit file to load, its .hwh beside it. Default: ${BITSTREAM_VARIABLE}."),
]
Host = Annotated[str | None, typer.Option(help=f"Address of a remote board, HOST[:PORT]. Default: ${HOST_VARIABLE}.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@contextmanager
def failures_named() -> Iterator[None]:
    """Turns this package's exceptions into one message and exit code 2."""
    try:
        yield
    except TilewrightError as error:
        messages.print(f"[red]{type(error).__name__}[/red]: ", end="")
        messages.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error


def chosen_device(device: DeviceKind | None, bitstream: Path | None, host: str | None) -> DeviceKind:
    """The kind of device that the options mean.

    Args:
        device: --device.
        bitstream: --bitstream; alone it means a board.
        host: --host; alone it means a remote board.

    Raises:
        TargetError: the options contradict each other.
    """
    if device is None and host is not None:
        kind = DeviceKind.REMOTE
    elif device is None and bitstream is not None:
        kind = DeviceKind.REMOTE if default_device() is DeviceKind.REMOTE else DeviceKind.BOARD
    else:
        kind = default_device() if device is None else device
    if bitstream is not None and kind is DeviceKind.SIM:
        raise TargetError("--bitstream is for a board, the simulated device has --array: leave one out")
    if host is not None and kind is not DeviceKind.REMOTE:
        raise TargetError(f"--host is for --device remote, not for --device {kind.value}")
    return kind


def open_driver(
    array: int, seed: int | None, device: DeviceKind | None, bitstream: Path | None, host: str | None
) -> Driver:
    """The driver of the accelerator on the device that the options name.

    Args:
        array: rows and columns of the simulated array.
        seed: of the simulated device's stalls.
        device: kind of the device; None leaves it to the other options, see :func:`chosen_device`.
        bitstream: a board's .bit file.
        host: a remote board's address.

    Raises:
        TilewrightError: the device cannot be opened.
    """
    kind = chosen_device(device, bitstream, host)
    texts = {
        DeviceKind.SIM: f"Simulated device, {array}x{array} (compiled on first use)",
        DeviceKind.BOARD: "Loading the bitstream",
        DeviceKind.REMOTE: "Loading the bitstream over the network",
    }
    with spinner(messages, texts[kind]):
        return Driver(open_overlay(kind, array, bitstream=bitstream, host=host, seed=seed))


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
