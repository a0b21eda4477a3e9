"""`--trace FILE.fst`: what it writes after a mismatch, after a stop and after a run without fault; what it refuses."""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from tilewright.cli.app import app
from tilewright.cli.trace import trace_of_layer
from tilewright.driver import Driver
from tilewright.driver.channels import DirectChannels
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.runs.compare_layer import compare
from tilewright.runs.layer import verify_layer
from tilewright.runs.waveform import MAX_CYCLES

TICKS_A_CYCLE = 10


def contents(file: Path) -> tuple[int, int, int]:
    """First and last time and number of variables, from the header block that an FST begins with.

    Block type 0, its length, then as 64-bit words: start and end time, a double, memory, scopes, variables.
    """
    kind, length, start, end, _, _, scopes, variables = struct.unpack(">BQQQQQQQ", file.read_bytes()[:57])
    assert (kind, length) == (0, 329) and scopes > 10
    return start, end, variables


def run(*arguments: Any) -> Any:
    """`tilewright` with these arguments, in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def small(example: Callable[[str], Any], tmp_path: Path) -> tuple[Any, Path]:
    """The small network, and its images as a file."""
    case = example("small")
    case.images.save(tmp_path / "images.npz")
    return case, tmp_path / "images.npz"


def test_run_without_fault(small: tuple[Any, Path], tmp_path: Path) -> None:
    """The first program's beginning."""
    case, images = small
    file = tmp_path / "run.fst"
    outcome = run("run", case.path, "--images", images, "--count", "1", "--trace", file, "--json", "--seed", "4")
    facts = json.loads(outcome.stdout)
    assert outcome.exit_code == 0 and facts["waveform"] == str(file)
    start, end, variables = contents(file)
    last = min(facts["program_cycles"], MAX_CYCLES)
    assert (start, variables > 500) == (0, True)
    assert (last - 2) * TICKS_A_CYCLE <= end <= last * TICKS_A_CYCLE


def test_layer_without_and_with_a_mismatch(open_device: Callable[..., Any], tmp_path: Path) -> None:
    """A flipped expectation in the last output tile of the second image's program, with ReLU only."""
    rng = np.random.default_rng(3)
    weights = rng.integers(-7, 8, (20, 16, 3, 3), dtype=np.int8)
    codes = rng.integers(0, 16, (2, 16, 30, 30), dtype=np.uint8)
    layer = ConvLayer("two programs", weights, codes, padding=1)
    driver = Driver(open_device(array=8))
    plain = dataclasses.replace(layer, metadata={"max_distance": 0.0, "image_source": "-", "checkpoint_sha256": "-"})
    raw = layer_outputs(layer)
    known = dataclasses.replace(plain, accumulators=raw, float_integers=raw)
    outcome = verify_layer(driver, known)
    assert outcome.equal and outcome.programs == 2
    first = trace_of_layer(outcome, driver, tmp_path / "equal.fst")
    assert first is not None and first.repeated and "first program" in str(first)

    relu = np.maximum(raw, 0)
    relu[1, 17, 5, 5] += 1
    reports = (outcome.reports[0], compare(relu, outcome.relu, layer, driver.array, relu=True), outcome.reports[2])
    wrong = trace_of_layer(dataclasses.replace(outcome, reports=reports), driver, tmp_path / "wrong.fst")
    assert wrong is not None and wrong.repeated and "output tile 2, which is wrong" in str(wrong)
    result = outcome.results[3]
    # Three tiles: the last third of the layer
    assert wrong.last >= result.counters.cycles > wrong.first > result.counters.cycles // 2
    start, end, _ = contents(wrong.file)
    assert start >= wrong.first * TICKS_A_CYCLE and end <= wrong.last * TICKS_A_CYCLE


def test_program_that_stands_still(small: tuple[Any, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody receives: the report as JSON, and the cycles before the stop."""
    case, images = small
    monkeypatch.setattr(DirectChannels, "receive", lambda channels, buffer, nbytes: None)
    file = tmp_path / "stuck.fst"
    outcome = run("run", case.path, "--images", images, "--count", "1", "--json", "--trace", file, "--seed", "3")
    facts = json.loads(outcome.stdout)
    assert outcome.exit_code == 2 and facts["error"] == "DeviceTimeoutError"
    assert "\n" not in facts["message"] and facts["message"].startswith("no result within")
    assert f"DeviceTimeoutError: {facts['message']}\n  starved: S2MM: no receive was started" in outcome.stderr
    assert facts["report"]["cause"]["starved"] == "S2MM" and facts["waveform"] == str(file)
    assert "waveform of the last cycles before the stop" in outcome.stderr and "same results again" in outcome.stderr
    start, end, _ = contents(file)
    assert 0 < end - start <= MAX_CYCLES * TICKS_A_CYCLE


@pytest.mark.parametrize(
    ("file", "message"),
    [("wave.vcd", "a waveform has the suffix .fst"), ("missing/wave.fst", "there is no folder")],
)
def test_trace_that_cannot_be_written(small: tuple[Any, Path], tmp_path: Path, file: str, message: str) -> None:
    case, images = small
    outcome = run("run", case.path, "--images", images, "--trace", tmp_path / file, "--seed", "3")
    assert outcome.exit_code == 2 and outcome.stdout == ""
    assert message in " ".join(outcome.stderr.split())
