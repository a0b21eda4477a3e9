"""Estimates against the counters of the RTL: without stalls of the memory every counter of every layer is predicted."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable
from typing import Any

import networks
import numpy as np
import pytest

from tilewright.compiler.network import CompiledNetwork, compile_network
from tilewright.compiler.stream import ConvItem
from tilewright.compiler.timing.program import time_program
from tilewright.driver import Driver
from tilewright.errors import CompileError, ParameterMismatchError
from tilewright.estimate.estimate import Estimate, estimate_network
from tilewright.estimate.measured import MeasuredLayer, hardware_of, measured_layers
from tilewright.hardware.commands import Mode
from tilewright.hardware.parameters import HardwareParameters
from tilewright.network import Network
from tilewright.runs.runner import NetworkRunner
from tilewright.sim import SocParameters

OpenDevice = Callable[..., Any]
Measured = tuple[Estimate, tuple[MeasuredLayer, ...], Any]

# Of the cycles where the memory stalls at random; where it does not they are exact
TOLERANCE = 0.005


def measure(
    open_device: OpenDevice,
    network: Network,
    array: int | SocParameters,
    batch: int,
    read_back: bool = False,
    stall_probability: float = 0.0,
) -> Measured:
    """Estimate, measured layers and counters of one batch of random images."""
    driver = Driver(open_device(array=array, stall_probability=stall_probability, seed=1))
    names = [layer.name for layer in network.layers[:-1]] if read_back else []
    pixels = np.random.default_rng(batch).integers(0, 256, (batch, *network.image)).astype(np.uint8)
    (result,) = NetworkRunner(driver, network, batch, names).run(pixels)
    predicted = estimate_network(network, hardware_of(driver.accelerator.info()), batch, names, stall_probability)
    return predicted, measured_layers(predicted, driver.accelerator.layer_log()), result.counters


def assert_exact(measured: Measured) -> None:
    """Cycles and stalls of every layer and of the program are those that were counted."""
    predicted, layers, counters = measured
    for layer, truth in zip(predicted.layers, layers, strict=True):
        assert MeasuredLayer(layer.name, layer.command_cycles, layer.mac_cycles, layer.stalls) == truth
        assert layer.command_cycles == pytest.approx(truth.command_cycles, rel=TOLERANCE)
    assert predicted.program_cycles == counters.cycles
    assert (predicted.beats_in, predicted.beats_out) == (counters.beats_in, counters.beats_out)


@pytest.mark.parametrize(
    ("name", "n", "batch"),
    [
        ("vgg", 8, 1),
        ("tall", 8, 1),
        ("small", 8, 3),
        ("tall", 16, 1),
        ("small", 16, 2),
        ("tall", 32, 2),
        ("small", 32, 2),
    ],
)
def test_every_layer_is_exact(open_device: OpenDevice, name: str, n: int, batch: int) -> None:
    network = getattr(networks, f"{name}_network")(0)
    assert_exact(measure(open_device, network, n, batch))


@pytest.mark.simulation
@pytest.mark.parametrize("dsp_columns", [8])
def test_dsp_columns_are_exact(open_device: OpenDevice, dsp_columns: int) -> None:
    """Two in one share their delay: the last column's sums come earlier; tiny layers show it."""
    array = SocParameters(n=8, dsp_columns=dsp_columns)
    measured = measure(open_device, networks.small_network(0), array, 3)
    assert_exact(measured)
    assert measured[0].hardware.dsp_columns == dsp_columns
    for seed in range(4):
        rng = np.random.default_rng([dsp_columns, seed])
        assert_exact(measure(open_device, compilable(rng, 8), array, 2, read_back=seed % 2 == 0))


def compilable(rng: np.random.Generator, n: int) -> Network:
    """The next random network that the compiler takes: some have windows that are too large."""
    while True:
        network = networks.random_network(rng)
        with contextlib.suppress(CompileError):
            compile_network(network, HardwareParameters(n=n).array)
            return network


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("n", [8, 16, 32])
def test_random_networks_are_exact(open_device: OpenDevice, n: int, seed: int) -> None:
    """Tiny layers, where every cycle shows; every other one reads its maps back."""
    rng = np.random.default_rng([n, seed])
    assert_exact(measure(open_device, compilable(rng, n), n, int(rng.integers(1, 5)), read_back=seed % 2 == 0))


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("n", "stream_w"), [(16, 128), (32, 128), (64, 64), (64, 128)])
def test_random_networks_on_large_arrays_and_wide_streams_are_exact(
    open_device: OpenDevice, request: pytest.FixtureRequest, n: int, stream_w: int, seed: int
) -> None:
    if (n, stream_w) in ((32, 128), (64, 64)) and not request.config.getoption("styles"):
        pytest.skip("builds a simulator for a minute: --styles")
    rng, array = np.random.default_rng([n, stream_w, seed]), SocParameters(n=n, stream_w=stream_w)
    measured = measure(open_device, compilable(rng, n), array, int(rng.integers(1, 5)), read_back=seed % 2 == 0)
    assert_exact(measured)
    assert (measured[0].hardware.n, measured[0].hardware.stream_w) == (n, stream_w)


