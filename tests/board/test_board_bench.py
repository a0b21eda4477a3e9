"""`tilewright bench`: every step apart, on the simulated device and where it stands for a board."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import networks
import numpy as np
import pytest
from typer.testing import CliRunner

from tilewright.cli.app import app
from tilewright.cli.bench import steps_table, summary_table
from tilewright.cli.console import output
from tilewright.driver import Driver
from tilewright.driver.accelerator import Counters
from tilewright.driver.run_steps import RunStep, untimed
from tilewright.errors import ResultError
from tilewright.runs.bench import NetworkJob, measure
from tilewright.target import DeviceKind

STEPS = ["compile", "pack", "copy", "execute", "copy_back", "unpack"]
KEYS = {
    *("name", "array", "batch", "images", "programs", "repeat", "steps", "program_s", "images_per_s", "macs"),
    *("program_cycles", "program_utilisation", "assumed_clock_mhz", "accelerator_s_at_assumed_clock"),
    "images_per_s_at_assumed_clock",
}


def small_job(images: int, batch: int) -> NetworkJob:
    network = networks.small_network(0)
    pixels = np.random.default_rng(0).integers(0, 256, (images, *network.image)).astype(np.uint8)
    return NetworkJob(network, pixels, batch)


def test_steps_of_a_network(open_device: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    driver, done = Driver(open_device(array=8)), []
    job = small_job(4, 2)
    result = measure(driver, job, 3, lambda: done.append(1))
    assert driver.steps is untimed
    assert len(done) == len(result.program_cycles) == 6
    assert {step: len(times) for step, times in result.seconds.items()} == {
        step: 3 if step is RunStep.COMPILE else 6 for step in RunStep
    }
    assert all(0 < seconds < 60 for times in result.seconds.values() for seconds in times)
    facts = json.loads(json.dumps(result.as_dict(200.0)))
    assert set(facts) == KEYS and list(facts["steps"]) == STEPS
    assert (facts["images"], facts["programs"], facts["repeat"], facts["batch"]) == (4, 2, 3, 2)
    medians = [facts["steps"][step]["median_s"] for step in STEPS[1:]]
    assert facts["program_s"] == pytest.approx(sum(medians))
    assert facts["images_per_s"] == pytest.approx(2 / sum(medians))
    cycles = facts["program_cycles"]["median"]
    assert facts["accelerator_s_at_assumed_clock"] == pytest.approx(cycles / 200e6)
    assert facts["images_per_s_at_assumed_clock"] == pytest.approx(2 * 200e6 / cycles)
    assert facts["program_utilisation"] == pytest.approx(2 * job.macs / (64 * cycles))
    output.print(steps_table(result, DeviceKind.SIM))
    output.print(summary_table(result, DeviceKind.SIM, 200.0))
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for part in ("copy back", "simulation wall time", "assumed 200 MHz, not reached", "Images a second, simulated"):
        assert part in shown


class Unsteady:
    """A job whose scores differ in its second round."""

    def __init__(self, job: NetworkJob) -> None:
        self.name, self.batch, self.programs, self.macs = job.name, job.batch, job.programs, job.macs
        self.job, self.rounds = job, 0

    def start(self, driver: Driver) -> Callable[[], Generator[tuple[np.ndarray, Counters], None, None]]:
        run, self.rounds = self.job.start(driver), self.rounds + 1
        return lambda: ((scores + self.rounds, counters) for scores, counters in run())


def test_results_that_change_are_found(open_device: Callable[..., Any]) -> None:
    driver = Driver(open_device(array=8))
    with pytest.raises(ResultError, match="program 0 gave other results in round 1 than in round 0"):
        measure(driver, Unsteady(small_job(1, 1)), 2)
    assert driver.steps is untimed


def test_a_layer_on_a_board_as_json(bitstream: Path, board_environment: dict[str, str]) -> None:
    """The board's path, with the simulated device behind it."""
    command = [sys.executable, "-m", "tilewright", "bench", "--layer", "features.27", "--batch", "2", "--count", "4"]
    command += ["--repeat", "2", "--bitstream", str(bitstream), "--json"]
    process = subprocess.run(command, env=board_environment, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    facts = json.loads(process.stdout)
    assert set(facts) > KEYS and list(facts["steps"]) == STEPS
    assert facts["steps"]["pack"] is None  # compile_layer packs too
    assert {name: entry["samples"] for name, entry in facts["steps"].items() if entry} == {
        **dict.fromkeys(STEPS[2:], 4),
        "compile": 2,
    }
    assert (facts["device"], facts["simulated"], facts["execute_is"]) == ("board", False, "device wall time")
    assert (facts["name"], facts["array"], facts["images"], facts["macs"]) == ("features.27", 8, 4, 36864)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--batch", "2", "--count", "3"], "--count 3 is no multiple of --batch 2"),
        (["network.safetensors", "--layer", "features.27"], "give a network file or --layer, not both"),
        (["network.safetensors"], "no such file"),
    ],
)
def test_bad_options_are_named(options: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["bench", *options])
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
