"""`bench --host-cost`: the stand-in does what a board's driver is asked, the model is arithmetic, Callgrind counts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from tilewright.cli.app import app
from tilewright.errors import HostCostError, ResultError
from tilewright.hardware.parameters import ArrayParameters
from tilewright.host_cost import callgrind
from tilewright.host_cost.processors import CORTEX_A9, CORTEX_A53, SOURCES, Counted
from tilewright.host_cost.table import Row, best_row
from tilewright.host_cost.workload import Workload
from tilewright.network.tail import scores_of
from tilewright.silicon.configuration import Configuration
from tilewright.silicon.parts import all_parts
from tilewright.silicon.speed import Speed

ARRAY = ArrayParameters.of_size(8)
needs_valgrind = pytest.mark.skipif(shutil.which("valgrind") is None, reason="skipped: no valgrind")


@pytest.fixture
def network_file(example: Callable[[str], Any]) -> Path:
    path: Path = example("small").path
    return path


def test_a_batch_asks_for_its_images_and_its_trailer(network_file: Path) -> None:
    """Caches: the trailer's place, each part of the program that changes, the results."""
    workload = Workload(network_file, ARRAY, 2)
    compiled = workload.runner.compiled(2)
    asked = workload.asked()
    changing = compiled.frame.changing
    results = sum(output.beats(8) for output in compiled.outputs) + 4
    assert asked["cache_calls"] == 1 + len(changing) + 1
    assert asked["cache_bytes"] == 8 * (4 + sum(part.stop - part.start for part in changing) + results)
    assert 20 <= asked["accesses"] <= 32


def test_the_results_are_those_of_the_batch(network_file: Path) -> None:
    workload = Workload(network_file, ARRAY, 2)
    network = workload.runner.network
    for result in workload.run(5):
        np.testing.assert_array_equal(result.scores, scores_of(network, result.maps[network.layers[-1].name]))
    first, second = list(workload.device.packets)
    packets = workload.device.packets
    packets[first], packets[second] = packets[second], packets[first]
    with pytest.raises(ResultError, match="images 0 to 1: the images that the accelerator read are not those"):
        list(workload.run(2))


def test_the_model_adds_up_what_was_counted() -> None:
    nothing = Counted(0, 0, 0, 0, 0, 0, 0)
    assert CORTEX_A9.seconds(nothing) == 0
    for name, seconds in (
        ("instructions", 1 / 650e6),
        ("first_cache_misses", 8 / 650e6),
        ("second_cache_misses", 32 / 800e6),
        ("mispredictions", 9 / 650e6),
        ("accesses", 0.25e-6),
        ("cache_calls", 6e-6),
        ("cache_bytes", 1 / 800e6),
    ):
        one = Counted(**{**vars(nothing), name: 1})
        assert CORTEX_A9.seconds(one) == pytest.approx(seconds), name
    for processor in (CORTEX_A9, CORTEX_A53):
        facts = processor.as_dict()
        assert set(facts) == set(SOURCES) and all(entry["source"] for entry in facts.values())


def test_of_batches_that_are_as_fast_the_best_takes_the_smallest_share() -> None:
    def row(batch: int, instructions: int) -> Row:
        speed = Speed(Configuration(32), batch, 1000 * batch, 0.5, 0, 0)
        return Row(all_parts()["xc7z020"], speed, 100.0, CORTEX_A9, Counted(instructions, 0, 0, 0, 0, 0, 0))

    best = best_row([row(8, 13_000), row(16, 20_800), row(32, 83_200)])
    facts = best.as_dict()
    assert facts["batch"] == 16 and facts["share_at_static_clock"] == pytest.approx(0.2)
    assert facts["others_at_static_clock"] == pytest.approx({8: 0.25, 32: 0.4})


def test_a_file_without_counts_is_named() -> None:
    assert callgrind.read_events("events: Ir Dr\ntotals: 12 3\n") == {"Ir": 12, "Dr": 3}
    for text in ("", "events: Ir\ntotals: 0\n"):
        with pytest.raises(HostCostError, match="valgrind counted nothing"):
            callgrind.read_events(text)


def test_without_valgrind_the_command_says_how_to_get_it(network_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilewright.host_cost.callgrind.shutil.which", lambda name: None)
    result = CliRunner().invoke(app, ["bench", str(network_file), "--host-cost"])
    assert result.exit_code == 2 and "apt-get install valgrind" in result.stderr


def test_an_unknown_part_is_named(network_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilewright.host_cost.callgrind.shutil.which", lambda name: name)
    result = CliRunner().invoke(app, ["bench", str(network_file), "--host-cost", "--part", "xc7a35t"])
    assert result.exit_code == 2 and "no part xc7a35t, but xc7z020" in result.stderr


@needs_valgrind
def test_instructions_are_counted(network_file: Path) -> None:
    """And a process that fails is named."""
    with pytest.raises(HostCostError, match=r"the process that is counted failed.*missing\.safetensors"):
        callgrind.count(Path("missing.safetensors"), ARRAY, 1, CORTEX_A9, 1)
    counted = callgrind.count(network_file, ARRAY, 2, CORTEX_A9, 2)
    assert 200_000 < counted.instructions < 3_000_000
    assert 0 < counted.second_cache_misses < counted.first_cache_misses < counted.instructions


@needs_valgrind
def test_a_count_that_takes_too_long_is_named(network_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callgrind, "_SECONDS", 0.01)
    with pytest.raises(HostCostError, match=r"a batch of 2 was not counted within 0\.01 s"):
        callgrind.count(network_file, ARRAY, 2, CORTEX_A9, 2)


@needs_valgrind
def test_the_command_says_the_share_of_a_part(network_file: Path) -> None:
    options = ["bench", str(network_file), "--host-cost", "--part", "xc7z020", "--batch", "4", "--json"]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.stderr
    facts: dict[str, Any] = json.loads(result.stdout)
    (board,) = facts["boards"]
    assert (board["part"], board["processor"], board["batch"]) == ("xc7z020", "Cortex-A9", 4)
    seconds = board["program_cycles"] / (board["static_clock_mhz"] * 1e6)
    assert board["share_at_static_clock"] == pytest.approx(board["host_s"] / seconds)
    assert board["reached"] == facts["reached"] == (board["share_at_static_clock"] <= facts["goal"])
    assert facts["processors"]["Cortex-A9"]["mhz"]["value"] == 650
