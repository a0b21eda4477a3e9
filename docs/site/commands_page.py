"""The site's page of commands: of both programs, from what their help is made of."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import typer

from tilewright.cli.app import app as host_app
from tilewright_model.__main__ import app as model_app

HEAD = """# Commands

Each command has `-h` with the same text. Progress goes to standard error. Exit status: 0 all right, 1 a difference was
found, 2 it could not be done.

"""
TABLE = "| | |\n|---|---|\n"


def page() -> str:
    """The page, in Markdown."""
    programs = (("tilewright", host_app), ("python -m tilewright_model", model_app))
    return HEAD + "\n".join(text for name, app in programs for text in _texts(name, typer.main.get_command(app)))


def _texts(name: str, command: Any, level: int = 2) -> Iterator[str]:
    """A command and those below it."""
    context = command.context_class(command, info_name=name)
    text, _, examples = f"{command.help or ''}\n\n{command.epilog or ''}".partition("Examples:")
    lines = [f"{'#' * level} {name}", "", _escaped(text).strip(), ""]
    records = [parameter.get_help_record(context) for parameter in command.params]
    rows = [f"| `{names}` | {_escaped(told)} |\n" for names, told in filter(None, records)]
    lines += [TABLE + "".join(rows).replace("\\|", "|")] if rows else []
    lines += ["", *(f"    {line.strip()}" for line in examples.replace("\\[", "[").splitlines() if line.strip()), ""]
    yield "\n".join(lines)
    for below, each in getattr(command, "commands", {}).items():
        yield from _texts(f"{name} {below}", each, min(level + 1, 4))


def _escaped(text: str) -> str:
    """Help as Markdown: what stands in angle brackets is no HTML, a bar no cell."""
    return html.escape(text.replace("\\[", "["), quote=False).replace("|", "&#124;")
