"""Runs ``python -m tilewright.check`` on a board that was brought all, and reads what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from shlex import quote
from typing import Any

from tilewright.board.deploy import ENVIRONMENT, Installed, run_as_root
from tilewright.board.ssh import Ssh
from tilewright.errors import BoardError

FACTS = "check.json"
_CHECK = """
rm -f -- {facts}
exec {python} -m tilewright.check --bitstream ./{{bitstream}} --report {facts} {arguments}
"""


def check(
    board: Ssh, installed: Installed, arguments: Sequence[str], write: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Runs a plan there.

    Args:
        board: the board.
        installed: of :func:`tilewright.board.deploy.install`.
        arguments: of ``python -m tilewright.check``, without bitstream and report; files are those that were copied.
        write: gets its output, line by line.

    Returns:
        What it found, as :func:`tilewright.check.first_hour.run_plan` returns it.

    Raises:
        BoardError: it could not run.
    """
    what = installed.what
    words = " ".join(map(quote, arguments))
    script = ENVIRONMENT + _CHECK.format(facts=FACTS, python=quote(what.python), arguments=words)
    code = run_as_root(board, what, script, write)
    if code not in (0, 1):
        raise BoardError(f"{board.target}: the checks could not run (exit code {code}); their output is above")
    printed = board.run(f"cat -- {quote(what.folder)}/{FACTS}")
    try:
        found = json.loads(printed)
    except json.JSONDecodeError as error:
        raise BoardError(f"{board.target}: the checks left no readable report: {printed[:200]!r}") from error
    if not isinstance(found, dict):
        raise BoardError(f"{board.target}: the checks left no readable report: {printed[:200]!r}")
    return found
