"""Transfers that stand still: one exception that says which side starved, what each has done, and what to do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pynq
import pytest

from tilewright.compiler.layer import compile_layer, compile_raw_and_relu
from tilewright.driver import Driver
from tilewright.driver.accelerator import Status
from tilewright.driver.stuck import StuckReport
from tilewright.driver.stuck_causes import Situation, cause_of
from tilewright.errors import DeviceTimeoutError
from tilewright.hardware.commands import Begin
from tilewright.hardware.program import Program, encode_program
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.sim import open_overlay

LARGE = ConvLayer(
    "large", np.ones((16, 64, 3, 3), dtype=np.int8), np.full((1, 64, 32, 32), 15, dtype=np.uint8), padding=1
)


@pytest.fixture
def program(driver: Driver, small_layer: ConvLayer) -> Program:
    return compile_raw_and_relu(small_layer, driver.array)


def stuck(driver: Driver, program: Program) -> StuckReport:
    """The report of a run that must not end."""
    with pytest.raises(DeviceTimeoutError, match="no result within") as caught:
        driver.run(program)
    report = caught.value.report
    assert report is not None
    assert "\n" not in str(caught.value) and caught.value.__notes__ == [str(report)]
    assert json.loads(json.dumps(report.as_dict()))["cause"]["suggestion"] == report.cause.suggestion
    return report


def test_time_out_that_is_too_short(open_device: Callable[..., Any], assert_exact: Callable[[], None]) -> None:
    hurried = Driver(open_device(array=8), timeout=200e-6)
    report = stuck(hurried, compile_layer(LARGE, hurried.array))
    assert report.cause.starved == "nothing" and "time-out" in report.cause.suggestion
    assert report.last_command is not None and report.last_command.startswith("END, command 4 (beats")
    assert report.beats_in == report.program_beats and not report.tlast_out
    assert report.accelerator.engine == "RUNS" and "busy" in report.accelerator.flags
    for part in ("MM2S: 0x", "S2MM: 0x", "(not idle)", "busy", "engine RUNS", "mac_cycles", "suggestion: give"):
        assert part in str(report)
    assert_exact()


@pytest.mark.simulation
def test_receive_that_was_not_started(
    driver: Driver, program: Program, monkeypatch: pytest.MonkeyPatch, assert_exact: Callable[[], None]
) -> None:
    """A hang is found in milliseconds: simulated time flies while nothing moves."""
    driver.recover()
    monkeypatch.setattr(driver.channels, "receive", lambda buffer, nbytes: None)
    start = time.monotonic()
    report = stuck(driver, program)
    assert time.monotonic() - start < 1.0
    assert report.cause.starved == "S2MM" and "recvchannel.transfer" in report.cause.suggestion
    assert report.s2mm.asked is None and report.mm2s.asked == program.nbytes
    assert 0 < report.beats_in <= len(program.beats) and "output blocked" in report.accelerator.flags
    assert not report.tlast_out
    monkeypatch.undo()
    assert_exact()


def test_program_that_was_not_sent(
    driver: Driver, program: Program, monkeypatch: pytest.MonkeyPatch, assert_exact: Callable[[], None]
) -> None:
    driver.run(program)
    monkeypatch.setattr(driver.channels, "send", lambda buffer, nbytes: None)
    report = stuck(driver, program)
    assert report.cause.starved == "accelerator" and "sendchannel.transfer" in report.cause.suggestion
    # The counters still show the run before.
    assert report.counters.beats_in == len(program.beats)
    assert (report.beats_in, report.beats_out, report.last_command) == (0, 0, None)
    assert not report.tlast_in and report.s2mm.asked == (program.output_beats + 4) * 8
    monkeypatch.undo()
    assert_exact()


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("timeout", "starved", "what"),
    [
        (60e-6, "accelerator", "the memory does not answer its reads"),
        (170e-6, "S2MM", "the memory has not taken them"),
    ],
)
def test_memory_that_does_not_answer(timeout: float, starved: str, what: str) -> None:
    """Reads, and responses of writes, come 10,000 cycles late."""
    driver = Driver(open_overlay(8, latency=10_000, stall_probability=0.0, seed=3), timeout)
    beats = encode_program([Begin(8, 4, 4, 28, program_id=5)])
    report = stuck(driver, Program(beats, driver.array, 5, ()))
    assert report.cause.starved == starved and what in report.cause.what, str(report)
    assert report.tlast_in == report.tlast_out == (starved == "S2MM")
    assert report.beats_in == (6 if starved == "S2MM" else 0)


def test_report_while_all_is_well(driver: Driver, program: Program, small_layer: ConvLayer) -> None:
    raw, _ = driver.run(program).outputs
    np.testing.assert_array_equal(raw, layer_outputs(small_layer))
    report = driver.report(program)
    assert (report.beats_in, report.beats_out) == (len(program.beats), program.output_beats + 4)
    assert report.tlast_in and report.tlast_out


STATUS = Status(1, ("busy",), "HEADER", "IDLE", None, 0)


@pytest.mark.parametrize(
    ("changes", "starved", "words"),
    [
        ({"answers": False}, "nothing", "load the overlay again"),
        ({"mm2s": 0x21}, "MM2S", "freed"),
        ({"s2mm": 0x41}, "S2MM", "freed"),
        ({"mm2s": 0x11}, "MM2S", "multiple of its data width"),
        ({"s2mm": 0x401}, "S2MM", "descriptors"),
        ({"mm2s": 2, "accelerator": Status(1, ("busy", "input starved"), "WEIGHTS", "IDLE", None, 0)}, "accelerator",
         "truncated"),
        ({"accelerator": Status(8, ("draining",), "DRAIN", "IDLE", "BAD_MAGIC", 0)}, "accelerator", "BAD_MAGIC"),
        ({"accelerator": Status(1, ("busy", "output blocked"), "FINISH", "IDLE", None, 0)}, "S2MM", "does not take"),
        ({"mm2s": 2}, "accelerator", "--trace"),
    ],
)  # fmt: skip
def test_causes_that_no_simulated_device_has(changes: dict[str, Any], starved: str, words: str) -> None:
    state = {
        "answers": True,
        "scatter_gather": False,
        "mm2s": 0,
        "s2mm": 0,
        "sending": 800,
        "receiving": 800,
        "beats_in": 10,
        "beats_out": 0,
        "result_beats": 100,
        "ended": False,
        "moving": False,
        "accelerator": STATUS,
    }
    cause = cause_of(Situation(**{**state, **changes}))
    assert cause.starved == starved
    assert words in f"{cause.what} {cause.suggestion}"


def test_dma_that_was_left_in_an_error(small_layer: ConvLayer) -> None:
    """pynq's constructor starts a channel and waits without end for one with an error."""
    overlay = open_overlay(8, seed=4)
    overlay.device.check_addresses = False
    overlay.axi_dma_0.write(0x28, 64)
    assert overlay.axi_dma_0.read(0x04) & 0x71 == 0x41
    attached = pynq.Overlay(overlay.bitfile_name, device=overlay.device, download=False)
    driver = Driver(attached)
    np.testing.assert_array_equal(
        driver.run(compile_layer(small_layer, driver.array)).outputs[0], layer_outputs(small_layer)
    )
