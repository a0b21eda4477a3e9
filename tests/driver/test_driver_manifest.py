"""BUILD_HASH is compared with the manifest beside the bitstream; a difference is said and stops nothing."""

import json
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pynq
import pytest

from tilewright.driver.driver import Driver
from tilewright.driver.manifest import MANIFEST, manifest_build_hash
from tilewright.errors import DeviceStateWarning
from tilewright.hardware.rtl_hash import build_hash
from tilewright.sim import ZYNQ_ULTRASCALE, SimDevice, SocParameters, build
from tilewright.sim.design import simulated_hwh
from tilewright.sim.metadata import write_files

NAME = "tilewright_8x8"
ENTRIES = [{"name": "other", "build_hash": "0x00000001"}, {"name": NAME, "build_hash": "0x89abcdef"}]


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (json.dumps(ENTRIES), 0x89ABCDEF),
        (json.dumps(ENTRIES[:1]), None),
        ("[]", None),
        (json.dumps({"name": NAME}), None),
        (json.dumps([{"name": NAME}]), None),
        ("no JSON", None),
        (None, None),
    ],
)
def test_what_the_manifest_says(tmp_path: Path, manifest: str | None, expected: int | None) -> None:
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest, encoding="utf-8")
    assert manifest_build_hash(tmp_path / f"{NAME}.bit") == expected


@pytest.fixture
def overlay(tmp_path: Path) -> Any:
    """Of a bitstream in a folder of its own."""
    parameters = SocParameters()
    text = simulated_hwh(parameters, ZYNQ_ULTRASCALE)
    write_files(tmp_path / f"{NAME}.bit", text, {"parameters": asdict(parameters)}, ZYNQ_ULTRASCALE)
    pynq.Device.active_device = SimDevice(seed=1)  # pynq's drivers ask for it
    return pynq.Overlay(str(tmp_path / f"{NAME}.bit"), device=pynq.Device.active_device)


@pytest.mark.simulation
def test_the_driver_says_when_it_differs(overlay: Any, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Driver(overlay).manifest_build_hash is None
        right = build_hash(build.cores_folder())
        entry = {"name": NAME, "build_hash": f"0x{right:08x}"}
        (tmp_path / MANIFEST).write_text(json.dumps([entry]), encoding="utf-8")
        assert Driver(overlay).manifest_build_hash == right
    (tmp_path / MANIFEST).write_text(json.dumps(ENTRIES), encoding="utf-8")
    with pytest.warns(DeviceStateWarning, match=rf"{right:#010x}, and the manifest beside {NAME}.bit says 0x89abcdef"):
        assert Driver(overlay).manifest_build_hash == 0x89ABCDEF
