"""Networks that are no chain, on the RTL through pynq: every map of every layer, and every counter of the estimate."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import graphs
import numpy as np
import pytest

from tilewright.compiler.network import compile_network
from tilewright.driver import Driver
from tilewright.errors import CompileError
from tilewright.estimate.estimate import estimate_network
from tilewright.estimate.measured import MeasuredLayer, hardware_of, measured_layers
from tilewright.hardware.parameters import ArrayParameters
from tilewright.network import Network
from tilewright.network.inference import infer
from tilewright.runs.runner import NetworkRunner

OpenDevice = Callable[..., Any]


def check(open_device: OpenDevice, network: Network, n: int, batch: int) -> None:
    """All maps of a batch are the integer network's; all cycles are the estimate's."""
    driver = Driver(open_device(array=n, stall_probability=0.0, seed=1))
    names = [layer.name for layer in network.layers]
    pixels = np.random.default_rng(batch).integers(0, 256, (batch, *network.image)).astype(np.uint8)
    (result,) = NetworkRunner(driver, network, batch, names).run(pixels)
    for layer, values in infer(network, pixels):
        np.testing.assert_array_equal(result.maps[layer.name], values, layer.name)
    predicted = estimate_network(network, hardware_of(driver.accelerator.info()), batch, names)
    for layer, truth in zip(predicted.layers, measured_layers(predicted, driver.accelerator.layer_log()), strict=True):
        assert MeasuredLayer(layer.name, layer.command_cycles, layer.mac_cycles, layer.stalls) == truth
    assert predicted.program_cycles == result.counters.cycles


def compilable(seed: int, n: int) -> Network:
    """The first random graph from a seed on that the compiler takes."""
    while True:
        network = graphs.random_graph(np.random.default_rng([n, seed]))
        with contextlib.suppress(CompileError):
            compile_network(network, ArrayParameters.of_size(n))
            return network
        seed += 10_000


@pytest.mark.parametrize("n", [8, 16, 32])
@pytest.mark.parametrize("name", ["residual_network", "unet_network", "copies_network", "perceptron"])
def test_graphs_are_exact(open_device: OpenDevice, name: str, n: int) -> None:
    check(open_device, getattr(graphs, name)(), n, 2)


@pytest.mark.parametrize("n", [8, 16, 32])
def test_random_graphs_are_exact(open_device: OpenDevice, n: int) -> None:
    for seed in range(34):
        network = compilable(seed, n)
        try:
            check(open_device, network, n, 1 + seed % 3)
        except Exception as error:
            again = f"pytest tests/runs/test_runs_graphs.py -k 'random and {n}' --graphs {seed}:{seed + 1}"
            raise AssertionError(f"{network!r} of seed {seed} on {n}x{n}: {again}") from error
