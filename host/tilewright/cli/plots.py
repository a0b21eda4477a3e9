"""What commands that draw share: the file, light or dark, and what can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tilewright.cli.argument_checks import check_writable
from tilewright.errors import CompileError

Dark = Annotated[bool, typer.Option("--dark", help="Pictures of --plot for dark pages.")]


@dataclass(frozen=True)
class Plot:
    """Where pictures go, and for which pages."""

    path: Path
    dark: bool = False


def checked_plot(path: Path | None, dark: bool) -> Plot | None:
    """What --plot and --dark say.

    Args:
        path: of the picture.
        dark: whether it is for dark pages.

    Raises:
        CompileError: the file has no suffix, or --dark stands alone.
        typer.BadParameter: the file cannot be written.
    """
    if path is None:
        if dark:
            raise CompileError("--dark: says how --plot draws; give --plot FILE as well")
        return None
    check_writable("--plot", path)
    if not path.suffix:
        raise CompileError(f"--plot {path}: the suffix says the format, such as .png")
    return Plot(path, dark)


@contextmanager
def plot_errors(path: Path) -> Iterator[None]:
    """Names what keeps a picture from being written.

    Args:
        path: of the picture.

    Raises:
        CompileError: there is no matplotlib, or the file cannot be written; says what to do.
    """
    try:
        yield
    except ImportError as error:
        raise CompileError(f"--plot needs matplotlib: pip install matplotlib ({error})") from error
    except (OSError, ValueError) as error:
        raise CompileError(f"{path}: the picture cannot be written: {error}") from error
