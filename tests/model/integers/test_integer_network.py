"""The integer network: equal to the reference, a changed file found and named, codes by slope and by thresholds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from typer.testing import CliRunner

from tilewright.network import Layer
from tilewright.network.shape import ALWAYS, NEVER
from tilewright_model.__main__ import app
from tilewright_model.checkpoint_file import sha256
from tilewright_model.checkpoints.checkpoint import load_network
from tilewright_model.data.cifar10 import Images, load_cifar10
from tilewright_model.integers.comparison import Comparison, exported
from tilewright_model.integers.integer_network import IntegerNetwork
from tilewright_model.integers.reference import reference
from tilewright_model.integers.requantisation import Requantisation
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.network_file.write import save_network
from tilewright_model.networks.examples import EXAMPLES, Maker, broad_network, small_network
from tilewright_model.networks.network import Network

CPU = torch.device("cpu")


def check_equal(model: Network, pixels: Tensor, integers: IntegerNetwork | None = None) -> None:
    expected, got = reference(model, pixels), (integers or exported(model, CPU)).run(pixels)
    assert list(got.codes) == list(expected.codes)
    assert all(torch.equal(got.codes[name], codes) for name, codes in expected.codes.items())
    assert torch.equal(got.accumulators, expected.accumulators) and got.accumulators.dtype == torch.int32
    assert torch.equal(got.scores, expected.scores) and got.scores.dtype == torch.float64
    assert torch.equal(got.predictions, expected.predictions)


@pytest.mark.parametrize(("name", "size", "count"), [("small", 32, 2), ("broad", 16, 2), ("tall", 96, 1)])
def test_an_example_is_equal_in_everything(
    name: str, size: int, count: int, image_crops: Callable[..., Tensor]
) -> None:
    check_equal(EXAMPLES[name](3), image_crops(count, size))


def test_the_trained_network_is_equal_in_everything(trained_checkpoint: Path, crops: Tensor) -> None:
    check_equal(load_network(trained_checkpoint), crops)


@pytest.mark.filterwarnings("ignore:TF32 acceleration")
@pytest.mark.parametrize("backend", ["without oneDNN", "autocast"])
def test_no_backend_makes_it_inexact(backend: str, image_crops: Callable[..., Tensor]) -> None:
    model, pixels = small_network(1), image_crops(16)  # with fewer images PyTorch does not take NNPACK's Winograd
    integers, expected = exported(model, CPU), reference(model, pixels)
    with (
        torch.backends.mkldnn.flags(enabled=backend != "without oneDNN"),
        torch.autocast("cpu", torch.bfloat16, enabled=backend == "autocast"),
    ):
        got = integers.run(pixels)
    assert torch.equal(got.scores, expected.scores)
    assert all(torch.equal(got.codes[name], codes) for name, codes in expected.codes.items())


def evaluate(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """Exit status and JSON of `evaluate --integer`."""
    command = ["evaluate", "--integer", "--device", "cpu", "--json", *map(str, arguments)]
    result = CliRunner().invoke(app, command)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, json.loads(result.stdout)


@pytest.fixture(scope="module")
def network_file(trained_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, model = tmp_path_factory.mktemp("network") / "vgg16.safetensors", load_network(trained_checkpoint)
    save_network(model, path, model.image_size, "VGG16")
    return path


def changed(path: Path, out: Path, key: str, change: Callable[[Tensor], object]) -> Path:
    """A copy of the network file whose tensor `key` was changed in place."""
    tensors = load_file(path)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    change(tensors[key])
    save_file(tensors, out, metadata)
    return out


def test_evaluate_measures_and_compares_the_integers(data_root: Path, trained_checkpoint: Path) -> None:
    status, found = evaluate("--data", data_root, "--count", "9")
    assert (status, found["equal"], found["mismatches"], found["scores_differing"]) == (0, True, 0, 0)
    assert (found["compared"], found["scores_compared"], found["first_mismatch"]) == (9 * 168_449, 90, None)
    plain = CliRunner().invoke(app, ["evaluate", "--data", str(data_root), "--count", "9", "--device", "cpu", "--json"])
    assert json.loads(plain.stdout).items() >= {key: found[key] for key in ("accuracy", "correct", "total")}.items()
    assert (found["reference_correct"], found["reference_accuracy"]) == (found["correct"], found["accuracy"])
    assert found["sha256"] == sha256(trained_checkpoint)
    assert 0 < found["integer_seconds"] + found["reference_seconds"] <= found["seconds"] + 0.02
    layers = {layer["name"]: layer for layer in found["layers"]}
    weights = load_network(trained_checkpoint).quantised_layers()["features.27"].weight_codes().long()
    one_sign = torch.stack([weights.clamp(min=0).sum((1, 2, 3)), -weights.clamp(max=0).sum((1, 2, 3))])
    assert layers["features.27"]["bound"] == 15 * int(one_sign.max())
    assert len(layers) == 13 and all(layer["below_2_24"] and layer["dtype"] == "float32" for layer in found["layers"])
    channels = [layer["affine_channels"] + layer["threshold_channels"] for layer in found["layers"]]
    assert channels == [64, 64, 128, 128, 256, 256, 256, 16, 16, 512, 512, 512, 0]


def test_evaluate_prints_a_table_with_every_bound(data_root: Path) -> None:
    command = ["evaluate", "--integer", "--data", str(data_root), "--count", "1", "--device", "cpu"]
    result = CliRunner().invoke(app, command, env={"COLUMNS": "200"})
    assert result.exit_code == 0 and result.stdout.count("< 2^24") == 13


def test_evaluate_takes_a_network_file_and_finds_a_changed_threshold(
    data_root: Path, network_file: Path, tmp_path: Path
) -> None:
    status, found = evaluate(network_file, "--data", data_root, "--count", "3")
    assert (status, found["equal"], found["compared"]) == (0, True, 3 * 168_449)
    codes = reference(load_network(), load_cifar10(data_root, "test").pixels[:1]).codes["features.7"][0]
    channel = int(((codes == 3) | (codes == 4)).sum((1, 2)).argmax())
    bad = changed(
        network_file,
        tmp_path / "bad.safetensors",
        "features.7.thresholds",
        lambda t: t[channel, 2:4].copy_(t[channel, 4]),
    )
    status, found = evaluate(bad, "--data", data_root, "--count", "3")
    first = found["first_mismatch"]
    assert status == 1 and not found["equal"] and found["mismatches"] > 0
    assert (first["layer"], first["channel"], first["image"]) == ("features.7", channel, 0)
    assert first["expected"] in (3, 4) and first["got"] == 2
    (layer,) = (layer for layer in found["layers"] if layer["name"] == "features.7")
    assert layer["threshold_channels"] == 1  # no affine function has two codes at one step


def test_a_changed_weight_is_found_and_named(network_file: Path, crops: Tensor, tmp_path: Path) -> None:
    bad = changed(
        network_file, tmp_path / "bad.safetensors", "features.3.weights", lambda t: t[7, 5, 1, 1].copy_(-t[7, 5, 1, 1])
    )
    assert not torch.equal(load_file(bad)["features.3.weights"], load_file(network_file)["features.3.weights"])
    result = Comparison()
    result.run(load_network(), IntegerNetwork(bad, CPU), Images(crops, torch.zeros(4).long()))
    assert not result.equal and result.first_mismatch is not None
    assert (result.first_mismatch["layer"], result.first_mismatch["channel"]) == ("features.3", 7)


def test_a_changed_bias_is_found_in_the_scores_alone(network_file: Path, crops: Tensor, tmp_path: Path) -> None:
    bad = changed(network_file, tmp_path / "bad.safetensors", "classifier.bias", lambda t: t[6].mul_(1 + 1e-12))
    result = Comparison()
    result.run(load_network(), IntegerNetwork(bad, CPU), Images(crops, torch.zeros(4).long()))
    assert (result.mismatches, result.scores_compared) == (0, 40) and result.scores_differing > 0
    assert result.first_mismatch is not None and not result.equal
    assert (result.first_mismatch["layer"], result.first_mismatch["channel"]) == ("scores", 6)
    assert isinstance(result.first_mismatch["got"], float)


def test_a_network_file_is_no_checkpoint(data_root: Path, network_file: Path) -> None:
    command = ["evaluate", "--data", str(data_root), "--checkpoint", str(network_file), "--device", "cpu"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2 and "is a network file, not a checkpoint: `tilewright run" in result.stderr


def wide_network() -> Network:
    """Its second layer adds 3400 * 49 products of up to 7 * 15: more than 2^24."""
    make = Maker(0)
    features = [
        *make.convolution(3, 3400, kernel=1, padding=0, image_bits=8),
        *make.convolution(3400, 2, kernel=7, padding=0),
        *make.convolution(2, 3, kernel=1, padding=0),
    ]
    wide = features[3]
    assert isinstance(wide, QuantConv2d)
    codes = wide.weight_codes()
    codes[1] = 7
    codes[1, 0, 0, 0] = 6
    wide.freeze(codes, float(wide.weight_quant.wgt_alpha))
    return Network(nn.Sequential(*features), make.linear(12, 4), (3, 8, 8)).eval()


def test_sums_beyond_float32s_integers_are_exact_too(image_crops: Callable[..., Tensor]) -> None:
    model = wide_network()
    integers = exported(model, CPU)
    assert [str(layer.dtype) for layer in integers.layers] == ["torch.float32", "torch.float64", "torch.float32"]
    wide = integers.layers[1]
    largest = 15 * (7 * 3400 * 49 - 1)
    assert (wide.bound, wide.describe()["below_2_24"]) == (largest, False) and largest > 2**24 and largest % 2
    sums = wide.sums([torch.full((1, 3400, 8, 8), 15.0)])
    assert sums.shape == (1, 2, 2, 2) and abs(int(sums[0, 1, 0, 0])) == largest
    check_equal(model, image_crops(2, 8), integers)


def layer_of(integers: IntegerNetwork, name: str) -> Layer:
    """A layer as the file has it."""
    return next(layer for layer in integers.network.layers if layer.name == name)


def file_codes(integers: IntegerNetwork, name: str, values: Tensor) -> Tensor:
    """Codes of sums (oc, n), already negated where falling, by the file's thresholds as they stand there."""
    thresholds = torch.from_numpy(layer_of(integers, name).thresholds).long()
    return (values[:, :, None] >= thresholds[:, None, :]).sum(2)


