"""Hardware and files are compared with the manifest beside the bitstream; another BUILD_HASH stops nothing."""

import json
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import fake_bitstreams
import pynq
import pytest

from tilewright.bitstreams.manifest import MANIFEST, SCHEMA_VERSION, manifest_entry
from tilewright.driver.driver import Driver
from tilewright.errors import DeviceStateWarning, ParameterMismatchError
from tilewright.hardware.releases import RELEASES, Release, advice, current
from tilewright.hardware.rtl_hash import build_hash
from tilewright.sim import ZYNQ_ULTRASCALE, SimDevice, SocParameters, build
from tilewright.sim.design import simulated_hwh
from tilewright.sim.metadata import write_files

NAME = "tilewright"


@pytest.mark.parametrize(
    "text",
    ["[]", '{"name": "tilewright"}', '[{"name": "tilewright"}]', '{"tilewright_manifest": "2"}', "no JSON", None],
)
def test_what_is_no_manifest_of_ours(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / MANIFEST).write_text(text, encoding="utf-8")
    assert manifest_entry(tmp_path / f"{NAME}.bit") is None


@pytest.fixture
def overlay(tmp_path: Path) -> Any:
    """Of a bitstream in a folder of its own."""
    parameters = SocParameters()
    text = simulated_hwh(parameters, ZYNQ_ULTRASCALE)
    write_files(tmp_path / f"{NAME}.bit", text, {"parameters": asdict(parameters)}, ZYNQ_ULTRASCALE)
    pynq.Device.active_device = SimDevice(seed=1)  # pynq's drivers ask for it
    return pynq.Overlay(str(tmp_path / f"{NAME}.bit"), device=pynq.Device.active_device)


@pytest.fixture
def manifest(overlay: Any, tmp_path: Path) -> dict[str, Any]:
    """What is true of that bitstream."""
    return fake_bitstreams.manifest_of_simulated(tmp_path / f"{NAME}.bit")


def write(folder: Path, manifest: dict[str, Any]) -> None:
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.simulation
def test_the_driver_says_when_the_sources_differ(overlay: Any, manifest: dict[str, Any], tmp_path: Path) -> None:
    right = build_hash(build.cores_folder())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Driver(overlay).manifest_build_hash is None
        write(tmp_path, manifest)
        assert Driver(overlay).manifest_build_hash == right
    write(tmp_path, {**manifest, "build_hash": "0x89abcdef"})
    with pytest.warns(DeviceStateWarning, match=rf"{right:#010x}, and the manifest beside {NAME}.bit says 0x89abcdef"):
        assert Driver(overlay).manifest_build_hash == 0x89ABCDEF
    write(tmp_path, {**manifest, "tilewright_manifest": SCHEMA_VERSION + 1})
    with pytest.warns(DeviceStateWarning, match=f"has version {SCHEMA_VERSION + 1}, this library reads"):
        assert Driver(overlay).manifest_build_hash is None


@pytest.mark.simulation
def test_the_driver_refuses_other_hardware_with_both_values(
    overlay: Any, manifest: dict[str, Any], tmp_path: Path
) -> None:
    own = manifest["parameters"]
    shown = ("N", "ACC_W", "ACT_DEPTH", "ACC_DEPTH", "WGT_DEPTH", "OUT_DEPTH", "THR_DEPTH", "LOG_DEPTH")
    for name in (*shown, "SRAM_LATENCY", "DSP_COLUMNS", "DSP_CHAIN", "STREAM_W"):
        write(tmp_path, {**manifest, "parameters": {**own, name: own[name] + 1}})
        with pytest.raises(ParameterMismatchError, match=f"{name} is {own[name]} in .*, {own[name] + 1} in the man"):
            Driver(overlay)
    write(tmp_path, {**manifest, "program_format": 2})
    with pytest.raises(ParameterMismatchError, match="program_format is 3 in the hardware, 2 in the manifest"):
        Driver(overlay)
    write(tmp_path, {**manifest, "version": "0.1.0"})
    with pytest.raises(ParameterMismatchError, match=r"version is 0\.2\.0 in the hardware, 0\.1\.0 in the manifest"):
        Driver(overlay)
    write(tmp_path, {**manifest, "hwh_sha256": "0" * 64})
    with pytest.raises(ParameterMismatchError, match=f"{NAME}.hwh has SHA-256 .*, the manifest says 0000000000000000"):
        Driver(overlay)
    write(tmp_path, {"tilewright_manifest": SCHEMA_VERSION})
    with pytest.raises(ParameterMismatchError, match=r"damaged .*bitstream check"):
        Driver(overlay)


def test_releases_end_with_this_library() -> None:
    assert RELEASES[-1] == current()
    pairs = [(release.program_format, release.registers) for release in RELEASES]
    assert pairs == sorted(set(pairs))


def test_the_owner_of_an_older_bitstream_is_told_what_to_do() -> None:
    assert RELEASES[0] == Release("0.1.0 (commit ed99e28)", 1, (0, 1))
    assert "belong to Tilewright 0.1.0 (commit ed99e28): take that library" in advice((0, 1), 1)
    assert "look for a newer one" in advice((9, 0), 99)
