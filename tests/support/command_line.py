"""The command line, run as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def tilewright(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `tilewright` with these arguments."""
    command = [sys.executable, "-m", "tilewright", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def json_of(process: subprocess.CompletedProcess[str]) -> Any:
    """The one line of JSON that a command printed."""
    assert process.stdout.count("\n") == 1, process.stdout + process.stderr
    return json.loads(process.stdout)
