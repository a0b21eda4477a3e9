"""The self-test on the simulated device, in a process of its own with pynq's board finding it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tilewright.board.junit import Report, parse_report
from tilewright.environment import BITSTREAM_VARIABLE, DEVICE_VARIABLE
from tilewright.errors import BoardError

# pynq then finds the simulated device (tilewright.sim.device)
SIMULATED_BOARD_VARIABLE = "TILEWRIGHT_SIMULATED_BOARD"
_START = "import sys, pytest, tilewright.sim; sys.exit(pytest.main(sys.argv[1:]))"


def selftest_here(bitstream: Path, write: Callable[[str], None] = lambda line: None) -> Report:
    """Runs the self-test on the hardware that a simulated bitstream stands for.

    Args:
        bitstream: of :func:`tilewright.sim.write_overlay`.
        write: gets its output, line by line.

    Returns:
        Its report; tests that fail are in it.

    Raises:
        BoardError: it could not run.
    """
    environment = {
        **os.environ,
        DEVICE_VARIABLE: "board",
        BITSTREAM_VARIABLE: str(bitstream),
        SIMULATED_BOARD_VARIABLE: "1",
    }
    with tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
        report = Path(folder) / "selftest.xml"
        words = ["-p", "no:cacheprovider", "--tb=short", f"--junitxml={report}", "--pyargs", "tilewright.selftest"]
        with subprocess.Popen(
            [sys.executable, "-c", _START, *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                write(line)
        if process.returncode not in (0, 1):
            raise BoardError(f"the self-test could not run (exit code {process.returncode}); its output is above")
        return parse_report(report.read_text(encoding="utf-8"))
