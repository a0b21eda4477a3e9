"""Layers through pynq, DMA and array: every output equal, for all array sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tilewright.compiler.layer import Run, compile_layer, compile_raw_and_relu, compile_runs
from tilewright.driver import Driver
from tilewright.hardware.parameters import ArrayParameters
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.runs.compare_layer import compare
from tilewright.runs.layer import verify_layer
from tilewright.sim import SocParameters

Array = int | SocParameters

# The largest with the stream that it is meant for: each build of it takes a minute
ARRAYS = [8, 16, 32, SocParameters(n=64, stream_w=128)]
SIZES = ["8", "16", "32", "64"]
LAYERS_AN_ARRAY = 20


@pytest.mark.parametrize("seed", range(LAYERS_AN_ARRAY))
@pytest.mark.parametrize("array", ARRAYS, ids=SIZES)
def test_random_layer(
    open_device: Callable[..., Any], random_layer: Callable[[int, ArrayParameters], ConvLayer], array: Array, seed: int
) -> None:
    driver = Driver(open_device(array=array))
    n = driver.array.n
    layer = random_layer(1000 * n + seed, driver.array)
    device_seed = getattr(driver.device, "seed", None)
    print(f"layer seed {1000 * n + seed}, device seed {device_seed}: {layer.output_shape}, {layer.kernel}")
    raw, relu = driver.run(compile_raw_and_relu(layer, driver.array)).outputs
    for got, after_relu in ((raw, False), (relu, True)):
        report = compare(layer_outputs(layer, after_relu), got, layer, driver.array, after_relu)
        assert report.equal, str(report)


@pytest.mark.parametrize("array", ARRAYS, ids=SIZES)
def test_trained_layer_of_the_cat(open_device: Callable[..., Any], cat_layer: ConvLayer, array: Array) -> None:
    outcome = verify_layer(Driver(open_device(array=array)), cat_layer)
    assert outcome.equal, "\n".join(map(str, outcome.reports))
    assert [report.compared for report in outcome.reports] == [256, 256, 256]
    assert all(report.nonzero > 0 for report in outcome.reports)


@pytest.mark.parametrize("array", ARRAYS, ids=SIZES)
def test_trained_layer_of_16_cifar10_images(
    open_device: Callable[..., Any], cifar10_layer: ConvLayer, array: Array
) -> None:
    outcome = verify_layer(Driver(open_device(array=array)), cifar10_layer)
    assert outcome.equal, "\n".join(map(str, outcome.reports))
    assert [report.compared for report in outcome.reports] == [4096, 4096, 4096]
    assert outcome.programs == 1


def test_cycles_of_the_squeezed_layer(open_device: Callable[..., Any], small_layer: ConvLayer) -> None:
    driver = Driver(open_device(array=8, stall_probability=0.0))
    result = driver.run(compile_runs([Run(small_layer, relu=True)], driver.array))
    np.testing.assert_array_equal(result.outputs[0], layer_outputs(small_layer, relu=True))
    assert result.counters.mac_cycles == 2 * 2 * 9 * 16
    assert 576 <= result.counters.layer_cycles <= 620
    assert result.counters.cycles > result.counters.layer_cycles


def test_more_images_than_one_program_holds(driver: Driver, random_layer: Callable[..., ConvLayer]) -> None:
    rng = np.random.default_rng(5)
    layer = ConvLayer(
        "batch",
        rng.integers(-8, 8, (9, 3, 3, 3), dtype=np.int8),
        rng.integers(0, 16, (5, 3, 20, 20), dtype=np.uint8),
        padding=1,
    )
    outputs = layer_outputs(layer)
    layer = ConvLayer(
        layer.name,
        layer.weight_codes,
        layer.activation_codes,
        padding=1,
        accumulators=outputs,
        float_integers=outputs,
        metadata={"max_distance": 0.0, "image_source": "random", "checkpoint_sha256": ""},
    )
    done: list[int] = []
    outcome = verify_layer(driver, layer, advance=done.append)
    assert outcome.equal, "\n".join(map(str, outcome.reports))
    assert outcome.programs == 3
    assert done == [2, 2, 1, 2, 2, 1]


def test_programs_follow_each_other_in_the_same_buffers(driver: Driver, small_layer: ConvLayer) -> None:
    program = compile_raw_and_relu(small_layer, driver.array)
    send, receive = driver.allocate(len(program.beats)), driver.allocate(program.output_beats + 4)
    send[:] = program.beats
    for _ in range(3):
        raw, _ = driver.run_in(program, send, receive).outputs
        np.testing.assert_array_equal(raw, layer_outputs(small_layer))


@pytest.mark.simulation
def test_seconds_are_the_programs_alone(driver: Driver, small_layer: ConvLayer) -> None:
    """However long the device has stood still before: reads while nothing moves take 50 ms of simulated time."""
    program = compile_layer(small_layer, driver.array)
    for idle in (0, 50_000):
        driver.device.run(idle)
        assert driver.run(program).seconds < 1e-3
