"""Option of the self-test: ``pytest -p tilewright.selftest.plugin --pyargs tilewright.selftest --bitstream FILE``.

pytest reads the options of a package's own conftest too late for ``--pyargs``; without this, $TILEWRIGHT_BITSTREAM says
the same.
"""

from __future__ import annotations

import os

import pytest

from tilewright.environment import BITSTREAM_VARIABLE


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --bitstream."""
    parser.addoption("--bitstream", metavar="FILE", help="the .bit to load, its .hwh beside it")


def pytest_configure(config: pytest.Config) -> None:
    """Passes it on."""
    bitstream = config.getoption("--bitstream")
    if bitstream:
        os.environ[BITSTREAM_VARIABLE] = bitstream
