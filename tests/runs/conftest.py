"""Whole networks, trained and made up, with PyTorch's own integers for some images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tilewright.network import Network, load_network
from tilewright.pytorch.export import export_network
from tilewright.pytorch.images import Images


@dataclass(frozen=True)
class Case:
    """A network file, images, and for each layer what PyTorch computes: keys as in a reference file."""

    path: Path
    network: Network
    images: Images
    expected: dict[str, np.ndarray]


def make_case(path: Path, images: Images) -> Case:
    import torch

    from tilewright_model.integers.reference import reference
    from tilewright_model.network_file.read import load_network_file

    torch.set_num_threads(1)
    computed = reference(load_network_file(path), torch.from_numpy(images.pixels))
    arrays = {f"{name}.codes": codes.numpy() for name, codes in computed.codes.items()}
    arrays[f"{computed.last}.accumulators"] = computed.accumulators.numpy()
    arrays |= {"scores": computed.scores.numpy(), "predictions": computed.predictions.numpy()}
    return Case(path, load_network(path), images, arrays)


def random_images(network: Network, count: int) -> Images:
    pixels = np.random.default_rng(count).integers(0, 256, (count, *network.image)).astype(np.uint8)
    return Images(pixels, np.full(count, -1), "random pixels")


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Case]:
    """`example(name)`: a made-up network of tilewright_model.networks.examples on four random images."""
    from tilewright_model.network_file.write import save_network
    from tilewright_model.networks.examples import EXAMPLES

    cases: dict[str, Case] = {}

    def example(name: str) -> Case:
        if name not in cases:
            path = tmp_path_factory.mktemp("networks") / f"{name}.safetensors"
            model: Any = EXAMPLES[name](0)
            save_network(model, path, model.image_size, name)
            cases[name] = make_case(path, random_images(load_network(path), 4))
        return cases[name]

    return example


@pytest.fixture
def case_of(tmp_path: Path) -> Callable[[Any], Case]:
    """`case_of(model)`: a PyTorch network on four random images."""
    from tilewright_model.network_file.write import save_network

    def case_of(model: Any) -> Case:
        path = tmp_path / "network.safetensors"
        save_network(model, path, model.image_size, "case")
        return make_case(path, random_images(load_network(path), 4))

    return case_of


@pytest.fixture(scope="session")
def vgg16() -> Case:
    """The trained VGG16 on two random images."""
    path = export_network(None)
    return make_case(path, random_images(load_network(path), 2))
