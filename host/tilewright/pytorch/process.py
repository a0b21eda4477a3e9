"""Runs model/'s commands in processes of their own, because the host library never imports torch."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tilewright.errors import ModelProcessError

# Hours of a slow machine's work are no hang; more is.
WAIT_SECONDS = 2 * 3600.0
STOP_SECONDS = 10.0


def run_model(*arguments: str | Path) -> str:
    """Runs ``python -m tilewright_model`` to its end.

    Args:
        arguments: of the command.

    Returns:
        What it printed on standard output.

    Raises:
        ModelProcessError: it failed; with its own message.
    """
    process = ModelProcess(*arguments)
    try:
        return process.wait()
    finally:
        process.stop()


class ModelProcess:
    """A command of model/ that runs beside this process.

    Args:
        arguments: of the command.
    """

    def __init__(self, *arguments: str | Path) -> None:
        self.command = [sys.executable, "-m", "tilewright_model", *map(str, arguments)]
        # Files, not pipes: nobody reads while it runs. They are gone when closed.
        self._output = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(self.command, stdout=self._output, stderr=self._errors, text=True)

    def running(self) -> bool:
        """Whether it has not ended yet.

        Raises:
            ModelProcessError: it failed.
        """
        code = self._process.poll()
        if code:
            self._fail(code)
        return code is None

    def wait(self) -> str:
        """Waits for its end and returns what it printed.

        Raises:
            ModelProcessError: it failed, or has not ended after ``WAIT_SECONDS``.
        """
        try:
            code = self._process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired as error:
            self.stop()
            what = " ".join(self.command[2:4])
            raise ModelProcessError(f"PyTorch's process {what} has not ended in {WAIT_SECONDS:g} s") from error
        if code:
            self._fail(code)
        self._output.seek(0)
        return self._output.read()

    def stop(self) -> None:
        """Ends it, if it still runs."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)

    def _fail(self, code: int) -> None:
        texts = []
        for file in (self._errors, self._output):
            file.seek(0)
            texts.append(file.read().strip())
        raise ModelProcessError(_failure(self.command, code, *texts))


def _failure(command: Sequence[str], code: int, errors: str, printed: str) -> str:
    """What a process that failed is told as: its own message, without the command that started it.

    Of a fault that it does not name itself, which Python prints with a trace, all is kept.
    """
    if "Traceback (most recent call last)" in errors:
        return f"PyTorch's process failed: {errors.splitlines()[-1]}\n{' '.join(command)}\n{errors}"
    if code < 0:
        return f"PyTorch's process was ended by {signal.Signals(-code).name}" + (f": {errors}" if errors else "")
    # Behind warnings and lines of progress
    own = re.search(r"^\w+Error: .*\Z", errors, re.MULTILINE | re.DOTALL)
    return (own.group() if own else errors) or printed or f"PyTorch's process ended with status {code} and said nothing"
