"""The network file: its integers against the reference, back to a network, one clear error for what it cannot hold."""

import copy
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from typer.testing import CliRunner

from tilewright.errors import NetworkError
from tilewright.network import load_network as load_integers
from tilewright.network.shape import ALWAYS, NEVER, LayerShape
from tilewright_model.__main__ import app
from tilewright_model.checkpoint_file import sha256
from tilewright_model.checkpoints.checkpoint import load_network
from tilewright_model.data.cifar10 import CLASSES
from tilewright_model.integers.integer_network import IntegerNetwork
from tilewright_model.integers.reference import Reference, reference
from tilewright_model.layers.plain import BatchNorm2d, Linear
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d
from tilewright_model.network_file.read import load_network_file
from tilewright_model.network_file.thresholds import find_thresholds, reachable
from tilewright_model.network_file.write import layer_shapes, save_network
from tilewright_model.networks.examples import EXAMPLES, Maker, small_network, tall_network
from tilewright_model.networks.network import Network
from tilewright_model.networks.stages import Stage, build_graph
from tilewright_model.networks.vgg16 import VGG16

Plain = Callable[[Network, Tensor], Any]


@pytest.fixture(scope="module")
def trained_file(trained_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "vgg16.safetensors"
    model = load_network(trained_checkpoint)
    save_network(model, path, (3, 32, 32), "VGG16", sha256(trained_checkpoint), CLASSES)
    return path


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "small.safetensors"
    save_network(small_network(1), path, (3, 32, 32), "small")
    return path


def header(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])


# --- thresholds ---


def check_every_accumulator(stage: Stage, low: Tensor, high: Tensor, levels: int) -> int:
    """Every reachable accumulator of every channel: its code by thresholds is the reference's. Returns how many."""
    thresholds, falling = find_thresholds(stage, low, high, levels)
    assert bool((thresholds[:, 1:] >= thresholds[:, :-1]).all())
    sign = torch.where(falling.bool(), -1, 1).to(torch.int32).view(-1, 1)
    step = 4096
    for offset in range(0, int((high - low).max()) + 1, step):
        accumulators = low.view(-1, 1) + torch.arange(offset, offset + step)
        valid = accumulators <= high.view(-1, 1)
        expected = stage.codes(accumulators[None, :, :, None])[0, :, :, 0]
        found = torch.searchsorted(thresholds, accumulators.to(torch.int32) * sign, right=True)
        assert bool(((found == expected) | ~valid).all()), stage.name
    return int((high - low + 1).sum())


@torch.no_grad()
def check_network(model: Network) -> int:
    graph, count = build_graph(model), 0
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 1, 1, 256).expand(1, 3, 1, 256)
    table = graph.stages[0].exact.codes(model.normalise(pixels))[0, :, 0].long()
    lowest, highest = table.amin(1), table.amax(1)
    for stage in graph.stages[:-1]:
        assert stage.following is not None
        levels, (low, high) = stage.following.exact().levels, reachable(stage.exact, lowest, highest)
        count += check_every_accumulator(stage, low, high, levels)
        lowest, highest = torch.zeros_like(low), torch.full_like(low, levels)
    return count


def test_every_accumulator_of_the_trained_network_gets_the_references_code(trained_checkpoint: Path) -> None:
    assert check_network(load_network(trained_checkpoint)) > 100_000_000


@pytest.mark.parametrize("seed", range(3))
def test_every_accumulator_of_random_networks_gets_the_references_code(seed: int) -> None:
    assert check_network(random_network(seed)) > 10_000
    assert check_network(tie_network(seed)) > 5_000


