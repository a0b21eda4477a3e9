"""Fixtures of the slice: everything runs through pynq, the DMA and the accelerator in RTL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tilewright.compiler.layer import compile_layer
from tilewright.driver import Driver
from tilewright.hardware.parameters import ArrayParameters
from tilewright.network.convolution import layer_outputs
from tilewright.network.layer import ConvLayer
from tilewright.pytorch.capture import capture_layer


@pytest.fixture
def driver(open_device: Callable[..., Any]) -> Driver:
    """A driver of the 8x8 device."""
    return Driver(open_device(array=8))


@pytest.fixture
def assert_exact(driver: Driver, small_layer: ConvLayer) -> Callable[[], None]:
    """Runs a layer on ``driver`` and compares every output: the device works."""

    def check() -> None:
        for relu in (False, True):
            result = driver.run(compile_layer(small_layer, driver.array, relu))
            np.testing.assert_array_equal(result.outputs[0], layer_outputs(small_layer, relu))

    return check


@pytest.fixture(scope="session")
def small_layer() -> ConvLayer:
    """One image of 16 -> 16 channels, 3x3, 4x4 outputs: the squeezed layer's shape."""
    rng = np.random.default_rng(27)
    return ConvLayer(
        name="small",
        weight_codes=rng.integers(-7, 8, (16, 16, 3, 3), dtype=np.int8),
        activation_codes=rng.integers(0, 16, (1, 16, 4, 4), dtype=np.uint8),
        padding=1,
    )


@pytest.fixture(scope="session")
def random_layer() -> Callable[[int, ArrayParameters], ConvLayer]:
    """Makes a layer of a seed that fits an array: any kernel, stride, padding, channel count and batch."""

    def make(seed: int, array: ArrayParameters) -> ConvLayer:
        rng = np.random.default_rng(seed)
        kernel = rng.integers(1, 8, 2)
        padding = int(rng.integers(0, 4))
        size = [int(rng.integers(max(1, k - 2 * padding), 13)) for k in kernel]
        oc, ic = (int(channels) for channels in rng.integers(1, 2 * array.n + 3, 2))
        images = int(rng.integers(1, 4))
        return ConvLayer(
            name=f"random {seed}",
            weight_codes=rng.integers(-8, 8, (oc, ic, *kernel), dtype=np.int8),
            activation_codes=rng.integers(0, 16, (images, ic, *size), dtype=np.uint8),
            stride=int(rng.integers(1, 3)),
            padding=padding,
        )

    return make


@pytest.fixture(scope="session")
def cat_layer() -> ConvLayer:
    """features.27 of the trained network for scikit-image's cat."""
    return capture_layer("features.27")


@pytest.fixture(scope="session")
def cifar10_layer(cifar10_root: Path) -> ConvLayer:
    """features.27 of the trained network for 16 test images of CIFAR-10."""
    return capture_layer("features.27", data=cifar10_root, count=16)
