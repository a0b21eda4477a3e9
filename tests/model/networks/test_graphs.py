"""Networks that are graphs: traced, written, computed by numpy, by the file's reference and by the fast integers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import graph_modules
import numpy as np
import pytest
import torch
from graph_modules import MODULES, GraphNetwork, random_module, step, with_parameters
from torch import Tensor, nn
from torch.nn import functional

from tilewright.errors import NetworkError
from tilewright.network.inference import infer
from tilewright_model.data.cifar10 import Images
from tilewright_model.foreign import from_torch
from tilewright_model.integers.equality import check_equality
from tilewright_model.integers.integer_network import IntegerNetwork
from tilewright_model.integers.reference import Reference, reference
from tilewright_model.layers.plain import BatchNorm2d
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d, QuantIdentity
from tilewright_model.network_file.read import load_network_file
from tilewright_model.network_file.write import network_integers, save_network
from tilewright_model.networks.examples import EXAMPLES
from tilewright_model.networks.network import QuantisedNetwork
from tilewright_model.networks.stages import build_graph


def pixels_of(model: QuantisedNetwork, count: int = 3) -> Tensor:
    random = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, *model.image_size), generator=random).to(torch.uint8)


def same(a: Reference, codes: dict[str, Tensor], accumulators: Tensor, scores: Tensor) -> None:
    assert list(codes) == list(a.codes)
    for name, values in a.codes.items():
        assert torch.equal(codes[name], values), name
    assert torch.equal(accumulators, a.accumulators)
    assert torch.equal(scores, a.scores)


def check(model: QuantisedNetwork, path: Path) -> Reference:
    """Reference, numpy, the file's reference and the fast integers agree on every layer; the file is kept."""
    network, pixels = save_network(model, path, model.image_size, "graph"), pixels_of(model)
    expected = reference(model, pixels)
    for layer, values in infer(network, pixels.numpy()):
        wanted = expected.accumulators if layer.is_last else expected.codes[layer.name]
        np.testing.assert_array_equal(values, wanted, layer.name)
    loaded = load_network_file(path)
    again, fast = reference(loaded, pixels), IntegerNetwork(path, torch.device("cpu")).run(pixels)
    same(expected, again.codes, again.accumulators, again.scores)
    same(expected, fast.codes, fast.accumulators, fast.scores)
    rewritten = path.with_suffix(".again")
    save_network(loaded, rewritten, model.image_size, "graph")
    assert rewritten.read_bytes() == path.read_bytes()
    return expected


#: by how much, at most, the scores of evaluation mode are off, as parts of their mean magnitude
CLOSE = {"padded_shortcut": 0.3, "several": 0.3}
#: where nothing is added, evaluation mode is the reference
ADDS = {
    "shortcut",
    "projection",
    "padded_shortcut",
    "several",
    "two_maps",
    "averages",
    "two_quantisers",
    "pre_activation",
    "dead_channels",
    "several_dead",
}


@pytest.mark.parametrize("name", MODULES)
def test_every_kind_of_layer_is_the_same_everywhere(name: str, tmp_path: Path) -> None:
    model = with_parameters(MODULES[name])
    expected = check(model, tmp_path / "graph.safetensors")
    scores = model(model.normalise(pixels_of(model)))
    if name not in ADDS:
        assert torch.equal(scores, expected.scores)
    off = (scores - expected.scores).abs().max() / expected.scores.abs().mean()
    assert off < CLOSE.get(name, 0.1), off
    used = {layer: len(codes.unique()) for layer, codes in expected.codes.items()}
    assert min(used.values()) >= 3, used


@pytest.mark.parametrize("name", ["residual", "mobile", "unet", "mlp"])
def test_the_examples_are_the_same_everywhere(name: str, tmp_path: Path) -> None:
    check(EXAMPLES[name](1), tmp_path / "graph.safetensors")


@pytest.mark.parametrize("seed", range(25))
def test_random_modules_are_the_same_everywhere(seed: int, tmp_path: Path) -> None:
    check(random_module(seed), tmp_path / "graph.safetensors")


def test_a_resnet20_is_one_layer_a_convolution_and_counts_no_multiplications_of_shortcuts() -> None:
    model = EXAMPLES["resnet20"](0)
    network = network_integers(model, model.image_size, "ResNet20")
    assert len(network.layers) == 20 and network.layers[-1].kind == "average"
    adds = {layer.name: [(each.source, each.kernel, each.stride) for each in layer.adds] for layer in network.layers}
    assert adds["layers.0.1.conv2"] == [("layers.0.0.conv2", (1, 1), 1)]
    assert adds["layers.1.0.conv2"] == [("layers.0.2.conv2", (1, 1), 2)]
    assert sum(map(len, adds.values())) == 9
    convolutions = 3 * 16 * 9 * 1024 + 6 * 16 * 16 * 9 * 1024
    for inputs, outputs, area in ((16, 32, 256), (32, 64, 64)):
        convolutions += (inputs * outputs * 10 + 5 * outputs * outputs * 9) * area
    assert network.macs == convolutions


