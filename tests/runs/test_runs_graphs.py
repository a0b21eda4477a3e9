"""Networks that are no chain, on the RTL through pynq: every map of every layer, and every counter of the estimate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import graphs
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st

from tilewright.compiler.network import compile_network
from tilewright.driver import Driver
from tilewright.errors import CompileError
from tilewright.estimate.estimate import estimate_network
from tilewright.estimate.measured import MeasuredLayer, hardware_of, measured_layers
from tilewright.network import Network
from tilewright.network.inference import infer
from tilewright.runs.runner import NetworkRunner

OpenDevice = Callable[..., Any]


def check(open_device: OpenDevice, network: Network, n: int, batch: int, read_back: bool = True) -> Any:
    """All maps of a batch are the integer network's, all cycles the estimate's; returns the counters."""
    driver = Driver(open_device(array=n, stall_probability=0.0, seed=1))
    names = [layer.name for layer in network.layers if read_back or layer.is_last]
    pixels = np.random.default_rng(batch).integers(0, 256, (batch, *network.image)).astype(np.uint8)
    (result,) = NetworkRunner(driver, network, batch, names).run(pixels)
    for layer, values in infer(network, pixels):
        if layer.name in names:
            np.testing.assert_array_equal(result.maps[layer.name], values, layer.name)
    predicted = estimate_network(network, hardware_of(driver.accelerator.info()), batch, names)
    measured = measured_layers(predicted, driver.accelerator.layer_log())
    for layer, truth in zip(predicted.layers, measured, strict=True):
        assert MeasuredLayer(layer.name, layer.command_cycles, layer.mac_cycles, layer.stalls) == truth
    assert predicted.program_cycles == result.counters.cycles
    return result.counters


@pytest.mark.parametrize("n", [8, 16, 32])
@pytest.mark.parametrize("name", ["residual_network", "unet_network", "copies_network", "perceptron"])
def test_graphs_are_exact(open_device: OpenDevice, name: str, n: int) -> None:
    check(open_device, getattr(graphs, name)(), n, 2)


@pytest.mark.parametrize(("n", "batch", "least"), [(8, 1, 0.90), (16, 4, 0.85), (32, 16, 0.57)])
def test_resnet20_keeps_the_array_busy(open_device: OpenDevice, n: int, batch: int, least: float) -> None:
    """On 32x32 with two images side by side in layers of 16 channels."""
    network = graphs.resnet20()
    counters = check(open_device, network, n, batch, read_back=False)
    assert batch * network.macs / (n * n * counters.cycles) > least


@pytest.mark.parametrize("n", [8, 16, 32])
def test_random_graphs_are_exact(open_device: OpenDevice, n: int, request: pytest.FixtureRequest) -> None:
    """Whether several images lie side by side is drawn, too, not left to what pays."""

    @settings(
        deadline=None,
        max_examples=request.config.getoption("graphs"),
        phases=[Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data(), seed=st.integers(0, 2**32 - 1), batch=st.sampled_from([1, 2, 4]), side_by_side=st.booleans())
    def exact(data: st.DataObject, seed: int, batch: int, side_by_side: bool) -> None:
        network = graphs.random_graph(graphs.Choices(data.draw, seed))  # type: ignore[arg-type]
        note(f"{network!r}; again: python -m pytest tests/runs/test_runs_graphs.py -k 'random and {n}'")
        with patch("tilewright.compiler.network.WORTH", 10.0 if side_by_side else 0.0):
            try:
                compile_network(network, Driver(open_device(array=n, stall_probability=0.0, seed=1)).array, batch)
            except CompileError:
                assume(False)
            check(open_device, network, n, batch)

    exact()
