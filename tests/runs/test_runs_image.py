"""First layers of any shape in the RTL, from images as they are: exact integers under stalls, exact cycles without."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from networks import conv, network, small_network

from tilewright.compiler.network import compile_network
from tilewright.driver import Driver
from tilewright.errors import CompileError, DeviceError
from tilewright.estimate.estimate import estimate_network
from tilewright.estimate.measured import hardware_of
from tilewright.hardware.commands import Image
from tilewright.hardware.program import Program, decode_program, encode_program
from tilewright.hardware.registers import ErrorCode
from tilewright.network import Network, infer
from tilewright.runs.runner import NetworkRunner
from tilewright.sim import SocParameters

OpenDevice = Callable[..., Any]


def first_layer(rng: np.random.Generator) -> Network:
    """A network whose first layer has any kernel, stride, padding and channels."""
    kernel, size = rng.integers(1, 8, 2).tolist(), rng.integers(7, 30, 2).tolist()
    channels, stride, padding = int(rng.integers(1, 6)), int(rng.integers(1, 3)), int(rng.integers(0, 4))
    maps = int(rng.integers(1, 40))
    first = conv(rng, "first", channels, maps, tuple(kernel), stride, padding, image=True)
    last = conv(rng, "last", maps, 3, (1, 1), 1, 0, last=True)
    return network(rng, "first", size, [first, last], channels)


def run(open_device: OpenDevice, built: Network, array: SocParameters, batch: int, stalls: float) -> Driver:
    """Compares a batch's integers with the reference's, and without stalls the cycles with the estimate's."""
    driver = Driver(open_device(array=array, stall_probability=stalls, seed=1))
    pixels = np.random.default_rng(2).integers(0, 256, (batch, *built.image)).astype(np.uint8)
    (result,) = NetworkRunner(driver, built, batch).run(pixels)
    *_, (layer, expected) = infer(built, pixels)
    np.testing.assert_array_equal(result.maps[layer.name], expected)
    if not stalls:
        estimate = estimate_network(built, hardware_of(driver.accelerator.info()), batch)
        assert estimate.program_cycles == result.counters.cycles
    return driver


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("n", "stream_w"), [(8, 64), (16, 128), (64, 128)])
def test_first_layers(open_device: OpenDevice, n: int, stream_w: int, seed: int) -> None:
    rng, array = np.random.default_rng([n, seed]), SocParameters(n=n, stream_w=stream_w)
    while True:
        built, batch = first_layer(rng), int(rng.integers(1, 4))
        try:
            compile_network(built, array.array, batch)
            break
        except CompileError:
            continue
    for stalls in (0.0, 0.3):
        run(open_device, built, array, batch, stalls)


@pytest.mark.simulation
def test_a_large_image(open_device: OpenDevice) -> None:
    """224x224x3, a kernel of 7x7, stride 2."""
    rng = np.random.default_rng(0)
    layers = [
        conv(rng, "first", 3, 16, (7, 7), 2, 3, image=True),
        conv(rng, "second", 16, 16, (3, 3), 2, 1, 2),
        conv(rng, "last", 16, 10, (1, 1), 1, 0, last=True),
    ]
    run(open_device, network(rng, "large", (224, 224), layers), SocParameters(n=8), 1, 0.0)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kernel_h": 0}, ErrorCode.BAD_DESCRIPTOR),
        ({"stride": 3}, ErrorCode.BAD_DESCRIPTOR),
        ({"row_bytes": 2049}, ErrorCode.BAD_DESCRIPTOR),
        ({"address": 1 << 15}, ErrorCode.BAD_DESCRIPTOR),
        ({"address": (1 << 15) - 1}, ErrorCode.ACT_OVERFLOW),
        ({"rows": 1}, ErrorCode.BAD_LENGTH),
        ({"rows": 1000}, ErrorCode.BAD_LENGTH),
    ],
)
def test_errors_of_an_image(open_device: OpenDevice, changes: dict[str, int], code: ErrorCode) -> None:
    """Each is named with its command; the next program is exact."""
    driver, built = Driver(open_device(array=8)), small_network()
    pixels = np.random.default_rng(1).integers(0, 256, (1, *built.image)).astype(np.uint8)
    program = compile_network(built, driver.array, 1).program(pixels)
    commands = list(decode_program(program.beats)[:-1])
    number = next(place for place, command in enumerate(commands) if isinstance(command, Image))
    commands[number] = dataclasses.replace(commands[number], **changes)
    wrong = Program(encode_program(commands), program.array, program.program_id, program.outputs)
    with pytest.raises(DeviceError, match=f"{code.name}.*IMAGE") as caught:
        driver.run(wrong)
    assert (caught.value.code, caught.value.sequence) == (code, number)
    (result,) = NetworkRunner(driver, built, 1).run(pixels)
    *_, (layer, expected) = infer(built, pixels)
    np.testing.assert_array_equal(result.maps[layer.name], expected)
