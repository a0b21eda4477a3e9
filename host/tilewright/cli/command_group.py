"""How commands are grouped, helped and refused, of ``tilewright`` and of ``python -m tilewright_model``.

-h, examples, one line for what is wrong, exit statuses.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from tilewright.cli.narrow import fold_help
from tilewright.errors import TilewrightError
from tilewright.process import refusal
from tilewright.progress import messages, print_line

DIFFERENT, REFUSED, INTERRUPTED = 1, 2, 130
HELP = {"-h", "--help"}
# typer's own class of what is wrong with arguments, whichever click is below it
UsageError: Any = typer.BadParameter.__mro__[1]


class CommandGroup(TyperGroup):
    """A program whose exit status is 0 where all is right, 1 where a difference was found, 2 where it could not.

    Attributes:
        words: what the program was called with.
    """

    words: Sequence[str] = ()

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command, as click's ``main`` does; a wrong argument is one line on standard error."""
        self.words = sys.argv[1:] if args is None else list(args)
        if len(self.words) < 2 or not HELP.isdisjoint(self.words):  # a group alone shows its help, too
            fold_help()
        run = partial(super().main, args, prog_name, complete_var, False, windows_expand_args, **extra)
        if not standalone_mode:
            return run()
        try:
            _refuse_empty(self.words)
            status = run()
        except UsageError as error:
            _print_refusal(error)
            sys.exit(REFUSED)
        except (typer.Abort, KeyboardInterrupt):
            print_line("interrupted")
            sys.exit(INTERRUPTED)
        except OSError as error:
            _print_failure(type(error).__name__, refusal(error))
            sys.exit(REFUSED)
        except Exception:
            # Python's own status would say that a difference was found.
            traceback.print_exc()
            sys.exit(REFUSED)
        sys.exit(status if isinstance(status, int) else 0)

    def invoke(self, ctx: Any) -> Any:
        """Run a command, as click's ``invoke`` does; Ctrl-C is said: typer makes a status of it and no word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            print_line("interrupted")
            raise typer.Exit(INTERRUPTED) from error


def examples(*commands: str) -> str:
    """Examples for the end of a command's help, a line each."""
    return "\n\n".join(["Examples:", *(f"  {escape(command)}" for command in commands)])


@contextmanager
def failures_named(*others: type[Exception], one_line: bool = False) -> Iterator[None]:
    """Turns what this project or the file system refuses into the exception's kind, message, notes, and exit status 2.

    Args:
        others: exceptions of other packages that are refusals too.
        one_line: whether a message of several lines becomes one.
    """
    refusals: tuple[type[Exception], ...] = (TilewrightError, OSError, *others)
    try:
        yield
    except refusals as error:
        text = refusal(error) if isinstance(error, OSError) else str(error)
        if one_line:
            text = " ".join(text.split())
        _print_failure(type(error).__name__, text or "no reason was given", *getattr(error, "__notes__", ()))
        raise typer.Exit(REFUSED) from error


def _print_failure(kind: str, *lines: str) -> None:
    messages.print(f"[red]{kind}[/red]: ", end="")
    for line in lines:
        print_line(line)


def _refuse_empty(arguments: Sequence[str]) -> None:
    """Refuses what a shell makes of a variable that is not set: as a path it would be the folder that one is in."""
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if argument == "--":
            return
        if not argument or (argument.startswith("--") and argument.endswith("=")):
            name = argument[:-1] or before
            raise UsageError(f"An empty argument{f' after {name}' if name else ''}: a variable that is not set?")


def _print_refusal(error: Any) -> None:
    """One line; help that stands for missing arguments has been printed already."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return
    where = "" if error.ctx is None else f" (help: {error.ctx.command_path} -h)"
    _print_failure("UsageError", " ".join(error.format_message().split()) + where)
