"""The driver over a DMA and an accelerator with streams of 128 bits, in both modes of the DMA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pynq.pl_server.device import Device

from tilewright.compiler.layer import compile_raw_and_relu
from tilewright.driver import Driver
from tilewright.errors import (
    DeviceError,
    DeviceTimeoutError,
    DmaError,
    ParameterError,
    SimulationError,
    TransferLengthError,
)
from tilewright.hardware import pg021
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.sim import SocParameters, open_overlay

pytestmark = pytest.mark.simulation


@pytest.fixture(scope="module", params=[False, True], ids=["direct", "scatter-gather"])
def wide_overlay(request: pytest.FixtureRequest) -> Any:
    """In scatter-gather mode, where the DMA has all its ports, with monitors on them."""
    parameters = SocParameters(n=16, stream_w=128, scatter_gather=request.param, protocol=request.param)
    return open_overlay(parameters, stall_probability=0.3, seed=1)


@pytest.fixture
def driver(wide_overlay: Any) -> Driver:
    Device.active_device = wide_overlay.device
    return Driver(wide_overlay)


def check(driver: Driver, layer: ConvLayer) -> None:
    for output, relu in zip(driver.run(compile_raw_and_relu(layer, driver.array)).outputs, (False, True), strict=True):
        np.testing.assert_array_equal(output, layer_outputs(layer, relu))


def test_runs_are_exact(driver: Driver, random_layer: Callable[..., ConvLayer]) -> None:
    assert driver.accelerator.info().stream_w == driver.device.parameters.stream_w == 128
    for seed in range(3):
        check(driver, random_layer(seed, driver.array))


def test_the_program_is_the_one_of_64_bits(driver: Driver, small_layer: ConvLayer) -> None:
    wide, narrow = driver.array, SocParameters(n=16).array
    assert wide == narrow
    program = compile_raw_and_relu(small_layer, wide)
    driver.run(program)
    if not driver.channels.scatter_gather:
        assert driver.device.streams.program_beats == len(program.beats)


def test_a_program_in_half_a_word(driver: Driver, small_layer: ConvLayer) -> None:
    program = compile_raw_and_relu(small_layer, driver.array)
    send, receive = driver.allocate(len(program.beats)), driver.allocate(program.output_beats + 4)
    send[:] = program.beats
    cycles = driver.device.cycles
    with pytest.raises(TransferLengthError, match=rf"has {send.nbytes - 8} bytes, and its stream has words of 16"):
        driver.run_in(program, send, receive, send_bytes=send.nbytes - 8)
    assert driver.device.cycles == cycles, "nothing was sent"
    with pytest.raises(DeviceError, match="TLAST_EARLY"):
        driver.run_in(program, send, receive, send_bytes=send.nbytes - 16)
    check(driver, small_layer)


def test_results_longer_than_the_buffer(driver: Driver, small_layer: ConvLayer) -> None:
    program = compile_raw_and_relu(small_layer, driver.array)
    send, receive = driver.allocate(len(program.beats)), driver.allocate(program.output_beats)
    send[:] = program.beats
    with pytest.raises((DmaError, DeviceTimeoutError), match="S2MM"):
        driver.run_in(program, send, receive, receive_bytes=receive.nbytes - 32)
    check(driver, small_layer)


def test_a_transfer_that_begins_in_half_a_word(driver: Driver) -> None:
    """pynq looks at the .hwh, the simulated device at what is written."""
    buffer = driver.allocate(8)
    with pytest.raises(RuntimeError, match="aligned to 16 bytes"):
        driver.channels.dma.sendchannel.transfer(buffer, start=8)
    if not driver.channels.scatter_gather:
        driver.dma.write(pg021.MM2S + pg021.ADDRESS, buffer.physical_address + 8 & 0xFFFF_FFFF)
        driver.dma.write(pg021.MM2S + pg021.ADDRESS_MSB, buffer.physical_address + 8 >> 32)
        with pytest.raises(SimulationError, match="no multiple of 16"):
            driver.dma.write(pg021.MM2S + pg021.LENGTH, 16)


def test_it_needs_16_rows() -> None:
    for n, width in ((8, 128), (16, 96), (16, 256)):
        with pytest.raises(ParameterError, match=f"stream_w {width}: 64, or 128 for an array of 16x16 and more"):
            SocParameters(n=n, stream_w=width)
