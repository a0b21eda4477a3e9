"""Networks by name: the trained VGG16, with PyTorch's integers for a photograph, and ResNet20 with random weights.

``make golden`` writes the files, from the trained checkpoint, and of the seed 0.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent
# The checkpoint model/checkpoints/vgg16_w4a4_cifar10.safetensors as a network file
NETWORK = _FOLDER / "vgg16_w4a4_cifar10.safetensors"
# By name. ResNet20 has random weights, of the seed 0
NETWORKS = {"vgg16": NETWORK, "resnet20": _FOLDER / "resnet20_w4a4_random.safetensors"}
# scikit-image's cat, and every integer of the network for it (tilewright.network.golden_file)
GOLDEN = _FOLDER / "vgg16_w4a4_cifar10_cat.npz"


def layer_file() -> Path:
    """The layer file of ``features.27`` for the same photograph, PyTorch's outputs included: the notebooks' own.

    Raises:
        FileNotFoundError: the notebooks are not installed.
    """
    spec = importlib.util.find_spec("tilewright_notebooks")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package tilewright_notebooks is missing: install the whole wheel")
    return Path(spec.submodule_search_locations[0]) / "data" / "features.27.npz"
