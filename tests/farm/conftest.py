"""A folder with a tiny network and its images, and a plan of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from farms import COUNT, IMAGES, NETWORK, tiny_network

from tilewright.farm.plan import Plan
from tilewright.hardware.rtl_hash import rtl_sha256
from tilewright.network.file import load_network
from tilewright.network.file_writer import save_network
from tilewright.pytorch.images import Images, load_images
from tilewright.sim.build import cores_folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network and its images."""
    path = tmp_path_factory.mktemp("farm")
    save_network(tiny_network(), path / NETWORK)
    rng = np.random.default_rng(5)
    pixels, labels = rng.integers(0, 256, (COUNT, 3, 8, 8), dtype=np.uint8), rng.integers(0, 5, COUNT)
    Images(pixels, labels.astype(np.int64), "random images").save(path / IMAGES)
    return path


@pytest.fixture(scope="session")
def plan(folder: Path) -> Plan:
    """All images in shards of 4, of two programs each, every layer."""
    loaded = load_network(folder / NETWORK)
    hardware = {"rtl_sha256": rtl_sha256(cores_folder()), "device": "sim", "array": 8, "stream": 64}
    layers = tuple(layer.name for layer in loaded.layers)
    return Plan(loaded, folder / NETWORK, load_images(folder / IMAGES), 2, 4, layers, 9, hardware)
