"""What a program that did not end leaves behind, on hardware that takes beats before it is asked: the next is exact."""

from __future__ import annotations

import dataclasses
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pynq
import pytest
from pg021_soc import HELD_AT_OUTPUT, TAKEN_EARLY, Pg021Soc, pg021_overlay

from tilewright.compiler.layer import Run, compile_layer, compile_raw_and_relu, compile_runs, expected_results
from tilewright.driver import Driver
from tilewright.driver.dma import run_channels
from tilewright.driver.flight import Flight
from tilewright.errors import (
    DeviceBusyError,
    DeviceError,
    DeviceStateWarning,
    DeviceTimeoutError,
    DmaError,
)
from tilewright.hardware.program import Program
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.sim import SocParameters

pytestmark = pytest.mark.simulation


class Modelled:
    """A driver on the model, a program, and what it must return."""

    def __init__(self, folder: Path, layer: ConvLayer) -> None:
        self.overlay = pg021_overlay(folder)
        self.driver = Driver(self.overlay, timeout=1e-3)
        self.runs = [Run(layer), Run(layer, relu=True)]
        self.program = compile_runs(self.runs, self.driver.array)
        self.expected = [layer_outputs(layer, relu) for relu in (False, True)]
        self.soc.answers[self.program.program_id] = expected_results(self.runs, self.program)

    @property
    def soc(self) -> Pg021Soc:
        return self.overlay.device._loaded

    def assert_exact(self, driver: Driver | None = None) -> None:
        self.soc.output_after, self.soc.input_stopped = None, False
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for got, expected in zip((driver or self.driver).run(self.program).outputs, self.expected, strict=True):
                np.testing.assert_array_equal(got, expected)

    def send(self, receive: bool = True) -> tuple[Any, Any]:
        """Starts a run as a process does that is killed afterwards; its buffers."""
        send, receive_buffer = self.driver.allocate(len(self.program.beats)), self.driver.allocate(4096)
        send[:] = self.program.beats
        if receive:
            self.driver.channels.receive(receive_buffer, receive_buffer.nbytes)
        self.driver.channels.send(send, send.nbytes)
        return send, receive_buffer


@pytest.fixture
def modelled(tmp_path: Path, small_layer: ConvLayer) -> Modelled:
    return Modelled(tmp_path, small_layer)


def test_runs_on_the_model(modelled: Modelled) -> None:
    modelled.assert_exact()
    modelled.assert_exact()


def test_model_takes_four_beats_before_it_is_asked(modelled: Modelled) -> None:
    """The rule itself; without it the tests below could not fail."""
    modelled.send(receive=False)
    modelled.soc.run(5000)
    assert [modelled.soc.sent, len(modelled.soc.s2mm.held)] == [4, 4]
    modelled.driver.channels.recover(lambda: False)
    modelled.soc.run(100)
    assert modelled.soc.sent == 8


