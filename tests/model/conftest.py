"""Networks, images and data folders that the model's tests share."""

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data
from torch import Tensor

from tilewright_model.checkpoint import DEFAULT_CHECKPOINT
from tilewright_model.image import normalise
from tilewright_model.vgg16 import VGG16, VGG16Options

torch.set_num_threads(1)  # as many test processes as cores


def image_crops(count: int) -> Tensor:
    """Return `count` 32x32 pieces of images that scikit-image ships, uint8 (count, 3, 32, 32)."""
    pictures = [data.chelsea(), data.astronaut(), data.coffee()]
    random = np.random.default_rng(7)
    pieces = []
    for number in range(count):
        picture = pictures[number % len(pictures)]
        top, left = random.integers(0, picture.shape[0] - 32), random.integers(0, picture.shape[1] - 32)
        pieces.append(picture[top : top + 32, left : left + 32].transpose(2, 0, 1))
    return torch.from_numpy(np.stack(pieces))


@pytest.fixture(scope="session")
def crops() -> Tensor:
    return image_crops(4)


@pytest.fixture(scope="session")
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a small cifar10.npz: 40 training and 24 test pieces of images."""
    root = tmp_path_factory.mktemp("cifar10")
    pixels = image_crops(64).numpy().transpose(0, 2, 3, 1)
    labels = (np.arange(64) % 10).astype(np.uint8)
    np.savez(
        root / "cifar10.npz",
        train_images=pixels[:40],
        train_labels=labels[:40],
        test_images=pixels[40:],
        test_labels=labels[40:],
    )
    return root


def random_network(options: VGG16Options) -> VGG16:
    """Return a network with random weights whose batch-norms have seen images and carry random parameters."""
    torch.manual_seed(11)
    model = VGG16(options)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0.3, 0.3)
    model.train()
    with torch.no_grad():
        model(normalise(image_crops(6)))
    return model.eval()


@pytest.fixture(scope="session")
def network() -> VGG16:
    return random_network(VGG16Options(image_bits=8, alpha_a=4.0))


@pytest.fixture(scope="session")
def notebook_network() -> VGG16:
    return random_network(VGG16Options())


@pytest.fixture(scope="session")
def trained_checkpoint() -> Path:
    assert DEFAULT_CHECKPOINT.is_file(), f"the trained checkpoint belongs to the repository: {DEFAULT_CHECKPOINT}"
    return DEFAULT_CHECKPOINT
