"""The driver over a DMA in scatter-gather mode: exact, recovers, splits what is long, reports what stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pynq.pl_server.device import Device

from tilewright.compiler.layer import compile_layer, compile_raw_and_relu
from tilewright.driver import Driver
from tilewright.driver.channels import ScatterGatherChannels
from tilewright.errors import DeviceError, DeviceTimeoutError, DmaError
from tilewright.hardware.program import Program
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.sim import SocParameters, open_overlay


@pytest.fixture(scope="module")
def gather_overlay() -> Any:
    return open_overlay(SocParameters(n=8, scatter_gather=True), seed=1)


@pytest.fixture
def driver(gather_overlay: Any) -> Driver:
    Device.active_device = gather_overlay.device
    driver = Driver(gather_overlay)
    assert isinstance(driver.channels, ScatterGatherChannels)
    return driver


@pytest.fixture
def program(driver: Driver, small_layer: ConvLayer) -> Program:
    return compile_raw_and_relu(small_layer, driver.array)


def test_runs_are_exact(driver: Driver, random_layer: Callable[..., ConvLayer]) -> None:
    for seed in range(3):
        layer = random_layer(seed, driver.array)
        raw, relu = driver.run(compile_raw_and_relu(layer, driver.array)).outputs
        np.testing.assert_array_equal(raw, layer_outputs(layer))
        np.testing.assert_array_equal(relu, layer_outputs(layer, True))


def test_long_transfers_are_split(
    driver: Driver, program: Program, monkeypatch: pytest.MonkeyPatch, assert_exact: Callable[[], None]
) -> None:
    """With a length register of 8 bits, a packet is many descriptors."""
    for channel in (driver.dma.sendchannel, driver.dma.recvchannel):
        monkeypatch.setattr(channel, "_max_size", 255)
    send, receive = driver.allocate(len(program.beats)), driver.allocate(program.output_beats + 4)
    send[:] = program.beats
    driver.run_in(program, send, receive)
    assert_exact()


def test_packet_that_ends_before_its_descriptors(
    driver: Driver, program: Program, assert_exact: Callable[[], None]
) -> None:
    """An error's trailer alone: descriptors stay, and the channel is never idle."""
    send, receive = driver.allocate(len(program.beats)), driver.allocate(program.output_beats + 4)
    send[:] = program.beats
    with pytest.raises(DeviceError, match="TLAST_EARLY"):
        driver.run_in(program, send, receive, send_bytes=send.nbytes - 8)
    assert_exact()


def test_results_longer_than_the_buffer(driver: Driver, program: Program, assert_exact: Callable[[], None]) -> None:
    send, receive = driver.allocate(len(program.beats)), driver.allocate(program.output_beats + 4)
    send[:] = program.beats
    with pytest.raises((DmaError, DeviceTimeoutError)) as caught:
        driver.run_in(program, send, receive, receive_bytes=receive.nbytes - 8)
    assert caught.value.report is not None and caught.value.report.cause.starved == "S2MM"
    assert "receive buffer" in f"{caught.value} {caught.value.report}"
    assert_exact()


def test_receive_that_was_not_started(
    driver: Driver, program: Program, monkeypatch: pytest.MonkeyPatch, assert_exact: Callable[[], None]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(driver.channels, "receive", lambda buffer, nbytes: None)
        with pytest.raises(DmaError, match="S2MM stopped") as caught:
            driver.run(program)
    assert caught.value.report is not None
    assert caught.value.report.cause.what == "no receive was started: the results have nowhere to go"
    assert_exact()


def test_program_that_was_not_sent(
    driver: Driver, program: Program, monkeypatch: pytest.MonkeyPatch, assert_exact: Callable[[], None]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(driver.channels, "send", lambda buffer, nbytes: None)
        with pytest.raises(DmaError, match="MM2S stopped") as caught:
            driver.run(program)
    assert caught.value.report is not None
    assert caught.value.report.cause.what == "no program was sent"
    assert_exact()


def test_time_out(gather_overlay: Any, assert_exact: Callable[[], None]) -> None:
    hurried = Driver(gather_overlay, timeout=200e-6)
    codes = np.full((1, 64, 32, 32), 15, dtype=np.uint8)
    large = ConvLayer("large", np.ones((16, 64, 3, 3), dtype=np.int8), codes, padding=1)
    with pytest.raises(DeviceTimeoutError, match="no result within") as caught:
        hurried.run(compile_layer(large, hurried.array))
    assert caught.value.report is not None and "still at work" in str(caught.value.report)
    assert_exact()


def test_channel_that_is_not_halted(driver: Driver, program: Program, assert_exact: Callable[[], None]) -> None:
    """pynq's own transfer would stop a running channel, and wait for that without end where it does not."""
    driver.dma.write(0x30, 1)
    with pytest.raises(DmaError, match="its channel is not ready"):
        driver.run(program)
    assert_exact()
