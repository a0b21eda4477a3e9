"""A Python that stands for a board's, with the simulated device behind pynq, and its bitstream."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOOK = ROOT / "tests" / "support" / "simulated_board"
# Packages of the extras that a board's Python does not have
BOARD_LACKS = "cocotb edalize fusesoc matplotlib rich safetensors skimage torch torchvision typer"


@pytest.fixture(scope="session")
def bitstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The .bit of an 8x8 accelerator, its .hwh beside it."""
    from tilewright.sim import SocParameters
    from tilewright.sim.metadata import write_overlay

    return write_overlay(SocParameters(n=8), tmp_path_factory.mktemp("bitstream"))


@pytest.fixture(scope="session")
def board_environment() -> dict[str, str]:
    """Environment of a Python that stands for a board's."""
    path = os.pathsep.join([str(HOOK), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "TILEWRIGHT_SIMULATED_BOARD": "1", "PYTHONPATH": path}


@pytest.fixture(scope="session")
def bare_board_environment(board_environment: dict[str, str]) -> dict[str, str]:
    """The same without the packages that only a host has."""
    return {**board_environment, "BOARD_LACKS": BOARD_LACKS}
