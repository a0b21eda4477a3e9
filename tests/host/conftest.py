"""Fixtures of the host library's tests: no device, no pynq."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.layer import ConvLayer

METADATA = {
    "layer": "features.27",
    "stride": 1,
    "padding": 1,
    "delta_w": 0.01,
    "delta_a": 0.02,
    "max_distance": 1e-4,
    "checkpoint_sha256": "0" * 64,
    "image_source": "random codes",
    "notebook_check_max": 1e-6,
}


@pytest.fixture
def small_layer() -> ConvLayer:
    """Two images of 19 -> 17 channels, kernel 3x2, stride 2, padding 1: edge tiles for every array."""
    rng = np.random.default_rng(7)
    return ConvLayer(
        name="small",
        weight_codes=rng.integers(-8, 8, (17, 19, 3, 2), dtype=np.int8),
        activation_codes=rng.integers(0, 16, (2, 19, 5, 6), dtype=np.uint8),
        stride=2,
        padding=1,
    )


@pytest.fixture
def metadata() -> dict[str, object]:
    """Metadata of a layer file."""
    return dict(METADATA)