def cut_behind_its_last_read(compiled: CompiledNetwork) -> CompiledNetwork:
    """Nothing comes after the READ that could hide its latency."""
    reads = [item for item in compiled.items if isinstance(item, ConvItem) and item.conv.mode is Mode.READ]
    items = tuple(item for item in compiled.items[: compiled.items.index(reads[-1]) + 1] if item.step <= reads[-1].step)
    convs = [item.conv for item in items if isinstance(item, ConvItem)]
    returning = sum(conv.mode is not Mode.CODES and not conv.hold for conv in convs)
    return dataclasses.replace(compiled, items=items, returned=compiled.returned[:returning])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("n", "stream_w"), [(8, 64), (32, 64), (16, 128), (64, 128)])
def test_the_end_of_a_read_is_exact(open_device: OpenDevice, n: int, stream_w: int, seed: int) -> None:
    rng, array = np.random.default_rng([99, n, seed]), SocParameters(n=n, stream_w=stream_w)
    driver = Driver(open_device(array=array, stall_probability=0.0, seed=1))
    network = compilable(rng, n)
    names = [layer.name for layer in network.layers[:-1]]
    compiled = cut_behind_its_last_read(compile_network(network, driver.array, 2, names))
    counted = driver.run(compiled.program(rng.integers(0, 256, (2, *network.image)).astype(np.uint8))).counters
    assert time_program(compiled.items, hardware_of(driver.accelerator.info())).cycles == counted.cycles


def wide_network(n: int) -> Network:
    """Few products for many results: thresholds and outputs are the limit, not the array."""
    rng = np.random.default_rng(0)
    layers = [
        networks.conv(rng, "image", 3, 8, pool=2, image=True),
        networks.conv(rng, "thresholds", 8, 500, (1, 1), padding=0),
        networks.conv(rng, "narrow", 500, 8, (1, 1), padding=0),
        networks.conv(rng, "outputs", 8, 250 * n, (1, 1), padding=0, last=True),
    ]
    return networks.network(rng, "wide", (4, 4), layers)


@pytest.mark.parametrize(("n", "stream_w"), [(8, 64), (16, 64), (32, 64), (16, 128), (64, 128)])
def test_layers_bound_by_thresholds_and_output_are_exact(open_device: OpenDevice, n: int, stream_w: int) -> None:
    measured = measure(open_device, wide_network(n), SocParameters(n=n, stream_w=stream_w), 4)
    assert_exact(measured)
    predicted = measured[0]
    assert predicted.layers[1].bound_by == "thresholds"
    assert predicted.layers[3].bound_by == "output"


@pytest.mark.parametrize("stream_w", [64, 128])
def test_stalls_of_the_memory_are_predicted_in_the_mean(open_device: OpenDevice, stream_w: int) -> None:
    """A network that waits for its weights most of the time; over a wide stream still some of it."""
    array = SocParameters(n=16, stream_w=stream_w)
    predicted, layers, counters = measure(open_device, networks.vgg_network(0), array, 1, stall_probability=0.05)
    assert predicted.program_cycles == pytest.approx(counters.cycles, rel=TOLERANCE)
    assert predicted.stall_probability == 0.05
    for layer, truth in zip(predicted.layers, layers, strict=True):
        assert layer.mac_cycles == truth.mac_cycles
        assert layer.command_cycles == pytest.approx(truth.command_cycles, rel=0.05)


def test_log_of_another_program_is_refused(open_device: OpenDevice) -> None:
    predicted, _, _ = measure(open_device, networks.small_network(0), 8, 1)
    driver = Driver(open_device(array=8, stall_probability=0.0, seed=1))
    with pytest.raises(ParameterMismatchError, match="the log holds 9 CONV commands"):
        measured_layers(estimate_network(networks.vgg_network(0), predicted.hardware), driver.accelerator.layer_log())
