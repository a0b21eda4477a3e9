"""What both programs, ``tilewright`` and ``python -m tilewright_model``, have around their commands."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

FAILED = 2


@contextmanager
def packages_named(extra: str) -> Iterator[None]:
    """Turns a package that an import lacks into one line and exit status 2.

    Args:
        extra: of this distribution; brings the packages that the block imports.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package.startswith("tilewright"):
            raise
        print(f"Python package {package} is missing: pip install 'tilewright[{extra}]'", file=sys.stderr)
        raise SystemExit(FAILED) from None


@contextmanager
def program() -> Iterator[None]:
    """Turns what the file system refuses into one line and exit status 2, and lets signals end what has begun.

    SIGTERM and SIGHUP end the process as Ctrl-C does: half-written files are removed, helper processes end.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    try:
        try:
            yield
        finally:
            _flush()
    except OSError as error:
        print(in_one_line(error), file=sys.stderr)
        raise SystemExit(FAILED) from None


def in_one_line(error: OSError) -> str:
    """What the file system refused, and of which file, where the error names one."""
    place = "" if error.filename is None else f"{error.filename}: "
    return f"{type(error).__name__}: {place}{error.strerror or error}"


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    raise SystemExit(128 + number)


def _flush() -> None:
    """Writes what is left for standard output; where that fails, Python shall not try once more as it ends."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OSError(error.errno, error.strerror, "standard output") from error
