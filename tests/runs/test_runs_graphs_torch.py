"""PyTorch networks that are graphs, from the module through file, compiler and DMA to the RTL: no integer differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tilewright.driver import Driver
from tilewright.runs.compare_network import NetworkComparison
from tilewright.runs.runner import NetworkRunner

OpenDevice = Callable[..., Any]


def check(open_device: OpenDevice, case: Any, images: int = 2) -> None:
    """Every map of every layer and every score, to the last bit."""
    names = [layer.name for layer in case.network.layers]
    runner = NetworkRunner(Driver(open_device(array=8)), case.network, images, names)
    (result,) = runner.run(case.images.pixels[:images])
    comparison = NetworkComparison()
    expected = {key: values[:images] for key, values in case.expected.items()}
    comparison.add(result.compiled, 0, expected, result.maps, result.predictions)
    assert comparison.equal and len(comparison.layers) == len(case.network.layers), str(comparison)
    np.testing.assert_array_equal(result.scores, expected["scores"])


@pytest.mark.parametrize("name", ["residual", "mobile", "unet", "mlp"])
def test_an_example_is_exact(open_device: OpenDevice, example: Callable[[str], Any], name: str) -> None:
    check(open_device, example(name))


@pytest.mark.parametrize(
    "name", ["several", "dead_channels", "padded_shortcut", "beside_apart", "two_quantisers", "maxima", "connected"]
)
def test_a_kind_of_layer_is_exact(open_device: OpenDevice, case_of: Callable[[Any], Any], name: str) -> None:
    from graph_modules import MODULES, with_parameters

    check(open_device, case_of(with_parameters(MODULES[name])))


@pytest.mark.parametrize("seed", range(3))
def test_a_random_module_is_exact(open_device: OpenDevice, case_of: Callable[[Any], Any], seed: int) -> None:
    from graph_modules import random_module

    check(open_device, case_of(random_module(seed)))
