"""What the commands share: the application, their common options, and how they print."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

app = typer.Typer(
    help="4-bit networks: training, measuring, and the integers that the hardware computes with.", no_args_is_help=True
)
Data = Annotated[
    Path | None,
    typer.Option(help="folder with cifar10.npz or torchvision's (else CIFAR10_ROOT, else it is downloaded)"),
]
Checkpoint = Annotated[Path, typer.Option(help="packed .safetensors or a notebook's .pth")]
ImageFiles = Annotated[list[Path] | None, typer.Option("--image", help="an image file; may be repeated")]
TestImages = Annotated[Path | None, typer.Option("--data", help="CIFAR-10: take its test images")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Device = Annotated[str | None, typer.Option(help="cpu or cuda (default: cuda where there is one)")]
console = Console(soft_wrap=True, markup=False)


def report(values: dict[str, Any], as_json: bool) -> None:
    """The values as JSON for machines, as a table for people."""
    if as_json:
        print(json.dumps(values))
        return
    table = Table(show_header=False)
    for name, value in values.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    console.print(table)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, none where that is no terminal; yields the function that is told how many more are done."""
    screen = Console(stderr=True)
    with Progress(console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)
