"""Captured integers: exact against a convolution of codes, and the notebook's own check."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from typer.testing import CliRunner

from tilewright_model.__main__ import app
from tilewright_model.checkpoint_file import sha256
from tilewright_model.checkpoints.checkpoint import load_network
from tilewright_model.data.pixels import cat, from_array, from_file, normalise
from tilewright_model.errors import CaptureError, DataError
from tilewright_model.integers.capture import capture, layer_named, run_and_hook
from tilewright_model.networks.vgg16 import VGG16

LAYERS = ["features.3", "features.24", "features.27", "features.29", "features.39"]


def check_equality(model: VGG16, name: str, pixels: Tensor) -> None:
    layer = layer_named(model, name)
    x, exact_y = run_and_hook(model, layer, pixels)
    integers = capture(model, name, pixels, checkpoint_sha256="", image_source="")
    activations, weights = torch.from_numpy(integers.activation_codes), torch.from_numpy(integers.weight_codes)
    assert activations.max() <= 15 and weights.abs().max() <= 7
    exact = functional.conv2d(activations.double(), weights.double(), padding=1)
    assert np.array_equal(integers.accumulators, exact.numpy().astype(np.int64))
    step = integers.metadata.delta_w * integers.metadata.delta_a
    assert np.array_equal(exact_y.numpy(), integers.accumulators * step)
    with torch.no_grad():
        y = functional.conv2d(layer.quantised_input(x.float()), layer.quantised_weight(), padding=1)
    assert y.dtype == torch.float32
    assert np.array_equal(integers.float_integers, np.round(y.double().numpy() / step).astype(np.int64))
    assert integers.mismatches == 0
    magnitude = functional.conv2d(activations.double(), weights.double().abs(), padding=1).max()
    roundings = weights[0].numel() ** 0.5 * 2**-24  # of n float32 additions, as they add up by chance
    assert 0 < integers.metadata.max_distance < min(0.5, magnitude * roundings)
    assert torch.equal(torch.round(layer.quantised_input(x) / layer.delta_a).long(), activations.long())
    assert np.count_nonzero(integers.accumulators) > integers.accumulators.size // 4


@pytest.mark.parametrize("name", LAYERS)
def test_the_integers_are_the_float_layers(network: VGG16, crops: Tensor, name: str) -> None:
    check_equality(network, name, crops)


@pytest.mark.parametrize("name", LAYERS)
def test_the_trained_networks_integers_are_the_float_layers(trained_checkpoint: Path, crops: Tensor, name: str) -> None:
    check_equality(load_network(trained_checkpoint), name, torch.cat([crops, cat()]))


def test_the_notebooks_check_holds_for_its_layer(trained_checkpoint: Path, crops: Tensor) -> None:
    metadata = capture(
        load_network(trained_checkpoint), "features.27", crops, checkpoint_sha256="", image_source=""
    ).metadata
    assert metadata.notebook_check_mean < 1e-6
    assert metadata.notebook_check_max < 1e-4


def test_hooks_see_what_the_layer_saw_and_are_removed(network: VGG16, crops: Tensor) -> None:
    layer = layer_named(network, "features.27")
    x, y = run_and_hook(network, layer, crops, batch=2)
    with torch.no_grad():
        assert torch.equal(network.features[:27](normalise(crops)), x)
        assert torch.equal(layer(x), y)
    assert y.min() < 0, "the output must be the convolution's, before the ReLU that works in place"
    assert not layer._forward_hooks


def test_what_cannot_be_captured_is_named(network: VGG16, crops: Tensor) -> None:
    for name, message in (("features.28", "no quantised convolution"), ("features.0", "are not unsigned")):
        with pytest.raises(CaptureError, match=message):
            capture(network, name, crops, checkpoint_sha256="", image_source="")


def test_the_command_writes_the_layer_file(trained_checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "layer.npz"
    result = CliRunner().invoke(app, ["capture", "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert (summary["layer"], summary["outputs"], summary["mismatches"]) == ("features.27", 256, 0)
    with np.load(out, allow_pickle=False) as arrays:
        kinds = {name: (arrays[name].dtype, arrays[name].shape) for name in arrays.files if name != "metadata"}
        metadata = json.loads(str(arrays["metadata"][()]))
    assert kinds == {
        "weight_codes": (np.dtype(np.int8), (16, 16, 3, 3)),
        "activation_codes": (np.dtype(np.uint8), (1, 16, 4, 4)),
        "accumulators": (np.dtype(np.int32), (1, 16, 4, 4)),
        "float_integers": (np.dtype(np.int32), (1, 16, 4, 4)),
    }
    assert (metadata["layer"], metadata["stride"], metadata["padding"]) == ("features.27", 1, 1)
    assert metadata["checkpoint_sha256"] == sha256(trained_checkpoint)
    assert metadata["image_source"] == "scikit-image's chelsea"


def test_images_of_any_size_become_32_by_32(tmp_path: Path) -> None:
    from skimage import data, io

    file = tmp_path / "cat.png"
    io.imsave(file, data.chelsea())
    assert torch.equal(from_file(file), cat())
    assert from_array(np.full((50, 90, 3), 7, np.uint8)).unique().tolist() == [7]
    file.write_bytes(b"no image")
    with pytest.raises(DataError, match="cannot read the image"):
        from_file(file)
    for wrong in (np.zeros((3, 3, 4), np.uint8), np.zeros((3, 3), np.float32), np.zeros(3, np.uint8)):
        with pytest.raises(DataError, match="expected an image"):
            from_array(wrong)
