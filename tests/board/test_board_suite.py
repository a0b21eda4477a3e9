"""The suite on a board: `pytest --device board`, with the simulated device where pynq finds a board."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = "tests/slice/test_slice_layers.py"
PICKED = (
    f"{LAYERS}::test_random_layer[8-0]",
    f"{LAYERS}::test_random_layer[16-0]",
    f"{LAYERS}::test_cycles_of_the_squeezed_layer",
    "tests/slice/test_slice_errors.py::test_flipped_program_bit[0]",
    "tests/slice/test_slice_errors.py::test_missing_flush_of_a_part",
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


def test_suite_on_a_board(bitstream: Path, board_environment: dict[str, str], tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    options = ("--device", "board", "--bitstream", bitstream, f"--junitxml={junit}")
    process = run_pytest(*options, *PICKED, environment=board_environment)
    assert process.returncode == 0, process.stdout + process.stderr
    found = outcomes(junit)
    assert found.pop("test_random_layer[8-0]") == "passed"
    assert found.pop("test_flipped_program_bit[0]") == "passed"
    assert found.pop("test_random_layer[16-0]") == "the bitstream's array is 8x8, this test asks for 16x16"
    assert found.pop("test_cycles_of_the_squeezed_layer") == "the memory of a board device takes no stall_probability"
    assert "test_missing_flush_of_a_part" in found and len(found) > 5
    assert set(found.values()) == {"needs the simulated device, this is --device board"}


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