def test_the_float_forward_of_a_graph_is_compared(tmp_path: Path) -> None:
    model = with_parameters(MODULES["shortcut"])
    images = Images(pixels_of(model, 8), torch.zeros(8).long())
    result = check_equality(model, images)
    assert result.equal and result.float_compared > 0
    # what is added is rounded to a part of a step: a few codes lie on the other side of their threshold
    assert 0 <= result.float_differing_codes < 0.01 * result.float_compared


def test_training_a_residual_network_moves_the_shared_clipping_values() -> None:
    model = EXAMPLES["residual"](0).train()
    for module in model.modules():
        if isinstance(module, QuantConv2d):
            module.frozen = False
            module.requires_grad_(True)
    block = model.layers[0][0]
    assert block.shortcut[0].act_alpha is block.conv1.act_alpha
    model(model.normalise(pixels_of(model, 4))).square().sum().backward()
    gradients = [parameter.grad for name, parameter in model.named_parameters() if "act_alpha" in name]
    assert sum(gradient is not None and bool(gradient.abs() > 0) for gradient in gradients) >= 5


# --- additions ---


def shortcut_of(model: GraphNetwork) -> tuple[Any, Any]:
    """The stage that adds, and the operand's multipliers."""
    (stage,) = (stage for stage in build_graph(model).stages if len(stage.sources) > 1)
    return stage, stage.exact.adds[0].weights.flatten()


def test_a_shortcuts_multiplier_is_its_step_in_steps_of_the_sum() -> None:
    model = with_parameters(MODULES["shortcut"])
    stage, multipliers = shortcut_of(model)
    conv, norm = model.b[0], model.b[1].exact()
    step_of_sum = conv.delta_w * conv.delta_a * norm.scale
    wanted = model.same.delta_a / step_of_sum * 16**stage.exact.raised
    assert torch.equal(multipliers, wanted.round().to(torch.int32))
    # at most a 4096th of what the own sums can be is lost
    furthest = 15 * conv.weight_codes().long().abs().sum((1, 2, 3))
    assert bool(((multipliers - wanted).abs() * 15 / 16**stage.exact.raised <= furthest / 4096).all())
    assert stage.exact.raised > 0 and stage.exact.scale * 16**stage.exact.raised == conv.delta_w * conv.delta_a


def test_a_dead_channel_is_the_shortcut_alone() -> None:
    model = with_parameters(MODULES["dead_channels"])
    stage, multipliers = shortcut_of(model)
    norm, exact = model.b[1].exact(), stage.exact
    assert not exact.own.weights[:2].any() and exact.own.weights[5].any()
    codes = torch.arange(16).double()
    z = stage.activations(multipliers[0].double() * codes.view(1, 1, 1, -1).expand(1, 8, 1, -1))
    wanted = torch.relu(codes * model.same.delta_a + norm.shift[0])
    assert torch.allclose(z[0, 0, 0], wanted, rtol=1e-12)
    # and what the others lose of their own sums is less than a hundredth of a step of the shortcut
    scores, expected = model(model.normalise(pixels_of(model))), reference(model, pixels_of(model)).scores
    assert (scores - expected).abs().max() < 0.05 * expected.abs().mean()


def test_accumulators_stay_within_28_bits() -> None:
    for name in ("several", "projection", "several_dead", "dead_channels"):
        model = with_parameters(MODULES[name])
        for layer in network_integers(model, model.image_size, name).layers[1:]:
            low, high = layer.reach()
            assert low.min() >= -(2**27) and high.max() < 2**27, layer.name


def test_a_map_of_two_quantisers_is_written_twice() -> None:
    stages = build_graph(with_parameters(MODULES["two_quantisers"])).stages
    assert [stage.name for stage in stages][1:3] == ["a.0", "a.0.2"]
    assert torch.equal(stages[1].exact.weights, stages[2].exact.weights)
    assert [source.name for source in stages[3].sources] == ["a.0", "a.0.2"]


# --- refusals ---


def of(forward: Callable[..., Tensor], channels: int = 8, **modules: nn.Module) -> Callable[[], GraphNetwork]:
    return lambda: GraphNetwork(forward, channels, **modules)


