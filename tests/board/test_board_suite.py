"""The suite on a board: `pytest --device board` and `--device remote`, with the simulated device behind pynq."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from remote_server import serving

ROOT = Path(__file__).resolve().parents[2]
LAYERS = "tests/driver/test_driver_layers.py"
PICKED = (
    f"{LAYERS}::test_random_layer[8-0]",
    f"{LAYERS}::test_random_layer[16-0]",
    f"{LAYERS}::test_cycles_of_the_squeezed_layer",
    "tests/driver/test_driver_errors.py::test_flipped_program_bit[0]",
    "tests/driver/test_driver_errors.py::test_missing_flush_of_a_part",
    "tests/sim/test_sim_memory.py",
)


def run_pytest(*arguments: str | Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def outcomes(junit: Path) -> dict[str, str]:
    """For each test `passed`, `failed`, or why it was skipped."""
    found = {}
    for case in ElementTree.parse(junit).iter("testcase"):
        skipped = case.find("skipped")
        failed = case.find("failure") is not None or case.find("error") is not None
        found[case.attrib["name"]] = "failed" if failed else "passed" if skipped is None else skipped.attrib["message"]
    return found


def assert_picked(kind: str, options: tuple[str | Path, ...], environment: Mapping[str, str], junit: Path) -> None:
    """Runs what was picked: what a board can do passes, the rest is skipped and says why."""
    process = run_pytest("--device", kind, *options, f"--junitxml={junit}", *PICKED, environment=environment)
    assert process.returncode == 0, process.stdout + process.stderr
    found = outcomes(junit)
    assert found.pop("test_random_layer[8-0]") == "passed"
    assert found.pop("test_flipped_program_bit[0]") == "passed"
    assert found.pop("test_random_layer[16-0]") == "the bitstream's array is 8x8, this test asks for 16x16"
    assert found.pop("test_cycles_of_the_squeezed_layer") == f"the memory of a {kind} device takes no stall_probability"
    assert "test_missing_flush_of_a_part" in found and len(found) > 5
    assert set(found.values()) == {f"needs the simulated device, this is --device {kind}"}


def test_suite_on_a_board(bitstream: Path, board_environment: dict[str, str], tmp_path: Path) -> None:
    assert_picked("board", ("--bitstream", bitstream), board_environment, tmp_path / "junit.xml")


def test_suite_on_a_remote_board(tmp_path: Path) -> None:
    with serving("--port", "0") as server:
        options = ("--bitstream", server.bitstream, "--host", server.host)
        assert_picked("remote", options, os.environ, tmp_path / "junit.xml")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--device", "board"], "--device board needs --bitstream FILE"),
        (["--device", "board", "--bitstream", "x.bit", "-n", "2"], "one board, one process"),
    ],
)
def test_options_that_make_no_sense(options: list[str], message: str) -> None:
    process = run_pytest(*options, "tests/board/test_board_options.py", environment=os.environ)
    assert process.returncode == pytest.ExitCode.USAGE_ERROR
    assert message in process.stderr


@pytest.mark.parametrize(
    ("name", "code", "said"), [("pynq_z2", 0, "1 passed"), ("kv2600", 1, "no board 'kv2600'; there are aup_zu3")]
)
def test_the_suite_with_a_boards_hwh(name: str, code: int, said: str) -> None:
    """The simulated device stands for a board; `make boards` runs all of it for each."""
    done = run_pytest(f"{LAYERS}::test_random_layer[8-0]", "--board", name, environment=os.environ)
    assert done.returncode == code and said in done.stdout, done.stdout + done.stderr


def test_a_board_has_a_hwh_of_its_own() -> None:
    done = run_pytest(LAYERS, "--board", "pynq_z2", "--device", "board", "--bitstream", "x.bit", environment=os.environ)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR and "a board has its own .hwh" in done.stderr


def test_the_self_test_with_a_boards_hwh(tmp_path: Path) -> None:
    """Where it opens the device; whole self-tests build each board's own hardware: `make boards`."""
    plugin = ["-p", "tilewright.selftest.plugin", "--pyargs", "tilewright.selftest"]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *plugin, "--board", "kv2600", "-x"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "no board 'kv2600'; there are aup_zu3" in done.stdout, done.stdout + done.stderr
