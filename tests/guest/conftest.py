"""A third party's overlay on the simulated device: cores/example."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pynq
import pytest

from tilewright.sim import simulate

EXAMPLE = Path(__file__).resolve().parents[2] / "cores" / "example"
HWH = EXAMPLE / "stream_scale.hwh"
RTL = EXAMPLE / "rtl" / "stream_scale.v"


@pytest.fixture(scope="session")
def scale_overlay() -> Any:
    return simulate(HWH, [RTL], seed=1)


@pytest.fixture
def scale(scale_overlay: Any) -> Iterator[Any]:
    """The overlay, downloaded anew: nothing of an earlier test is left."""
    pynq.Device.active_device = scale_overlay.device
    overlay = pynq.Overlay(scale_overlay.bitfile_name, device=scale_overlay.device)
    yield overlay


@pytest.fixture
def hwh() -> Path:
    return HWH


@pytest.fixture
def rtl() -> Path:
    return RTL
