"""Fixtures that all parts share: the device that tests run on, and the data that a machine may have."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tilewright.environment import BITSTREAM_VARIABLE, BOARD_VARIABLE, DEVICE_VARIABLE, HOST_VARIABLE
from tilewright.hardware.parameters import AcceleratorParameters
from tilewright.network.layer import ConvLayer
from tilewright.target import DeviceKind

OpenDevice = Callable[..., Any]

# Folders whose tests bring their own device
SIMULATED_FOLDERS = {
    Path(__file__).parent / name
    for name in ("board", "browser", "check", "face", "farm", "notebooks", "remote", "sim", "guest")
}
SIMULATED_ONLY = {"latency", "stall_probability", "system", "traced"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("device", "the device under test (docs/board.md)")
    kinds = [kind.value for kind in DeviceKind]
    group.addoption("--device", choices=kinds, default="sim", help="sim: the RTL, Verilated; board: under this Python")
    group.addoption("--bitstream", metavar="FILE", help="of a board: the .bit to load, its .hwh beside it")
    group.addoption("--host", help="of a remote board: HOST[:PORT]")
    group.addoption("--board", metavar="NAME", help="that the simulated device stands for: its .hwh, clock, streams")
    group.addoption("--seed", type=int, help="of the simulated device's stalls, where a test sets none")
    group.addoption(
        "--styles", action="store_true", help="also each style and stream of each array: a build of minutes each"
    )
    group.addoption("--graphs", type=int, default=35, metavar="N", help="random graphs on each array")


def pytest_configure(config: pytest.Config) -> None:
    """Has commands in processes of their own use the same device."""
    kind = DeviceKind(config.getoption("--device"))
    names = {BITSTREAM_VARIABLE: config.getoption("--bitstream"), HOST_VARIABLE: config.getoption("--host")}
    if kind is DeviceKind.SIM and any(names.values()):
        raise pytest.UsageError("--bitstream and --host go with --device board or remote")
    if kind is not DeviceKind.SIM and config.getoption("numprocesses", None):
        raise pytest.UsageError("one board, one process: leave out -n")
    names = {name: value or os.environ.pop(name, None) for name, value in names.items()}
    os.environ.pop(DEVICE_VARIABLE, None)
    os.environ.pop(BOARD_VARIABLE, None)
    if config.getoption("--board"):
        if kind is not DeviceKind.SIM:
            raise pytest.UsageError("--board goes with --device sim: a board has its own .hwh")
        os.environ[BOARD_VARIABLE] = config.getoption("--board")
    if kind is DeviceKind.SIM:
        return
    if not names[BITSTREAM_VARIABLE]:
        raise pytest.UsageError(f"--device {kind.value} needs --bitstream FILE")
    if kind is DeviceKind.REMOTE and not names[HOST_VARIABLE]:
        raise pytest.UsageError("--device remote needs --host HOST[:PORT]")
    os.environ |= {DEVICE_VARIABLE: kind.value, **{name: str(value) for name, value in names.items() if value}}


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what runs on a device; marks, and on a board skips, what only a simulation can do."""
    kind = config.getoption("--device")
    for item in items:
        if "open_device" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.device)
        if SIMULATED_FOLDERS & set(item.path.parents):
            item.add_marker(pytest.mark.simulation)
        if kind != DeviceKind.SIM.value and item.get_closest_marker("simulation") is not None:
            item.add_marker(pytest.mark.skip(reason=f"needs the simulated device, this is --device {kind}"))
        if kind == DeviceKind.REMOTE.value and item.get_closest_marker("shared_memory") is not None:
            item.add_marker(pytest.mark.skip(reason="a remote board's buffers are not in this computer's memory"))


@pytest.fixture(scope="session")
def open_device(request: pytest.FixtureRequest) -> OpenDevice:
    """`open_device(array=8, **parameters)` returns the overlay of the device under test.

    Of a simulated device, with these parameters of tilewright.sim.open_overlay, it is opened once a session. A board
    has one, with the array of its bitstream: a test that asks for one of another size, or for a memory with given
    stalls, is skipped. The device is pynq's active one after each call. A test that leaves it in an error, or that must
    not share it, opens its own.
    """
    kind = DeviceKind(request.config.getoption("--device"))
    seed = request.config.getoption("--seed")
    overlays: dict[tuple[Any, ...], Any] = {}

    def open_simulated(array: int | AcceleratorParameters = 8, **parameters: Any) -> Any:
        from pynq.pl_server.device import Device

        from tilewright.sim import hardware_of_board, open_overlay

        board = request.config.getoption("--board")
        if board and "system" not in parameters:
            parameters["board"] = board
            array = hardware_of_board(board, array) if isinstance(array, int) else array
        parameters.setdefault("seed", seed)
        key = (array, *sorted(parameters.items()))
        if key not in overlays:
            overlays[key] = open_overlay(array=array, **parameters)
        Device.active_device = overlays[key].device
        return overlays[key]

    def open_board(array: int | AcceleratorParameters = 8, **parameters: Any) -> Any:
        from pynq.pl_server.device import Device

        from tilewright.target import open_overlay

        if SIMULATED_ONLY & parameters.keys():
            pytest.skip(f"the memory of a {kind.value} device takes no {', '.join(SIMULATED_ONLY & parameters.keys())}")
        if not overlays or not overlays[()].is_loaded():  # a test may have run a command, which loads its own
            overlays[()] = open_overlay(kind)
        overlay = overlays[()]
        n = overlay.accelerator_0.array_parameters().n
        asked = array if isinstance(array, int) else array.n
        if n != asked:
            pytest.skip(f"the bitstream's array is {n}x{n}, this test asks for {asked}x{asked}")
        Device.active_device = overlay.device
        return overlay

    return open_simulated if kind is DeviceKind.SIM else open_board


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


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the documentation site."""
    # Imported here: `make test-host` has no mkdocs
    from site_build import built_once

    return built_once(tmp_path_factory)


@pytest.fixture
def small_layer() -> ConvLayer:
    """Two images of 19 -> 17 channels, kernel 3x2, stride 2, padding 1: edge tiles for every array."""
    rng = np.random.default_rng(7)
    return ConvLayer(
        name="small",
        weight_codes=rng.integers(-8, 8, (17, 19, 3, 2), dtype=np.int8),
        activation_codes=rng.integers(0, 16, (2, 19, 5, 6), dtype=np.uint8),
        stride=2,
        padding=1,
    )