def test_the_reachable_range_is_that_of_the_worst_images() -> None:
    layer = small_network(0).features[0].exact()
    lowest, highest = torch.tensor([-100, -90, -80]), torch.tensor([110, 3, -5])
    low, high = reachable(layer, lowest, highest)
    for channel in range(12):
        weights = layer.weights[channel].long()
        # the last input channel has negative codes only; padding still gives it a 0
        best = torch.where(weights > 0, torch.tensor([110, 3, 0]).view(3, 1, 1), lowest.view(3, 1, 1))
        assert int(high[channel]) == int((weights * best).sum())
        worst = torch.where(weights < 0, torch.tensor([110, 3, 0]).view(3, 1, 1), lowest.view(3, 1, 1))
        assert int(low[channel]) == int((weights * worst).sum())


def norm_stage(scale: list[float], shift: list[float]) -> Stage:
    """1x1 convolution of one channel whose z is acc * scale + shift, before a quantiser with steps of 1."""
    layer, following = QuantConv2d(1, len(scale), 1, padding=0), QuantConv2d(len(scale), 1, act_bits=4, alpha_a=15.0)
    layer.freeze(torch.full((len(scale), 1, 1, 1), 7, dtype=torch.int8), 7.0)
    layer.act_alpha.data.fill_(15.0)
    norm = BatchNorm2d(len(scale), eps=0.0)
    norm.weight.data, norm.bias.data = torch.tensor(scale), torch.tensor(shift)
    return Stage("one", layer, norm, relu=True, following=following)


def test_thresholds_of_rising_falling_and_constant_channels() -> None:
    stage = norm_stage([0.5, -0.5, 0.0, 1.0], [0.0, 5.0, 3.5, 200.0])
    low, high = reachable(stage.exact, torch.zeros(1).long(), torch.full((1,), 15))
    assert (low.tolist(), high.tolist()) == ([0] * 4, [105] * 4)
    thresholds, falling = find_thresholds(stage, low, high, 15)
    assert falling.tolist() == [0, 1, 0, 0]
    # acc / 2 with halves to even: 1 -> 0, 3 -> 2, 5 -> 2, 7 -> 4, ...
    assert thresholds[0].tolist() == [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30]
    # 5 - acc / 2, in terms of -acc
    assert (
        thresholds[1].tolist() == [-8, -7, -4, -3, ALWAYS] + [NEVER] * 10 or thresholds[1, 5:].tolist() == [NEVER] * 10
    )
    assert thresholds[2].tolist() == [ALWAYS] * 4 + [NEVER] * 11
    assert thresholds[3].tolist() == [ALWAYS] * 15


# --- whole networks ---


