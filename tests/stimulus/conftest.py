"""Layers to export, and the device to replay them on."""

from collections.abc import Callable

import numpy as np
import pytest

from tilewright.driver import Driver
from tilewright.network.layer import ConvLayer

MakeLayer = Callable[..., ConvLayer]


@pytest.fixture(scope="session")
def make_layer() -> MakeLayer:
    """`make_layer(seed, ic=8, oc=8, size=4, kernel=3, stride=1, padding=1)` returns a layer of random integers."""

    def make_layer(
        seed: int, ic: int = 8, oc: int = 8, size: int = 4, kernel: int = 3, stride: int = 1, padding: int = 1
    ) -> ConvLayer:
        rng = np.random.default_rng(seed)
        return ConvLayer(
            name=f"random {seed}",
            weight_codes=rng.integers(-7, 8, (oc, ic, kernel, kernel), dtype=np.int8),
            activation_codes=rng.integers(0, 16, (2, ic, size, size), dtype=np.uint8),
            stride=stride,
            padding=padding,
            metadata={"delta_w": 0.3225, "delta_a": 0.3839},
        )

    return make_layer


@pytest.fixture
def driver(open_device: Callable[..., object]) -> Driver:
    """Drives the RTL, 8x8."""
    return Driver(open_device(8))
