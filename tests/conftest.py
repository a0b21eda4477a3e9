"""Fixtures that all parts share: the device that tests run on, and the data that a machine may have."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

OpenDevice = Callable[..., Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", choices=["sim"], default="sim", help="device under test (sim: the RTL, Verilated)")


@pytest.fixture(scope="session")
def open_device(request: pytest.FixtureRequest) -> OpenDevice:
    """`open_device(array=8, **parameters)` returns the overlay with these parameters of tilewright.sim.open_overlay.

    It is opened once a session and is pynq's active device after each call. A test that leaves the device in an error,
    or that must not share it, opens its own.
    """
    assert request.config.getoption("--device") == "sim"
    overlays: dict[tuple[Any, ...], Any] = {}

    def open_device(array: int = 8, **parameters: Any) -> Any:
        from pynq.pl_server.device import Device

        from tilewright.sim import open_overlay

        key = (array, *sorted(parameters.items()))
        if key not in overlays:
            overlays[key] = open_overlay(array=array, **parameters)
        Device.active_device = overlays[key].device
        return overlays[key]

    return open_device


@pytest.fixture(scope="session")
def cifar10_root() -> Path:
    """Return the folder with CIFAR-10 that CIFAR10_ROOT names; skips where it is not set."""
    root = os.environ.get("CIFAR10_ROOT")
    if not root:
        pytest.skip("CIFAR10_ROOT is not set: no CIFAR-10 on this machine")
    return Path(root)


@pytest.fixture(scope="session")
def stimulus_root() -> Path:
    """Return the folder with others' stimulus files that TILEWRIGHT_STIMULUS names; skips where it is not set."""
    root = os.environ.get("TILEWRIGHT_STIMULUS")
    if not root:
        pytest.skip("TILEWRIGHT_STIMULUS is not set: no stimulus files on this machine")
    return Path(root)