def random_network(seed: int) -> Network:
    """Four to six random layers on 3x21x18 images: all kernels, strides, bit widths, averages, constant channels."""
    make, random = Maker(seed), np.random.default_rng(seed)
    features: list[nn.Module] = []
    channels, size = 3, np.array([21, 18])
    for number in range(int(random.integers(3, 6))):
        width = int(random.integers(3, 14))
        kernel, stride = int(random.choice([1, 2, 3, 5])), int(random.integers(1, 3)) if size.min() > 6 else 1
        padding = min(kernel // 2 + int(random.integers(0, 2)), 3)
        size = (size + 2 * padding - kernel) // stride + 1
        pool = bool(size.min() > 5)
        size = size // 2 if pool else size
        bits = {"image_bits": 8} if number == 0 else {"act_bits": int(random.choice([2, 3, 4]))}
        norm = bool(random.random() < 0.7)
        features += make.convolution(channels, width, kernel, stride, padding, pool=pool, batch_norm=norm, **bits)
        if norm:
            (last,) = [module for module in features[-4:] if isinstance(module, BatchNorm2d)]
            last.weight.data[0] = 0.0
        channels = width
        if random.random() < 0.4 and size.min() > 1:
            features.append(QuantAvgPool2d(2, 1, act_bits=int(random.choice([2, 4])), alpha_a=make.alpha()))
            size = size - 1
    features.append(nn.AvgPool2d(1, 1))
    classifier = nn.Sequential(make.linear(int(channels * size.prod()), 6), nn.ReLU(), nn.Dropout(), make.linear(6, 4))
    return Network(nn.Sequential(*features), classifier, (3, 21, 18)).eval()


def tie_network(seed: int) -> Network:
    """z in halves of a quantiser's step: about half of all values lie between two codes."""
    random = torch.Generator().manual_seed(seed)
    features: list[nn.Module] = []
    for channels, width in ((3, 6), (6, 5), (5, 4)):
        layer = QuantConv2d(channels, width, image_bits=8 if channels == 3 else None, alpha_a=15.0)
        if channels == 3:
            layer.act_alpha.data.fill_(127.0)  # image codes are the rounded values: small ones
        codes = torch.randint(-2, 3, layer.weight.shape, generator=random).to(torch.int8)
        layer.freeze(codes, 3.5)
        norm = BatchNorm2d(width, eps=0.0)
        norm.weight.data = torch.tensor([1.0, -1.0, 1.0, 2.0, -1.0, 1.0])[:width]
        norm.bias.data = torch.randint(-4, 12, (width,), generator=random) / 2
        features += [layer, norm, nn.ReLU(), nn.MaxPool2d(2, 2)]
    return Network(nn.Sequential(*features), Maker(seed).linear(4 * 2 * 2, 3), (3, 21, 18)).eval()


def equal(a: Reference, b: Reference) -> bool:
    first, second = ([*r.codes.values(), r.image_codes, r.accumulators, r.scores, r.predictions] for r in (a, b))
    return list(a.codes) == list(b.codes) and all(torch.equal(x, y) for x, y in zip(first, second, strict=True))


def check_file(model: Network, pixels: Tensor, path: Path) -> Reference:
    """Reference, the file's reference and the integer network on the file agree. Returns the reference."""
    save_network(model, path, model.image_size, "test")
    expected, loaded = reference(model, pixels), load_network_file(path)
    assert equal(reference(loaded, pixels), expected)
    integers = IntegerNetwork(path, torch.device("cpu")).run(pixels)
    assert list(integers.codes) == list(expected.codes)
    for name, codes in expected.codes.items():
        assert torch.equal(integers.codes[name], codes), name
    assert torch.equal(integers.accumulators, expected.accumulators)
    assert torch.equal(integers.predictions, expected.predictions)
    again = path.with_suffix(".again")
    save_network(loaded, again, model.image_size, "test")
    assert again.read_bytes() == path.read_bytes()
    return expected


def check_plain(plain: Plain, model: Network, pixels: Tensor, expected: Reference) -> None:
    result = plain(model, pixels)
    assert all(np.array_equal(result.codes[name], codes) for name, codes in expected.codes.items())
    assert np.array_equal(result.accumulators, expected.accumulators)
    assert np.array_equal(result.scores, expected.scores)


@pytest.mark.parametrize("make", [random_network, tie_network])
@pytest.mark.parametrize("seed", range(12))
def test_a_random_network_is_the_same_by_file_thresholds_and_formula(
    make: Callable[[int], Network], seed: int, crops: Tensor, tmp_path: Path, plain: Plain
) -> None:
    model = make(seed)
    pixels = crops[:, :, 3:24, 5:23]
    if make is tie_network:
        pixels = pixels // 16 + 120  # near the means, so that values are small
    expected = check_file(model, pixels, tmp_path / "network.safetensors")
    check_plain(plain, model, pixels, expected)


def test_the_random_networks_hold_what_they_are_for() -> None:
    layers = [(stage.layer, stage) for seed in range(12) for stage in build_graph(random_network(seed)).stages]
    convolutions = [(layer, stage) for layer, stage in layers if isinstance(layer, QuantConv2d)]
    assert {layer.kernel_size[0] for layer, _ in convolutions} == {1, 2, 3, 5}
    assert {layer.stride[0] for layer, _ in convolutions} == {1, 2}
    assert {layer.act_quant.levels for layer, _ in layers} == {3, 7, 15, 127}
    assert (
        {stage.norm is None for _, stage in convolutions} == {stage.pool for _, stage in convolutions} == {True, False}
    )
    averages = [stage for layer, stage in layers if isinstance(layer, QuantAvgPool2d)]
    assert {stage.following is None for stage in averages} == {True, False}
    scales = torch.cat([stage.norm.exact().scale for _, stage in convolutions if stage.norm])
    assert bool((scales < 0).any()) and bool((scales == 0).any())


@torch.no_grad()
def test_ties_are_frequent_in_the_network_made_for_them(crops: Tensor) -> None:
    model, ties = tie_network(0), 0
    graph, pixels = build_graph(model), crops[:, :, 3:24, 5:23] // 16 + 120
    codes = reference(model, pixels).image_codes
    for stage in graph.stages[:-1]:
        z = stage.activations(stage.exact.accumulators(codes.double()))
        ties += int(((z % 1 == 0.5) & (z < 15)).sum())
        codes = reference(model, pixels).codes[stage.name]
    assert ties > 500


@pytest.mark.parametrize(("name", "size", "macs"), [("small", 32, 1e7), ("tall", 96, 1.5e8)])
def test_the_examples_are_the_same_every_time_and_use_their_codes(
    name: str, size: int, macs: float, tmp_path: Path, image_crops: Callable[..., Tensor]
) -> None:
    model = EXAMPLES[name](5)
    pixels = image_crops(2, size)
    expected = check_file(model, pixels, tmp_path / "a.safetensors")
    assert equal(reference(EXAMPLES[name](5), pixels), expected)
    assert not torch.equal(reference(EXAMPLES[name](6), pixels).scores, expected.scores)
    for layer, codes in expected.codes.items():
        counts = torch.bincount(codes.flatten().long(), minlength=16) / codes.numel()
        assert int((counts > 0.005).sum()) >= 10, f"{layer}: {counts.tolist()}"
        assert counts.max() < 0.7, f"{layer}: {counts.tolist()}"
    assert count_macs(tmp_path / "a.safetensors") < macs
    negative = [bool((module.weight < 0).any()) for module in model.modules() if isinstance(module, BatchNorm2d)]
    assert all(negative)


def count_macs(path: Path) -> int:
    network = load_integers(path)
    size, macs = network.image[1:], 0
    for layer in network.layers:
        height, width = layer.sums_size(size)
        if layer.kind == "conv":
            macs += layer.in_channels * layer.out_channels * layer.kernel[0] * layer.kernel[1] * height * width
        size = layer.output_size(size)
    assert macs == network.macs
    return macs


def test_the_examples_have_the_shapes_that_they_promise() -> None:
    small = read_shapes(small_network(0), (3, 32, 32))
    assert {layer.kernel[0] for layer in small if layer.kind == "conv"} == {1, 3, 5}
    assert {layer.stride for layer in small if layer.kind == "conv"} == {1, 2}
    assert sum(layer.out_channels % 8 != 0 for layer in small) >= 4
    assert small[-1].kind == "average" and small[-1].is_last
    tall = read_shapes(tall_network(0), (3, 96, 96))
    assert tall[1].out_channels == 64 and tall[1].output_size((96, 96)) == (96, 96) and tall[1].pool == 1
    assert 64 * 96 * 96 // 2 == 288 * 1024


def read_shapes(model: Network, image: tuple[int, int, int]) -> list[LayerShape]:
    return layer_shapes(build_graph(model), image[0])


def test_the_trained_networks_file_holds_its_integers_and_steps(
    trained_checkpoint: Path, trained_file: Path, crops: Tensor
) -> None:
    model, loaded = load_network(trained_checkpoint), load_network_file(trained_file)
    assert equal(reference(model, crops), reference(loaded, crops))
    tensors, metadata = load_file(trained_file), header(trained_file)["__metadata__"]
    assert (metadata["format"], metadata["version"], metadata["name"]) == ("tilewright-network", "1", "VGG16")
    assert metadata["checkpoint_sha256"] == sha256(trained_checkpoint)
    assert json.loads(metadata["image"]) == {"channels": 3, "height": 32, "width": 32}
    assert json.loads(metadata["tail"]) == [
        {"kind": "flatten"},
        {"kind": "linear", "name": "classifier", "in_features": 512, "out_features": 10},
    ]
    layers = {layer["name"]: layer for layer in json.loads(metadata["layers"])}
    assert list(layers) == list(model.quantised_layers())
    assert layers["features.0"]["input"] == "image" and layers["features.0"]["activation_levels"] == 127
    assert (layers["features.27"]["batch_norm"], layers["features.27"]["relu"]) == (False, True)
    assert (layers["features.39"]["output"], layers["features.39"]["output_levels"]) == ("accumulators", 0)
    assert [name for name, layer in layers.items() if layer["pool"] == 2] == [
        f"features.{number}" for number in (3, 10, 20, 29, 39)
    ]
    for name, layer in model.quantised_layers().items():
        assert torch.equal(tensors[f"{name}.weights"], layer.weight_codes())
        assert tensors[f"{name}.scale"].item() == layer.delta_w * layer.delta_a
    pixels = crops[:1, :, :1]
    codes = [tensors["image.codes"][channel][pixels[0, channel, 0].long()] for channel in range(3)]
    assert torch.equal(torch.stack(codes).to(torch.int16), reference(model, crops).image_codes[0, :, 0])


def test_the_notebooks_variant_has_signed_codes_of_its_own_quantiser(
    notebook_network: VGG16, crops: Tensor, tmp_path: Path
) -> None:
    path = tmp_path / "notebook.safetensors"
    expected = check_file(notebook_network, crops, path)
    network = load_integers(path)
    assert network.layers[0].activation_levels == 15
    assert int(network.image_codes.min()) < 0 and int(expected.image_codes.min()) < 0


def test_the_same_network_gives_the_same_file(tmp_path: Path) -> None:
    runner, files = CliRunner(), [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for file in files:
        result = runner.invoke(app, ["export", "--example", "small", "--seed", "3", "--out", str(file)])
        assert result.exit_code == 0, result.output
    assert files[0].read_bytes() == files[1].read_bytes()
    keys = list(header(files[0])["__metadata__"])
    assert keys == sorted(keys) and len(keys) == 8


def test_export_writes_checkpoints_and_names_unknown_examples(trained_file: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export", "--out", str(tmp_path / "vgg16.safetensors")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "vgg16.safetensors").read_bytes() == trained_file.read_bytes()
    result = CliRunner().invoke(app, ["export", "--example", "huge", "--out", str(tmp_path / "x")])
    assert result.exit_code == 2 and "'huge' is not one of 'small', 'tall'" in result.stderr


# --- refusals ---


def replaced(number: int, module: nn.Module) -> Callable[[Network], None]:
    return lambda model: model.features.__setitem__(number, module)


def changed(number: int, **values: Any) -> Callable[[Network], None]:
    def change(model: Network) -> None:
        for key, value in values.items():
            setattr(model.features[number], key, value)

    return change


def alpha(number: int, value: float) -> Callable[[Network], None]:
    return lambda model: model.features[number].act_alpha.data.fill_(value)


class Doubled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


# small_network: 0 conv 1 bn 2 relu | 3 conv 4 bn 5 relu 6 pool | 7 conv 8 relu | 9 conv 10 bn 11 relu 12 pool |
# 13 conv 14 bn 15 relu | 16 average
REFUSALS: list[tuple[Callable[[Network], None], str]] = [
    (replaced(2, nn.Identity()), r"features\.0 \(QuantConv2d\) has no ReLU before the next quantiser"),
    (replaced(2, nn.GELU()), r"features\.2 \(GELU\) is none of"),
    (replaced(8, Doubled()), r"features\.8\.mul \(mul\) is none of the functions"),
    (replaced(1, nn.BatchNorm2d(12)), r"features\.1 \(BatchNorm2d\) evaluates in float32"),
    (replaced(7, nn.Conv2d(20, 33, 1)), r"features\.7 \(Conv2d\) is not quantised"),
    (replaced(5, BatchNorm2d(20)), r"features\.5 \(BatchNorm2d\) must follow its convolution at once"),
    (replaced(6, nn.ReLU()), r"features\.6 \(ReLU\) must come before max-pooling, and once only"),
    (replaced(4, nn.MaxPool2d(2, 2)), r"features\.4 \(MaxPool2d\) must follow a ReLU"),
    (replaced(6, nn.MaxPool2d(4, 4)), r"features\.6 \(MaxPool2d\) is not MaxPool2d\(2, 2\)"),
    (replaced(6, nn.MaxPool2d(2, 2, ceil_mode=True)), r"features\.6 \(MaxPool2d\) is not MaxPool2d\(2, 2\)"),
    (replaced(6, nn.AvgPool2d(2)), r"features\.6 \(AvgPool2d\) averages values that no quantiser has made codes"),
    (replaced(16, nn.AvgPool2d(3)), r"features\.16 \(AvgPool2d\) averages values .* use QuantAvgPool2d"),
    (replaced(0, QuantAvgPool2d(3)), r"features\.0 \(QuantAvgPool2d\) is the first layer"),
    (lambda m: m.features.append(nn.ReLU()), r"features\.16 \(QuantAvgPool2d\) must be followed by"),
    (lambda m: m.features.insert(0, nn.ReLU()), r"features\.0 \(ReLU\) comes before the first quantised"),
    (changed(9, groups=3), r"features\.9 has 99 input channels, it gets 33"),
    (changed(9, dilation=(3, 3)), r"features\.9: dilation 3 is neither 1 nor 2"),
    (changed(9, dilation=(1, 2)), r"features\.9 \(QuantConv2d\) has dilation \(1, 2\), not one number"),
    (changed(9, bias=nn.Parameter(torch.zeros(24))), r"features\.9 \(QuantConv2d\) has a bias"),
    (changed(9, stride=(1, 2)), r"features\.9 \(QuantConv2d\) has stride \(1, 2\), not one number"),
    (changed(9, padding=(1, 4)), r"features\.9: padding \(1, 4\) is outside 0\.\.3"),
    (changed(9, padding="same"), r"features\.9 \(QuantConv2d\) has padding same, not numbers"),
    (changed(9, stride=(3, 3)), r"features\.9: stride 3 is not one of \(1, 2\)"),
    (changed(9, padding=(4, 4)), r"features\.9: padding 4 is outside 0\.\.3"),
    (replaced(9, QuantConv2d(33, 24, 9, padding=3)), r"features\.9: kernel \(9, 9\) is larger than 7x7 and not"),
    (replaced(9, QuantConv2d(32, 24, 5, padding=2)), r"layer features\.9 has 32 input channels, it gets 33"),
    (replaced(9, QuantConv2d(33, 24, weight_bits=9)), r"features\.9: weight_levels 255 are outside 1\.\.127"),
    (replaced(9, QuantConv2d(33, 24, act_bits=9)), r"features\.7: output_levels 511 are outside 0\.\.255"),
    (replaced(0, QuantConv2d(3, 12, act_bits=8)), r"features\.0 \(QuantConv2d\) makes .* up to 255, .*image_bits=8"),
    (replaced(13, QuantConv2d(24, 20, padding=0)), r"features\.16: kernel \(3, 3\) is larger than the padded map"),
    (alpha(9, -1.0), r"features\.9 \(QuantConv2d\) has an alpha that is not positive"),
    (alpha(9, float("nan")), r"features\.9 \(QuantConv2d\) has an alpha that is not positive"),
    (lambda m: m.features[10].running_var.fill_(-1.0), r"features\.9: bn_scale is not finite: has the training"),
    (replaced(0, QuantConv2d(3, 12, alpha_a=0.1)), r"features\.0 \(QuantConv2d\) makes image codes of -298\.\.15, not"),
    (lambda m: setattr(m, "classifier", nn.Linear(20, 7)), r"classifier \(Linear\) sums in any order"),
    (lambda m: setattr(m, "classifier", Linear(21, 7)), r"classifier takes 21 features to 7, but 20 come before it"),
    (lambda m: setattr(m, "classifier", nn.Sequential(Linear(20, 7), nn.Tanh())), r"classifier\.1 \(Tanh\) is none of"),
    (lambda m: setattr(m, "classifier", nn.Sequential()), "tail: flatten; .* a linear layer behind it"),
    (lambda m: setattr(m, "features", nn.ModuleList()), "forward of Network cannot be traced by torch.fx"),
    (lambda m: setattr(m, "features", nn.Sequential(nn.Identity())), "there is no quantised convolution"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), REFUSALS, ids=[message[:40] for _, message in REFUSALS])
def test_what_the_format_does_not_cover_is_refused_by_name(
    change: Callable[[Network], None], message: str, tmp_path: Path
) -> None:
    model, path = small_network(1), tmp_path / "network.safetensors"
    change(model)
    with pytest.raises(NetworkError, match=message):
        save_network(model, path, (3, 32, 32), "refused")
    assert not list(tmp_path.iterdir())


def test_a_relu_and_a_pooling_may_stand_in_several_places(crops: Tensor, tmp_path: Path) -> None:
    model, relu, pool = small_network(1), nn.ReLU(inplace=True), nn.MaxPool2d(2, 2)
    for number, module in ((2, relu), (5, relu), (6, pool), (8, relu), (11, relu), (12, pool), (15, relu)):
        model.features[number] = module
    assert equal(check_file(model, crops, tmp_path / "a.safetensors"), reference(small_network(1), crops))


def test_a_layer_may_not(tmp_path: Path) -> None:
    model = small_network(1)
    model.features[13] = model.features[9]
    with pytest.raises(NetworkError, match=r"features\.9 \(QuantConv2d\) stands there twice"):
        save_network(model, tmp_path / "x.safetensors", (3, 32, 32), "shared")


def test_images_of_other_channels_are_refused(tmp_path: Path) -> None:
    model = Network(nn.Sequential(*Maker(0).convolution(1, 4)), Maker(0).linear(4 * 64, 2), (1, 8, 8))
    with pytest.raises(NetworkError, match=r"normalise\(\) makes 3 channels of images with 1"):
        save_network(model, tmp_path / "x.safetensors", (1, 8, 8), "grey")


# --- widths ---


def network_of_widths(widths: list[tuple[int, int]]) -> Network:
    """9x9 images, a convolution for each pair of bits of weights and input codes; the first takes the 8-bit image."""
    make, channels, features = Maker(0), 3, []
    for weight_bits, act_bits in widths:
        first = {} if features else {"image_bits": 8}
        features += make.convolution(channels, 6, padding=0, weight_bits=weight_bits, act_bits=act_bits, **first)
        channels = 6
    size = 9 - 2 * len(widths)
    return Network(nn.Sequential(*features), make.linear(6 * size * size, 3), (3, 9, 9)).eval()


@settings(max_examples=15, deadline=None)
@given(widths=st.lists(st.tuples(st.integers(2, 8), st.integers(1, 8)), min_size=2, max_size=4))
@example(widths=[(8, 8)] * 4)
def test_layers_of_any_widths_are_the_same_by_file_thresholds_and_formula(
    widths: list[tuple[int, int]], crops: Tensor, plain: Plain
) -> None:
    model, pixels = network_of_widths(widths), crops[:, :, 4:13, 8:17]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.safetensors"
        expected = check_file(model, pixels, path)
        layers = load_integers(path).layers
    check_plain(plain, model, pixels, expected)
    assert [(layer.weight_bits, layer.activation_bits) for layer in layers] == [
        (weight_bits, act_bits if number else 8) for number, (weight_bits, act_bits) in enumerate(widths)
    ]
    for layer, (weight_bits, _), following in zip(layers, widths, [*widths[1:], None], strict=True):
        assert layer.weight_levels == 2 ** (weight_bits - 1) - 1
        assert int(np.abs(layer.weights).max()) > layer.weight_levels // 2
        assert layer.output_bits == (following[1] if following else None)
        assert layer.output_levels == (2 ** following[1] - 1 if following else 0)


def test_the_mixed_example_has_every_pair_of_widths_and_uses_its_codes(tmp_path: Path, crops: Tensor) -> None:
    model = EXAMPLES["mixed"](0)
    expected = check_file(model, crops[:, :, :12, :12], tmp_path / "a.safetensors")
    layers = load_integers(tmp_path / "a.safetensors").layers
    widths = {(layer.weight_bits, layer.activation_bits) for layer in layers if layer.kind == "conv"}
    assert widths == {(w, a) for w in (2, 3, 4) for a in (2, 3, 4)} | {(2, 8)}
    assert {layer.activation_bits for layer in layers if layer.kind == "average"} == {2, 3}
    for layer in layers[:-1]:
        assert len(expected.codes[layer.name].unique()) > 3 * layer.output_levels // 4, layer.name


@pytest.mark.parametrize("command", ["export", "layers"])
def test_the_layers_widths_are_printed(command: str, tmp_path: Path) -> None:
    path = str(tmp_path / "mixed.safetensors")
    first = CliRunner().invoke(app, ["export", "--example", "mixed", "--out", path, "--json"])
    arguments = ["layers", path] if command == "layers" else ["export", "--example", "mixed", "--out", path]
    result, table = CliRunner().invoke(app, [*arguments, "--json"]), CliRunner().invoke(app, arguments)
    assert (first.exit_code, result.exit_code, table.exit_code) == (0, 0, 0), result.output
    values = json.loads(result.stdout)
    assert values == json.loads(first.stdout)
    assert (values["network"], values["file"], len(values["layers"])) == ("mixed 0", path, 12)
    keys = ("name", "weight_bits", "activation_bits", "output_bits", "thresholds", "weight_levels")
    chosen = [[layer[key] for key in keys] for layer in values["layers"]]
    assert chosen[0] == ["features.0", 2, 8, 4, 15, 1]
    assert chosen[2] == ["features.6", 4, 3, 2, 3, 7]
    assert chosen[5] == ["features.15", None, 3, 2, 3, 1]
    assert chosen[11] == ["features.29", 4, 2, None, 0, 7]
    lines = [line for line in table.output.splitlines() if "features" in line]
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]
    assert len(rows) == 12
    assert rows[0] == ["features.0", "3 -> 12", "3x3", "2", "8 image", "15 (4 bits)"]
    assert rows[5] == ["features.15", "17 -> 17", "2x2 mean", "-", "3", "3 (2 bits)"]
    assert rows[11] == ["features.29", "12 -> 11", "3x3", "4", "2", "-"]


# --- files that are none; tests/runs/test_runs_file.py has damaged ones ---


@pytest.mark.parametrize("size", [0, 7, 100, 5_000, -1])
def test_a_truncated_file_is_named(small_file: Path, tmp_path: Path, size: int) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(small_file.read_bytes()[:size])
    with pytest.raises(NetworkError, match=r"cut\.safetensors is truncated or no network file"):
        load_network_file(cut)


def test_missing_and_foreign_files_are_named(tmp_path: Path, trained_checkpoint: Path) -> None:
    with pytest.raises(NetworkError, match=r"none\.safetensors: no such file; write it with `python -m"):
        load_network_file(tmp_path / "none.safetensors")
    with pytest.raises(NetworkError, match=r"is a packed checkpoint, not a network file: .*export --checkpoint"):
        load_network_file(trained_checkpoint)
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(NetworkError, match="format None"):
        load_network_file(tmp_path / "x.safetensors")


def test_saving_does_not_change_the_network(network: VGG16, crops: Tensor, tmp_path: Path) -> None:
    model = copy.deepcopy(network).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    save_network(model, tmp_path / "x.safetensors", (3, 32, 32), "VGG16")
    assert model.training and all(torch.equal(before[key], value) for key, value in model.state_dict().items())
