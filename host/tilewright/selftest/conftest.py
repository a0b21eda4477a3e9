"""The device under test, its golden vectors, and a check that it still works."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import tilewright
from tilewright import __version__
from tilewright.driver import Driver
from tilewright.driver.flight import RunResult
from tilewright.environment import BITSTREAM_VARIABLE, BOARD_VARIABLE, DEVICE_VARIABLE
from tilewright.selftest.vectors import Vector, differences, load_vectors
from tilewright.target import DeviceKind, default_device, open_overlay

RunVector = Callable[[Vector], RunResult]


@pytest.fixture(scope="session")
def driver(record_testsuite_property: Callable[[str, object], None]) -> Driver:
    """The accelerator; what it is goes into the JUnit report."""
    asked = os.environ.get(DEVICE_VARIABLE) is None and BITSTREAM_VARIABLE in os.environ
    driver = Driver(open_overlay(DeviceKind.BOARD if asked else default_device()))
    info = driver.accelerator.info()
    facts = {
        "device": driver.device.name,
        "board": os.environ.get(BOARD_VARIABLE, ""),
        "clocks_mhz": ", ".join(str(clock.running_mhz) for clock in driver.clocks),
        "accelerator": str(info.array),
        "version": ".".join(map(str, info.version)),
        "build_hash": f"{info.build_hash:#010x}",
        "tilewright": __version__,
        "tilewright_folder": str(Path(tilewright.__file__).parent),
        "pynq": version("pynq"),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    for name, value in facts.items():
        record_testsuite_property(name, value)
    return driver


@pytest.fixture(scope="session")
def vectors(driver: Driver) -> dict[str, Vector]:
    """The golden vectors for this accelerator, by name."""
    return load_vectors(driver.array)


@pytest.fixture
def run_exactly(driver: Driver) -> RunVector:
    """`run_exactly(vector)` runs it and compares every integer."""

    def run(vector: Vector) -> RunResult:
        result = driver.run(vector.program)
        found = differences(vector, result.outputs)
        assert not found, found
        return result

    return run


@pytest.fixture
def still_works(run_exactly: RunVector, vectors: dict[str, Vector]) -> Callable[[], None]:
    """`still_works()`: whatever was done to the device, the next run is exact."""

    def check() -> None:
        run_exactly(vectors["features.27"])

    return check
