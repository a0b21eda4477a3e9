"""Options of the self-test: ``pytest -p tilewright.selftest.plugin --pyargs tilewright.selftest --bitstream FILE``.

pytest reads the options of a package's own conftest too late for ``--pyargs``; without this, $TILEWRIGHT_BITSTREAM and
$TILEWRIGHT_BOARD say the same.
"""

from __future__ import annotations

import os

import pytest

from tilewright.environment import BITSTREAM_VARIABLE, BOARD_VARIABLE, DEVICE_VARIABLE


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --bitstream and --board."""
    parser.addoption("--bitstream", metavar="FILE", help="the .bit to load, its .hwh beside it")
    parser.addoption("--board", metavar="NAME", help="no board: the simulated device stands for it, with its .hwh")


def pytest_configure(config: pytest.Config) -> None:
    """Passes them on. Raises pytest.UsageError for both."""
    bitstream, board = config.getoption("--bitstream"), config.getoption("--board")
    if bitstream and board:
        raise pytest.UsageError("--bitstream is for a board, --board for the simulated device: one of them")
    if bitstream:
        os.environ[BITSTREAM_VARIABLE] = bitstream
    if board:
        os.environ |= {BOARD_VARIABLE: board, DEVICE_VARIABLE: "sim"}
