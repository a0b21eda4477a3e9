"""Fixtures of the tests of layers as integers: no device, no pynq."""

from __future__ import annotations

import pytest

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
def metadata() -> dict[str, object]:
    """Metadata of a layer file."""
    return dict(METADATA)
