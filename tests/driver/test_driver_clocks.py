"""The clocks that run are compared with those of the .hwh and of the manifest.

What the first project of this repository would have done on a PYNQ-Z2, and Vivado's own resizer.hwh does: its
processing system was set up for a crystal of 33.3 MHz, so its divisors make 62.5 MHz of the board's PLL.
"""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynq
import pynqmetadata
import pytest

from tilewright.boards.board import all_boards, board_of
from tilewright.driver.clocks import ClockReading, read_clocks
from tilewright.driver.driver import Driver
from tilewright.driver.manifest import MANIFEST
from tilewright.errors import DeviceStateWarning
from tilewright.sim import SimDevice, SocParameters, system_of
from tilewright.sim.design import simulated_hwh
from tilewright.sim.hwh_file import read_hwh
from tilewright.sim.metadata import write_files

pytestmark = pytest.mark.simulation
NAME = "tilewright"


def overlay_of(folder: Path, made_for: str, changes: dict[str, str], runs_on: str | None = None) -> Any:
    """A board's overlay with other parameters in its .hwh, on that board or another."""
    system = system_of(board_of(made_for))
    text = simulated_hwh(SocParameters(), system).decode()
    for name, value in changes.items():
        text, replaced = re.subn(rf'(NAME="{name}" VALUE=)"[^"]*"', rf'\g<1>"{value}"', text)
        assert replaced == 1, name
    write_files(folder / f"{NAME}.bit", text.encode(), {"parameters": asdict(SocParameters())}, system)
    device = SimDevice(seed=1, system=system_of(board_of(runs_on or made_for)))
    pynq.Device.active_device = device  # pynq's drivers ask for it
    return pynq.Overlay(str(folder / f"{NAME}.bit"), device=device)


@pytest.mark.parametrize("name", list(all_boards()))
def test_every_boards_clock_is_the_one_of_its_data(name: str, tmp_path: Path) -> None:
    overlay = overlay_of(tmp_path, name, {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (clock,) = Driver(overlay).clocks
    assert clock.running_mhz == pytest.approx(clock.hwh_mhz, rel=1e-4)
    assert overlay.device.clock_hz == pytest.approx(clock.hwh_mhz * 1e6, rel=1e-6)


def test_divisors_for_another_crystal(tmp_path: Path) -> None:
    changes = {"PCW_FCLK0_PERIPHERAL_DIVISOR0": "4", "PCW_FCLK0_PERIPHERAL_DIVISOR1": "4"}
    overlay = overlay_of(tmp_path, "pynq_z2", changes)
    assert overlay.device.clock_hz == 62.5e6
    with pytest.warns(
        DeviceStateWarning, match=r"PL clock 0 runs at 62\.5 MHz, tilewright\.hwh says 100 MHz; runs take"
    ):
        Driver(overlay)


def test_the_divisors_of_a_public_design(tmp_path: Path) -> None:
    """PYNQ's resizer as Vivado 2019.2 wrote it, for an xc7z020: pynq 3.1 writes its 4 x 4 to the board's 1000 MHz."""
    file = Path(pynqmetadata.__file__).parent / "tests" / "hwhs" / "resizer.hwh"
    if not file.is_file():
        pytest.skip("pynqmetadata comes without its tests")
    parser = read_hwh(file)
    device = overlay_of(tmp_path, "pynq_z2", {}).device
    pynq.Clocks.set_pl_clk(0, int(parser.clock_dict[0]["divisor0"]), int(parser.clock_dict[0]["divisor1"]))
    resizer = SimpleNamespace(device=device, ip_dict=parser.ip_dict, bitfile_name="resizer.bit")
    (clock,) = read_clocks(resizer)
    assert (clock.running_mhz, clock.hwh_mhz) == (62.5, 100.0)
    assert clock.differences(Path("resizer.bit"))


def test_another_boards_overlay(tmp_path: Path) -> None:
    """KV260's I/O PLL has 1000 MHz and AUP-ZU3's 1500: pynq 3.1 writes the same divisor to both."""
    overlay = overlay_of(tmp_path, "kv260", {}, "aup_zu3")
    pynq.Clocks.set_pl_clk(0, 10, 1)
    with pytest.warns(DeviceStateWarning, match=r"runs at 149\.9.* says 99\.999 MHz; timing was not met for that"):
        Driver(overlay)


def test_the_manifest_is_compared(tmp_path: Path) -> None:
    overlay = overlay_of(tmp_path, "pynq_z2", {})
    (tmp_path / MANIFEST).write_text(json.dumps({"tilewright_manifest": 2, "clock_mhz": 125}), encoding="utf-8")
    (clock,) = read_clocks(overlay)
    manifest = "the manifest.json beside tilewright.bit"
    assert clock.differences(tmp_path / f"{NAME}.bit") == [
        f"PL clock 0 runs at 100 MHz, {manifest} says 125 MHz; runs take longer than stated",
        f"PL clock 0: tilewright.hwh says 100 MHz, {manifest} 125 MHz",
    ]


def test_clocks_that_cannot_be_read(tmp_path: Path) -> None:
    overlay = overlay_of(tmp_path, "pynq_z2", {})
    overlay.device.arch = "x86_64"
    assert read_clocks(overlay) == (ClockReading(0, None, 100.0, None),)
    assert pynq.Clocks.device is overlay.device


def test_pynq_3_0_has_the_board_that_it_runs_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overlay = overlay_of(tmp_path, "kv260", {})
    monkeypatch.delattr(pynq.Clocks, "set_device")
    (clock,) = read_clocks(overlay)
    assert clock.running_mhz == pytest.approx(99.999)


def test_two_clocks(tmp_path: Path) -> None:
    """Streams of 128 bits on Zynq-7000: the ports to memory have a clock of their own."""
    from tilewright.boards.design import block_design
    from tilewright.boards.hwh import hwh
    from tilewright.boards.parameters import build_parameters

    board = board_of("pynq_z1")
    text = hwh(block_design(board, build_parameters(board, {"STREAM_W": 128}), 0))
    system = system_of(board)
    write_files(tmp_path / f"{NAME}.bit", text.encode(), {"parameters": asdict(SocParameters())}, system)
    overlay = pynq.Overlay(str(tmp_path / f"{NAME}.bit"), device=SimDevice(seed=1, system=system))
    assert [round(clock.hwh_mhz, 2) for clock in read_clocks(overlay)] == [100, 142.86]
    assert not [text for clock in read_clocks(overlay) for text in clock.differences(Path("x.bit"))]
