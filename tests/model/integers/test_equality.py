"""The equality command: equal where it is, a planted difference found and placed, the float forward's distance."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from tilewright.errors import NetworkError
from tilewright_model.__main__ import app
from tilewright_model.checkpoint_file import sha256
from tilewright_model.checkpoints.checkpoint import load_network
from tilewright_model.data.cifar10 import Images
from tilewright_model.data.pixels import normalise
from tilewright_model.integers import comparison
from tilewright_model.integers.equality import Equality, check_equality, threshold_distances
from tilewright_model.integers.float_network import float_codes, float_scores
from tilewright_model.integers.reference import reference
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.network_file.read import load_network_file
from tilewright_model.network_file.write import save_network
from tilewright_model.networks.examples import small_network
from tilewright_model.networks.network import Network
from tilewright_model.networks.stages import build_graph
from tilewright_model.networks.vgg16 import VGG16


def test_the_trained_network_is_equal_on_cifar10(cifar10_root: Path, trained_checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "results" / "equality.json"
    command = ["equality", "--data", str(cifar10_root), "--first", "100", "--count", "200", "--device", "cpu"]
    result = CliRunner().invoke(app, [*command, "--json", "--out", str(out)])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found == json.loads(out.read_text())
    assert (found["equal"], found["mismatches"], found["first_mismatch"]) == (True, 0, None)
    assert (found["images"], found["total"], found["compared"]) == (200, 200, 200 * 168_449)
    assert (found["scores_compared"], found["scores_differing"]) == (2000, 0)
    assert found["correct"] == found["integer_correct"] and found["accuracy"] == found["correct"] / 2 > 85
    assert found["checkpoint_sha256"] == sha256(trained_checkpoint)
    assert found["float_compared"] == 200 * 258_560
    assert found["float_differing_codes"] == sum(found["float_differing_codes_by_layer"].values()) < 1000
    assert found["float_within_0_01"] is True and found["float_max_distance"] < 0.01
    assert found["float_differing_predictions"] <= 2 and found["seconds"] > 0


def test_a_network_without_float_scores_is_refused(tmp_path: Path, image_crops: Callable[..., Tensor]) -> None:
    save_network(small_network(0), tmp_path / "small.safetensors", (3, 32, 32), "small")
    loaded = load_network_file(tmp_path / "small.safetensors")
    with pytest.raises(NetworkError, match="a network file has no float forward"):
        check_equality(loaded, Images(image_crops(1), torch.zeros(1).long()))


def test_a_planted_difference_is_found_and_placed(
    data_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def save_another(model: Network, *arguments: Any) -> None:
        """The network with one weight of features.27 changed."""
        other = load_network()
        layer = other.quantised_layers()["features.27"]
        codes = layer.weight_codes()
        codes[5, 3, 1, 1] = -7 if codes[5, 3, 1, 1] > 0 else 7
        layer.freeze(codes, float(layer.weight_quant.wgt_alpha))
        save_network(other, *arguments)

    monkeypatch.setattr(comparison, "save_network", save_another)
    result = CliRunner().invoke(app, ["equality", "--data", str(data_root), "--device", "cpu", "--json"])
    assert result.exit_code == 1, result.output
    found = json.loads(result.stdout)
    assert not found["equal"] and found["mismatches"] > 0
    first = found["first_mismatch"]
    assert (first["layer"], first["channel"]) == ("features.27", 5) and first["expected"] != first["got"]
    assert first["image"] < 24 and max(first["row"], first["column"]) < 4


def test_the_first_difference_keeps_its_place_across_batches() -> None:
    result = Equality(images=25)
    expected = torch.arange(2 * 3 * 4 * 5).view(2, 3, 4, 5)
    result.compare("a", expected, expected.clone())
    assert (result.compared, result.mismatches, result.first_mismatch) == (120, 0, None)
    got = expected.clone()
    got[1, 2, 0, 3] = 7
    got[1, 2, 3, 4] = 7
    result.compare("b", expected, got)
    result.compare("predictions", torch.tensor([1, 2]), torch.tensor([0, 2]))
    place = {"layer": "b", "image": 26, "channel": 2, "row": 0, "column": 3, "expected": 103, "got": 7}
    assert (result.compared, result.nonzero, result.mismatches) == (242, 2 * 119 + 2, 3)
    assert result.first_mismatch == place
    alone = Equality(images=25)
    alone.compare("predictions", torch.tensor([1, 2]), torch.tensor([1, 3]))
    assert alone.first_mismatch == {"layer": "predictions", "image": 26, "expected": 2, "got": 3}


@torch.no_grad()
def test_distances_are_from_the_threshold_that_was_missed() -> None:
    stage = build_graph(small_network(0)).stages[1]
    assert stage.following is not None and stage.norm is not None
    norm, following = stage.norm.exact(), stage.following.exact()
    accumulators = torch.arange(-400.0, 400.0).double().view(1, 1, -1, 1).expand(1, 20, -1, 1)
    exact = stage.codes(accumulators)
    for move in (1, -1):
        got = (exact + move).clamp(0, 15)
        distances = threshold_distances(stage, accumulators, exact, got)
        place = (exact != got).nonzero()
        assert len(place) == len(distances) > 1000
        for (image, channel, row, column), distance in list(zip(place.tolist(), distances.tolist(), strict=True))[::97]:
            acc, code = accumulators[image, channel, row, column].item(), exact[image, channel, row, column].item()
            edge = (max(code, code + move) - 0.5) / following.levels * following.alpha.item()
            wanted = (edge - norm.shift[channel].item()) / norm.scale[channel].item() / stage.exact.scale
            assert distance == pytest.approx(abs(acc - wanted), rel=1e-9)


@torch.no_grad()
def test_the_float_forward_is_what_pytorchs_own_modules_compute(network: VGG16, crops: Tensor) -> None:
    graph, x = build_graph(network), normalise(crops)
    for module in network.features:
        if isinstance(module, QuantConv2d):
            x = torch.nn.functional.conv2d(module.quantised_input(x), module.quantised_weight(), padding=1)
        elif isinstance(module, torch.nn.BatchNorm2d):
            twin = torch.nn.BatchNorm2d(module.num_features)
            twin.load_state_dict(module.state_dict())
            x = twin.eval()(x)
        else:
            x = module(x)
    expected = torch.nn.functional.linear(x.flatten(1), network.classifier.weight, network.classifier.bias)
    scores = float_scores(graph, normalise(crops))
    assert scores.dtype == torch.float32 and torch.equal(scores, expected)
    assert torch.allclose(scores.double(), reference(network, crops).scores, atol=0.2)


@torch.no_grad()
def test_float_codes_start_from_exact_ones(network: VGG16, crops: Tensor) -> None:
    stage, result = build_graph(network).stages[3], reference(network, crops)
    codes = float_codes(stage, result.codes["features.7"])
    assert codes.shape == (4, 128, 16, 16) and codes.dtype == torch.int64
    exact = stage.codes(stage.exact.accumulators(result.codes["features.7"].double()))
    assert int((codes != exact).sum()) < 20 and np.array_equal(codes.unique(), np.arange(16))
