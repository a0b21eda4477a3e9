"""`tilewright.load`: names, files, modules; and what it says of anything else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tilewright as tw
from tilewright.errors import NetworkError
from tilewright.network import Network, load_network
from tilewright.network.file_writer import save_network
from tilewright.network.layer_names import trained_checkpoint


def same(one: Network, other: Network, folder: Path) -> bool:
    """Whether two networks are the same bytes in a file, but for their names."""
    for name, network in (("one", one), ("other", other)):
        save_network(replace(network, name="", classes=()), folder / name)
    return (folder / "one").read_bytes() == (folder / "other").read_bytes()


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file(here: Path, kind: Any, tmp_path: Path) -> None:
    network = tw.load(kind("network.safetensors"))
    assert repr(network) == "small: 6 layers, images 3x32x32, 1,859,196 multiplications an image"
    assert same(network, load_network("network.safetensors"), tmp_path)
    assert tw.load(network) is network


def test_the_packaged_network_and_its_checkpoint(tmp_path: Path) -> None:
    network = tw.load("vgg16")
    assert (network.name, len(network.layers)) == ("VGG16", 13)
    assert same(network, tw.load(trained_checkpoint()), tmp_path)


def test_a_golden_set(here: Path, tmp_path: Path) -> None:
    for name in ("network.safetensors", "reference.npz"):
        shutil.copy(here / "network.safetensors", tmp_path / name)
    assert repr(tw.load(tmp_path)) == repr(tw.load("network.safetensors"))


def test_a_module_of_ours(here: Path, tmp_path: Path) -> None:
    from tilewright_model.networks.examples import EXAMPLES

    model = EXAMPLES["small"](0)
    model.train()
    network = tw.load(model, name="mine")
    assert same(network, tw.load("network.safetensors"), tmp_path)
    assert network.name == "mine" and model.training


@pytest.mark.parametrize("sample", ["shape", "image", "batch"])
def test_a_brevitas_module(sample: str, tmp_path: Path) -> None:
    import torch
    from brevitas_models import IMAGE, NORMALISE, make

    from tilewright_model.foreign import from_brevitas
    from tilewright_model.network_file import save_network as save_module

    model = make("per_tensor")
    samples = {"shape": IMAGE, "image": np.zeros(IMAGE, np.float32), "batch": torch.zeros(4, *IMAGE)}
    network = tw.load(model, samples[sample], mean=(0.5, 0.4, 0.6), std=(0.25, 0.3, 0.2), classes=["a", "b"])
    written = save_module(from_brevitas(model, IMAGE, NORMALISE), tmp_path / "network", IMAGE, "")
    assert same(network, written, tmp_path) and network.classes == ("a", "b")


def test_a_qonnx_file(tmp_path: Path) -> None:
    from brevitas_models import IMAGE, NORMALISE, make, random_pixels

    from tilewright_model.foreign import from_brevitas
    from tilewright_model.network_file import save_network as save_module

    pytest.importorskip("onnxoptimizer")
    from brevitas.export import export_qonnx

    model = make("per_tensor")
    file = tmp_path / "model.onnx"
    export_qonnx(model, NORMALISE(random_pixels(1)), str(file), dynamo=False)
    network = tw.load(str(file), mean=(0.5, 0.4, 0.6), std=(0.25, 0.3, 0.2))
    direct = save_module(from_brevitas(model, IMAGE, NORMALISE), tmp_path / "network", IMAGE, "")
    assert [layer.name for layer in network.layers] == [layer.name for layer in direct.layers]
    for layer, expected in zip(network.layers, direct.layers, strict=True):
        np.testing.assert_array_equal(layer.thresholds, expected.thresholds)


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ("vgg61", {}, r"vgg61: no such network; packaged is vgg16, .* did you mean 'vgg16'\?"),
        ("images.npz", {}, r"is an \.npz of images, not a network file: `tilewright run --images"),
        (3, {}, r"by its name \(vgg16, resnet20\), as a file, or as a torch\.nn\.Module with a sample; this is a int"),
        ("network.safetensors", {"mean": (0.5,), "std": (0.5,)}, "mean and std are for modules and QONNX files"),
        ("network.safetensors", {"sample": (3, 32, 32)}, "sample, name and classes are for modules"),
    ],
)
def test_what_is_no_network(here: Path, given: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        tw.load(given, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, r"Sequential: give a sample image, or its shape \(channels, height, width\)"),
        ({"sample": (32, 32)}, r"the sample is \(32, 32\): give an image"),
        ({"sample": "cat.png"}, r"the sample is 'cat\.png': give an image"),
        ({"sample": (3, 8, 8), "mean": (0.5,)}, "both mean and std"),
        ({"sample": (3, 8, 8)}, "Conv2d.*not quantised"),
    ],
)
def test_what_is_no_module_to_take(options: dict[str, Any], said: str) -> None:
    from torch import nn

    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))
    with pytest.raises(NetworkError, match=said):
        tw.load(model, **options)


def test_a_module_of_ours_has_its_normalisation() -> None:
    from tilewright_model.networks.examples import EXAMPLES

    with pytest.raises(NetworkError, match="of this library and has its normalisation"):
        tw.load(EXAMPLES["small"](0), mean=(0.5,), std=(0.5,))
