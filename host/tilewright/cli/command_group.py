"""How the program's commands are grouped, helped and refused: -h, examples, wrong arguments in one line, statuses."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from functools import partial
from typing import Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from tilewright.process import in_one_line
from tilewright.progress import messages, print_line

REFUSED, INTERRUPTED = 2, 130
# typer's own class of what is wrong with arguments, whichever click is below it
UsageError: type[Exception] = typer.BadParameter.__mro__[1]


class CommandGroup(TyperGroup):
    """A program whose exit status is 0 where all is right, 1 where a difference was found, 2 where it could not."""

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
        run = partial(super().main, args, prog_name, complete_var, False, windows_expand_args, **extra)
        if not standalone_mode:
            return run()
        try:
            _refuse_empty(sys.argv[1:] if args is None else args)
            status = run()
        except UsageError as error:
            _print_refusal(error)
            sys.exit(REFUSED)
        except (typer.Abort, KeyboardInterrupt):
            print_line("interrupted")
            sys.exit(INTERRUPTED)
        except OSError as error:
            print_line(in_one_line(error))
            sys.exit(REFUSED)
        except Exception:
            # Python's own status would say that a difference was found.
            traceback.print_exc()
            sys.exit(REFUSED)
        sys.exit(status if isinstance(status, int) else 0)


def examples(*commands: str) -> str:
    """Examples for the end of a command's help, a line each."""
    return "\n\n".join(["Examples:", *(f"  {escape(command)}" for command in commands)])


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
    messages.print("[red]UsageError[/red]: ", end="")
    print_line(" ".join(error.format_message().split()) + where)
