"""What can be said of arguments before any work: whether a file can be written, whether a number is one."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from tilewright.errors import TargetError
from tilewright.file_kinds import Role, refusal


def takes(role: Role) -> Callable[[Any], Any]:
    """A callback for an option that names files: refuses those of another kind, with the command that takes them.

    Args:
        role: what the option takes.

    Raises:
        typer.BadParameter: by the callback.
    """

    def checked(given: Any) -> Any:
        for path in given if isinstance(given, list | tuple) else filter(None, [given]):
            reason = refusal(path, role)
            if reason is not None:
                raise typer.BadParameter(reason)
        return given

    return checked


def check_writable(option: str, file: Path) -> None:
    """Makes sure, before any work, that a file could be written after it.

    Args:
        option: that names it.
        file: the file.

    Raises:
        TargetError: it is a folder, or its folder is missing or cannot be written.
    """
    if file.is_dir():
        raise TargetError(f"{option} {file}: this is a folder; give a file")
    check_new(option, file)
    if file.exists() and not os.access(file, os.W_OK):
        raise TargetError(f"{option} {file}: the file cannot be written")


def check_new(option: str, path: Path) -> None:
    """Makes sure, before any work, that a file or folder could be made after it.

    Args:
        option: that names it.
        path: of the file or folder.

    Raises:
        TargetError: the folder that it is in is missing or cannot be written.
    """
    if not path.parent.is_dir():
        raise TargetError(f"{option} {path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise TargetError(f"{option} {path}: the folder {path.parent} cannot be written")


def check_clock(megahertz: float) -> None:
    """Makes sure that --clock is a number.

    Raises:
        TargetError: it is infinite or none.
    """
    if not math.isfinite(megahertz):
        raise TargetError(f"--clock {megahertz}: the assumed clock is a number of MHz")