@pytest.mark.parametrize("results", [0, 3, 100])
def test_interrupted_run(modelled: Modelled, monkeypatch: pytest.MonkeyPatch, results: int) -> None:
    modelled.soc.output_after = results

    def interrupted(flight: Flight) -> int:
        modelled.soc.run(2000)
        modelled.soc.output_after = None
        raise KeyboardInterrupt

    monkeypatch.setattr(modelled.driver, "_wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        modelled.driver.run(modelled.program)
    monkeypatch.undo()
    modelled.assert_exact()


def test_blocked_output(modelled: Modelled, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results that nobody has asked for lie before S2MM, and four of them in it."""
    monkeypatch.setattr(modelled.driver.channels, "receive", lambda buffer, nbytes: None)
    with pytest.raises(DeviceTimeoutError):
        modelled.driver.run(modelled.program)
    monkeypatch.undo()
    modelled.assert_exact()


def test_killed_process(modelled: Modelled) -> None:
    modelled.send(receive=False)
    modelled.soc.run(5000)
    overlay = pynq.Overlay(modelled.overlay.bitfile_name, device=modelled.overlay.device, download=False)
    with pytest.warns(DeviceStateWarning, match=r"at work on program 0x.* as a driver was made, and is reset"):
        driver = Driver(overlay)
    modelled.assert_exact(driver)


def test_failed_transfer(modelled: Modelled) -> None:
    send, receive = modelled.driver.allocate(len(modelled.program.beats)), modelled.driver.allocate(64)
    send[:] = modelled.program.beats
    with pytest.raises(DmaError, match="S2MM stopped") as caught:
        modelled.driver.run_in(modelled.program, send, receive)
    assert caught.value.report is not None and "too small: 512 bytes" in str(caught.value.report)
    modelled.assert_exact()


def test_error_that_somebody_else_has_left(modelled: Modelled) -> None:
    """Programs would be refused until a reset."""
    modelled.soc.error = 5
    with pytest.warns(DeviceStateWarning, match="kept an error that this driver has not caused"):
        modelled.driver.run(modelled.program)
    modelled.assert_exact()


def test_reset_in_the_middle_of_a_program(modelled: Modelled, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken for a header then has a number that means nothing."""
    driver, soc = modelled.driver, modelled.soc
    wait = driver._wait

    def reset_first(flight: Flight) -> int:
        del soc.taken[:20]
        return wait(flight)

    monkeypatch.setattr(driver, "_wait", reset_first)
    with pytest.raises(DeviceError, match=r"that number is no command of this program, which has 7") as caught:
        driver.run(modelled.program)
    assert "a reset in the middle of it" in str(caught.value)
    monkeypatch.undo()
    modelled.assert_exact()


def test_buffers_live_until_the_dma_was_reset(modelled: Modelled, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reset that fails leaves a DMA that may still write."""
    driver = modelled.driver

    def failing(*_: Any) -> None:
        raise DmaError("the DMA's reset does not end")

    def interrupted(flight: Flight) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("tilewright.driver.dma.reset", failing)
    monkeypatch.setattr(driver, "_wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        driver.run(modelled.program)
    live = modelled.overlay.device.default_memory.history.live
    assert [buffer.physical_address in live for buffer in driver.channels.in_flight] == [True, True]
    monkeypatch.undo()
    driver.recover()
    assert not driver.channels.in_flight
    modelled.assert_exact()


def test_start_while_a_program_runs(open_device: Callable[..., Any], small_layer: ConvLayer) -> None:
    """It is refused, and the program that runs is not touched: RTL."""
    driver = Driver(open_device(array=8))
    layer = dataclasses.replace(small_layer, activation_codes=np.tile(small_layer.activation_codes, (4, 1, 3, 3)))
    program = compile_raw_and_relu(layer, driver.array)
    send, receive = driver.allocate(len(program.beats)), driver.allocate(program.output_beats + 4)
    send[:] = program.beats
    driver.channels.receive(receive, receive.nbytes)
    driver.channels.send(send, send.nbytes)
    refused = 0
    while driver.channels.received() is None:
        if "busy" in driver.accelerator.status().flags:
            with pytest.raises(DeviceBusyError, match=rf"at work on program {program.program_id:#010x}.*recover\(\)"):
                driver.run(compile_layer(small_layer, driver.array))
            refused += 1
    assert refused > 5
    receive.invalidate()
    raw, relu = program.unpack(np.array(receive, subok=False))
    np.testing.assert_array_equal(raw, layer_outputs(layer))
    np.testing.assert_array_equal(relu, layer_outputs(layer, relu=True))
    driver.channels.finish(lambda: False)
    raw, _ = driver.run(program).outputs
    np.testing.assert_array_equal(raw, layer_outputs(layer))


def test_two_threads_on_one_driver(modelled: Modelled, monkeypatch: pytest.MonkeyPatch) -> None:
    driver, reached, go_on = modelled.driver, threading.Event(), threading.Event()
    wait = driver._wait

    def slow(flight: Flight) -> int:
        reached.set()
        assert go_on.wait(10)
        return wait(flight)

    monkeypatch.setattr(driver, "_wait", slow)
    outputs: list[Any] = []
    thread = threading.Thread(target=lambda: outputs.extend(driver.run(modelled.program).outputs))
    thread.start()
    assert reached.wait(10)
    with pytest.raises(DeviceBusyError, match="another program runs on this driver, of another thread"):
        driver.run(modelled.program)
    go_on.set()
    thread.join(10)
    np.testing.assert_array_equal(outputs[0], modelled.expected[0])


@pytest.mark.parametrize("scatter_gather", [False, True])
def test_interrupted_run_on_the_rtl(
    open_device: Callable[..., Any], small_layer: ConvLayer, scatter_gather: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlay = open_device(array=SocParameters(n=8, scatter_gather=True)) if scatter_gather else open_device(array=8)
    driver = Driver(overlay)
    program = compile_layer(small_layer, driver.array)
    for polls in (0, 2, 5):

        def interrupted(flight: Flight, polls: int = polls) -> int:
            for _ in range(polls):
                driver.channels.received()
            raise KeyboardInterrupt

        monkeypatch.setattr(driver, "_wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            driver.run(program)
        monkeypatch.undo()
        np.testing.assert_array_equal(driver.run(program).outputs[0], layer_outputs(small_layer))


def send_without_receive(driver: Driver, program: Program, results: int) -> None:
    """A program whose results nobody takes: S2MM holds four beats of them, the next one waits."""
    send = driver.allocate(len(program.beats))
    send[:] = program.beats
    driver.channels.send(send, send.nbytes)
    while "output blocked" not in driver.accelerator.status().flags:
        pass
    assert driver.device.streams.result_beats == results


def receive_without_send(driver: Driver, beats: int) -> Any:
    """Asks for results although no program was sent, and waits; the buffer, zero where nothing came."""
    receive = driver.allocate(beats)
    receive[:] = 0
    receive.flush()
    driver.channels.receive(receive, receive.nbytes)
    for _ in range(100):
        driver.accelerator.status()
    receive.invalidate()
    return np.array(receive, subok=False)


def test_recovery_leaves_no_stale_beat_on_the_rtl(open_device: Callable[..., Any], small_layer: ConvLayer) -> None:
    """Far more than S2MM's four beats and the output's four are pending; none comes, and the next run is exact."""
    driver = Driver(open_device(array=8))
    runs = [Run(small_layer)]
    program = compile_runs(runs, driver.array)
    assert len(expected_results(runs, program)) > 3 * (TAKEN_EARLY + HELD_AT_OUTPUT)
    for _ in range(2):
        send_without_receive(driver, program, TAKEN_EARLY)
        driver.recover()
        assert not receive_without_send(driver, 1).any()
        assert driver.device.streams.result_beats == 0
        driver.recover()
        send_without_receive(driver, program, TAKEN_EARLY)
        driver.recover()
        np.testing.assert_array_equal(driver.run(program).outputs[0], layer_outputs(small_layer))


def test_stale_beats_on_the_rtl(open_device: Callable[..., Any], small_layer: ConvLayer) -> None:
    """With one reset of the DMA eight beats of the old program lead the next packet: S2MM's four, the output's four."""
    driver = Driver(open_device(array=8))
    runs = [Run(small_layer)]
    program = compile_runs(runs, driver.array)
    send_without_receive(driver, program, TAKEN_EARLY)
    driver.channels.reset(lambda: False)
    driver.accelerator.soft_reset()
    run_channels(driver.channels.dma, lambda: False)
    driver.channels.dma.recvchannel.start()
    stale = receive_without_send(driver, TAKEN_EARLY + HELD_AT_OUTPUT)
    results = expected_results(runs, program)
    dropped = results.tolist().index(stale[0])
    assert dropped >= TAKEN_EARLY + HELD_AT_OUTPUT
    np.testing.assert_array_equal(stale, results[dropped:][: len(stale)])
    assert driver.device.streams.result_beats == len(stale)
    driver.recover()
    np.testing.assert_array_equal(driver.run(program).outputs[0], layer_outputs(small_layer))
