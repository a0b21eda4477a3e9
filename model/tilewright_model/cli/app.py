"""What the commands share: the application, how a command is named, how it prints.

Exit status: 0 right, 1 a difference was found, 2 it could not be done, 130 or 143 interrupted by Ctrl-C or SIGTERM.
"""

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from safetensors import SafetensorError

from tilewright.cli.command_group import CommandGroup, examples, failures_named
from tilewright.process import packages_named
from tilewright_model import __version__

PROGRAM = "python -m tilewright_model"
#: the same as a script, which is what a shell can complete
SCRIPT = "tilewright-model"

Command = TypeVar("Command", bound=Callable[..., None])

app = typer.Typer(
    cls=CommandGroup,
    help="4-bit networks: training, measuring, and the integers that the hardware computes with.",
    epilog="Exit status: 0 right, 1 a difference was found, 2 it could not be done, 130 or 143 interrupted.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=Path(sys.argv[0]).name == SCRIPT,
)
console = Console(soft_wrap=True, markup=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"tilewright_model {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", help="print the version and exit", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


def command(name: str, first_example: str, second_example: str) -> Callable[[Command], Command]:
    """Make a function the command ``name``, with two examples in its help; each is what follows the program's name."""

    def register(function: Command) -> Command:
        @wraps(function)
        def named(*arguments: Any, **options: Any) -> None:
            with packages_named("model"), failures_named(SafetensorError, MemoryError, one_line=True):
                function(*arguments, **options)

        epilog = examples(*(f"{PROGRAM} {name} {example}" for example in (first_example, second_example)))
        app.command(name, epilog=epilog)(named)
        return function

    return register


def report(values: dict[str, Any], as_json: bool) -> None:
    """The values as one JSON object for machines, as a table for people."""
    if as_json:
        print(json.dumps(values))
        return
    table = Table(show_header=False)
    for name, value in values.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    console.print(table)