def near_thresholds(integers: IntegerNetwork, name: str) -> Tensor:
    """Reachable sums (oc, n) at most 2 from a threshold, and the extreme ones."""
    layer = next(layer for layer in integers.layers if layer.name == name)
    thresholds = torch.from_numpy(layer_of(integers, name).thresholds).long()
    near = (thresholds[:, :, None] + torch.arange(-2, 3)).flatten(1)
    ends = torch.tensor([-layer.bound, layer.bound]).expand(len(near), 2)
    return torch.cat([near.clamp(-layer.bound, layer.bound), ends], 1)


@pytest.mark.parametrize("make", [load_network, lambda: small_network(2), lambda: broad_network(2)])
def test_both_ways_to_codes_agree_near_every_threshold(make: Callable[[], Network]) -> None:
    integers = exported(make(), CPU)
    affine = 0
    for layer in integers.layers[:-1]:
        assert layer.requantisation is not None
        low, high = reachable_sums(integers, layer.name)
        values = near_thresholds(integers, layer.name)
        values = torch.minimum(torch.maximum(values, low[:, None]), high[:, None])
        expected = file_codes(integers, layer.name, values)
        found = layer.requantisation.codes(values.to(layer.dtype)[None, :, :, None])[0, :, :, 0]
        assert torch.equal(found.long(), expected)
        thresholds = torch.from_numpy(layer.layer.thresholds)
        by_thresholds = Requantisation(thresholds, low, high, torch.full((len(low),), torch.nan), layer.dtype)
        assert len(by_thresholds.counted) == len(low)
        assert torch.equal(by_thresholds.codes(values.to(layer.dtype)[None, :, :, None])[0, :, :, 0].long(), expected)
        affine += len(low) - len(layer.requantisation.counted)
    assert affine > 0.95 * sum(layer.layer.out_channels for layer in integers.layers[:-1])