def rising() -> nn.Module:
    norm = BatchNorm2d(8)
    norm.bias.data.fill_(1.0)
    return norm


REFUSALS: dict[str, tuple[Callable[[], GraphNetwork], str]] = {
    "signed": (
        of(lambda m, x: m.b(m.a(x)), a=step(8, 8, relu=False), b=step(8, 8)),
        r"a\.0 \(QuantConv2d\) has no ReLU",
    ),
    "no quantiser": (
        of(lambda m, x: torch.relu(m.b(x) + m.a(x)), a=step(8, 8), b=step(8, 8, relu=False)),
        r"add \(add\) adds the map of a\.0, which no quantiser makes codes",
    ),
    "constant": (of(lambda m, x: m.a(x) + 1, a=step(8, 8)), r"add \(add\) adds a number"),
    "shapes": (
        of(lambda m, x: m.a(x) + m.b(x), a=step(8, 8, relu=False), b=step(8, 9, relu=False)),
        r"add \(add\) adds maps of different shapes",
    ),
    "product": (of(lambda m, x: m.a(x) * x, a=step(8, 8)), r"mul \(mul\) is none of the functions"),
    "norm behind ReLU": (
        of(lambda m, x: m.n(m.a(x)), a=step(8, 8), n=rising()),
        r"n \(BatchNorm2d\) must follow its convolution at once",
    ),
    "rising norm between ReLUs": (
        of(lambda m, x: torch.relu(m.n(m.a(x))), a=step(8, 8), n=rising()),
        r"n \(BatchNorm2d\) must follow its convolution at once",
    ),
    "norm behind maximum": (
        of(lambda m, x: m.n(m.p(m.a(x))), a=step(8, 8), n=BatchNorm2d(8), p=nn.MaxPool2d(3, 1, 1)),
        r"n \(BatchNorm2d\) must follow its convolution at once",
    ),
    "upsampling": (
        of(lambda m, x: m.a(functional.interpolate(x, scale_factor=3)), a=step(8, 8)),
        r"interpolate \(Upsample\) is not of scale_factor 2",
    ),
    "bilinear": (of(lambda m, x: m.u(x), u=nn.Upsample(scale_factor=2, mode="bilinear")), r"u \(Upsample\) is not"),
    "rows": (of(lambda m, x: m.a(x[:, :, 1:]), a=step(8, 8)), r"getitem \(getitem\) takes other than some channels"),
    "padding": (of(lambda m, x: m.a(functional.pad(x, (1, 1))), a=step(8, 8)), r"pad \(pad\) pads other than channels"),
    "rows beside": (
        of(lambda m, x: m.a(torch.cat([x, x], 2)), a=step(8, 8)),
        r"cat \(cat\) is not of maps side",
    ),
    "image twice": (
        of(lambda m, x: torch.relu(m.a(x) + m.b(x)), a=step(8, 8, relu=False), b=step(8, 8, alpha_a=3.0, relu=False)),
        r"first\.0 \(QuantConv2d\) reads the image, which the hardware reads once",
    ),
    "adaptive average": (
        of(lambda m, x: m.a(x), a=nn.AdaptiveAvgPool2d(1)),
        r"a \(AdaptiveAvgPool2d\) averages",
    ),
    "values": (of(lambda m, x: x if x.sum() > 0 else m.a(x), a=step(8, 8)), r"cannot be traced by torch\.fx"),
    "parameter": (
        of(lambda m, x: x * m.weight, weight=nn.Parameter(torch.ones(1))),
        r"weight \(parameter\) is no layer",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_no_hardware_runs_is_refused_by_name(name: str) -> None:
    make, message = REFUSALS[name]
    with pytest.raises(NetworkError, match=message):
        network_integers(make().eval(), (3, 8, 8), name)


def codes_of(model: nn.Sequential) -> list[int]:
    alpha = float(model[0].act_alpha)
    return [round(127 * max(-1, min(1, value / alpha))) for value in (-1.0, 0.0, 127 / 128)]


def test_a_module_of_no_class_of_ours_is_traced() -> None:
    model = nn.Sequential(*step(3, 8, image_bits=8), QuantIdentity(), QuantAvgPool2d(8), nn.Flatten())
    network = from_torch(model.train(), torch.zeros(2, 3, 8, 8), lambda pixels: pixels / 128 - 1)
    assert model.training and network.image_codes[0, [0, 128, 255]].tolist() == codes_of(model)
    assert [layer.kind for layer in network.layers] == ["conv", "average"] and len(network.tail) == 1
    assert network.layers[0].out_channels == graph_modules.CHANNELS
