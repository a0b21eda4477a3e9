"""A user's folder with a small network, and a simulated 8x8 board."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tilewright as tw
from tilewright.face import Board
from tilewright.pytorch.golden_integers import Reference, golden_integers
from tilewright.pytorch.images import load_images

NETWORK, IMAGES, GOLDEN = "network.safetensors", "images.npz", "golden.npz"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network, images.npz with two images for it, golden.npz with their integers, photos/, data/."""
    from PIL import Image

    from tilewright_model.network_file.write import save_network
    from tilewright_model.networks.examples import EXAMPLES

    path = tmp_path_factory.mktemp("face")
    model: Any = EXAMPLES["small"](0)
    save_network(model, path / NETWORK, model.image_size, "small", classes=[f"class {n}" for n in range(7)])
    rng = np.random.default_rng(0)
    np.savez(
        path / IMAGES, pixels=rng.integers(0, 256, (2, *model.image_size), dtype=np.uint8), labels=np.array([3, 3])
    )
    golden_integers(path / NETWORK, load_images(path / IMAGES), Reference.NUMPY).save(path / GOLDEN)
    pixels = load_images(path / IMAGES).pixels.transpose(0, 2, 3, 1)
    (path / "data").mkdir()
    sets = {f"{part}_images": pixels for part in ("train", "test")} | {"train_labels": [0, 1], "test_labels": [4, 3]}
    np.savez(path / "data" / "cifar10.npz", **{name: np.array(values) for name, values in sets.items()})
    (path / "photos").mkdir()
    for name in ("b.png", "a.png", "c.png"):
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(path / "photos" / name)
    return path


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def board() -> Iterator[Board]:
    with tw.open("sim", array=8, seed=1) as opened:
        yield opened