def reachable_sums(integers: IntegerNetwork, name: str) -> tuple[Tensor, Tensor]:
    """int64 (oc,) each, anew from the file: the smallest and largest sum, negated where falling."""
    layer = layer_of(integers, name)
    table = integers.network.image_codes.astype(np.int64)
    ends = (table.min(1), table.max(1)) if layer.image_input else (0, layer.activation_levels)
    low, high = (np.broadcast_to(end, layer.in_channels) for end in ends)
    if layer.kind == "average":
        area = layer.kernel[0] * layer.kernel[1]
        return torch.from_numpy(low * area), torch.from_numpy(high * area)
    weights = layer.weights.astype(np.int64)
    ends = np.stack([weights * np.minimum(low, 0)[:, None, None], weights * np.maximum(high, 0)[:, None, None]])
    sums = ends.min(0).sum((1, 2, 3)), ends.max(0).sum((1, 2, 3))
    falling = layer.falling
    return (
        torch.from_numpy(np.where(falling, -sums[1], sums[0])),
        torch.from_numpy(np.where(falling, -sums[0], sums[1])),
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("levels", [1, 3, 15])
def test_codes_are_the_thresholds_on_every_reachable_sum(levels: int, dtype: torch.dtype) -> None:
    random = torch.Generator().manual_seed(levels)
    channels, low, high = 300, -700, 900
    slope = torch.rand(channels, generator=random).double() * levels / 200 + 0.001
    start = torch.rand(channels, generator=random).double() * 1600 - 800
    steps = (torch.arange(levels) / slope[:, None] + start[:, None]).ceil().long()
    crooked = torch.randint(low, high, (channels, levels), generator=random).sort(1).values
    straight = torch.arange(channels) % 3 > 0
    limits = torch.where(straight[:, None], steps, crooked)
    thresholds = torch.where(limits > high, NEVER, torch.where(limits <= low, ALWAYS, limits)).to(torch.int32)
    thresholds[0], thresholds[3], thresholds[6, : levels // 2] = NEVER, ALWAYS, ALWAYS
    slope[9], slope[12], slope[15] = torch.inf, torch.nan, -slope[15]
    ends = (torch.full((channels,), end) for end in (low, high))
    layer = Requantisation(thresholds, *ends, slope, dtype)
    sums = torch.arange(low, high + 1).expand(channels, -1)
    expected = (sums[:, :, None] >= thresholds[:, None, :]).sum(2)
    found = layer.codes(sums.to(dtype)[None, :, :, None])[0, :, :, 0]
    assert found.dtype == dtype and torch.equal(found.long(), expected)
    counted = set(layer.counted.tolist())
    assert {9, 12, 15} <= counted and not {0, 3} & counted
    if levels > 1:
        assert len(counted) > 50 and not counted & set(straight.nonzero().flatten().tolist())


def test_a_threshold_off_by_one_step_is_never_taken_for_the_affine_function() -> None:
    """Of all thresholds moved by one, those that no offset can follow count; all give the file's codes."""
    levels, low, high = 15, torch.tensor([-3000]), torch.tensor([3000])
    slope = torch.tensor([0.01]).double()
    exact = ((torch.arange(levels) + 0.5 + 3.17) / slope[0]).ceil().int()
    counted = 0
    for number in range(levels):
        thresholds = exact.clone()[None]
        thresholds[0, number] += 1
        layer = Requantisation(thresholds, low, high, slope, torch.float32)
        sums = torch.arange(-3000.0, 3001.0).view(1, 1, -1, 1)
        expected = (sums.flatten()[:, None] >= thresholds[0]).sum(1)
        assert torch.equal(layer.codes(sums.clone()).flatten().long(), expected)
        counted += len(layer.counted)
    assert counted >= levels - 1
