"""What the commands share: the application, how a command is named, how it fails, how it prints.

Exit status: 0 right, 1 a difference was found, 2 it could not be done, 130 or 143 interrupted by Ctrl-C or SIGTERM.
"""

import json
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from safetensors import SafetensorError
from typer.core import TyperGroup

from tilewright.errors import TilewrightError
from tilewright_model import __version__
from tilewright_model.progress import say

DIFFERENT, FAILED, INTERRUPTED = 1, 2, 130
PROGRAM = "python -m tilewright_model"
#: the same as a script, which is what a shell can complete
SCRIPT = "tilewright-model"
IS_SCRIPT = Path(sys.argv[0]).name == SCRIPT
#: typer's own class of what is wrong with arguments, whichever click is below it
UsageError: Any = typer.BadParameter.__base__

Command = TypeVar("Command", bound=Callable[..., None])


class Program(TyperGroup):
    """The application: wrong arguments are one line too, and whatever fails ends with exit status 2."""

    #: what the program was called with
    words: Sequence[str] = ()

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, *rest: Any, **extra: Any) -> Any:
        """Run it, and end Python with its exit status."""
        self.words = sys.argv[1:] if args is None else list(args)
        extra["standalone_mode"] = False
        try:
            status = super().main(self.words, prog_name or (SCRIPT if IS_SCRIPT else PROGRAM), *rest, **extra)
        except UsageError as error:
            status = FAILED
            if type(error).__name__ != "NoArgsIsHelpError":  # the help has been printed already
                where = error.ctx.command_path if error.ctx else PROGRAM
                _fail("UsageError", f"{error.format_message()} (help: {where} -h)")
        except Exception:
            traceback.print_exc()
            status = FAILED
        sys.exit(status if isinstance(status, int) else 0)


app = typer.Typer(
    cls=Program,
    help="4-bit networks: training, measuring, and the integers that the hardware computes with.",
    epilog="Exit status: 0 right, 1 a difference was found, 2 it could not be done, 130 or 143 interrupted.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=IS_SCRIPT,
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
    """Make a function the command `name`, with two examples in its help; each is what follows the program's name."""

    def register(function: Command) -> Command:
        @wraps(function)
        def named(*arguments: Any, **options: Any) -> None:
            with failures_named():
                function(*arguments, **options)

        examples = (f"{PROGRAM} {name} {example}" for example in (first_example, second_example))
        app.command(name, epilog="\n\n".join(["Examples:", *map(escape, examples)]))(named)
        return function

    return register


@contextmanager
def failures_named() -> Iterator[None]:
    """Turn what is refused into one line and exit status 2, Ctrl-C into one line and 130."""
    try:
        yield
    except UsageError:
        raise
    except KeyboardInterrupt as error:
        say("interrupted")
        raise typer.Exit(INTERRUPTED) from error
    except Exception as error:
        if isinstance(error, ModuleNotFoundError):
            _fail("ModuleNotFoundError", f"{error}: pip install '.[model]' in the checkout")
        elif isinstance(error, (TilewrightError, OSError, SafetensorError, MemoryError)):
            _fail(type(error).__name__, str(error))
        else:
            raise
        raise typer.Exit(FAILED) from error


def _fail(kind: str, message: str) -> None:
    line = " ".join(part.strip() for part in message.splitlines()) or "no reason was given"
    say(f"[red]{kind}[/red]: {escape(line)}", markup=True)


def report(values: dict[str, Any], as_json: bool) -> None:
    """The values as one JSON object for machines, as a table for people."""
    if as_json:
        print(json.dumps(values))
        return
    table = Table(show_header=False)
    for name, value in values.items():
        table.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    console.print(table)
