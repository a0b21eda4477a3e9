"""The command line, run as a user runs it, or in this process where that says as much."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tilewright.cli.app import app


def tilewright(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `tilewright` with these arguments."""
    command = [sys.executable, "-m", "tilewright", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def refused(*arguments: str | Path) -> str:
    """The line that a command is refused with, in this process."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    return result.stderr


def json_of(process: subprocess.CompletedProcess[str]) -> Any:
    """The one line of JSON that a command printed."""
    assert process.stdout.count("\n") == 1, process.stdout + process.stderr
    return json.loads(process.stdout)
