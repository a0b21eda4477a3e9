"""Exact evaluation: against plain integers and float64, whatever the batch and the threads, and training as before."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exact_linear import exact_linear
from torch import Tensor, nn
from torch.nn import functional

from tilewright_model.checkpoints.checkpoint import load_network
from tilewright_model.data.pixels import IMAGE_ALPHA, MEAN, STD, normalise
from tilewright_model.integers.reference import Reference, reference
from tilewright_model.layers.exact import ExactConv2d
from tilewright_model.layers.plain import BatchNorm2d, Linear
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d
from tilewright_model.layers.quantisers import exact_codes
from tilewright_model.networks.network import Network
from tilewright_model.networks.vgg16 import VGG16

Plain = Callable[[Network, Tensor], Any]


def check_plain(plain: Plain, model: Network, pixels: Tensor) -> None:
    expected, found = plain(model, pixels), reference(model, pixels)
    assert list(found.codes) == list(expected.codes)
    for name, codes in found.codes.items():
        assert np.array_equal(codes.numpy(), expected.codes[name]), name
        assert 3 <= len(codes.unique()) <= 16, f"{name} tests nothing with codes {codes.unique().tolist()}"
    assert np.array_equal(found.accumulators.numpy(), expected.accumulators)
    assert np.array_equal(found.scores.numpy(), expected.scores)
    assert np.array_equal(found.predictions.numpy(), expected.scores.argmax(1))
    with torch.no_grad():
        assert torch.equal(model(normalise(pixels)), found.scores) and found.scores.dtype == torch.float64


def test_evaluation_is_the_plain_formula(network: VGG16, crops: Tensor, plain: Plain) -> None:
    check_plain(plain, network, crops[:2])


def test_evaluation_of_the_notebooks_variant_is_the_plain_formula(
    notebook_network: VGG16, crops: Tensor, plain: Plain
) -> None:
    check_plain(plain, notebook_network, crops[:2])


def test_evaluation_of_the_trained_network_is_the_plain_formula(
    trained_checkpoint: Path, crops: Tensor, plain: Plain
) -> None:
    check_plain(plain, load_network(trained_checkpoint), crops[:2])


def same(a: Reference, b: Reference) -> bool:
    first, second = ([*r.codes.values(), r.image_codes, r.accumulators, r.scores, r.predictions] for r in (a, b))
    return all(torch.equal(x, y) for x, y in zip(first, second, strict=True))


def test_neither_batch_nor_threads_nor_memory_format_change_a_bit(network: VGG16, crops: Tensor) -> None:
    images, whole = crops.repeat(5, 1, 1, 1)[:18], reference(network, crops)
    assert same(whole, reference(network, crops.contiguous(memory_format=torch.channels_last)))
    with torch.no_grad():
        scores = network(normalise(images))
        assert torch.equal(scores, whole.scores.repeat(5, 1)[:18])
        assert torch.equal(torch.cat([network(normalise(image[None])) for image in crops]), whole.scores)
        torch.set_num_threads(2)
        try:
            assert same(whole, reference(network, crops))
        finally:
            torch.set_num_threads(1)


@pytest.mark.filterwarnings("ignore:TF32 acceleration")
@pytest.mark.parametrize("backend", ["onednn", "without oneDNN", "autocast"])
def test_no_backend_makes_the_convolution_inexact(backend: str) -> None:
    random = torch.Generator().manual_seed(3)
    weights = torch.randint(-7, 8, (32, 64, 3, 3), generator=random).to(torch.int8)
    codes = torch.randint(0, 16, (16, 64, 12, 12), generator=random).double()
    layer = ExactConv2d(weights, 7, (1, 1), (1, 1), scale=1.0, alpha=torch.tensor(1.0).double(), levels=15)
    expected = functional.conv2d(codes, weights.double(), padding=1)
    with (
        torch.backends.mkldnn.flags(enabled=backend != "without oneDNN"),
        torch.autocast("cpu", torch.bfloat16, enabled=backend == "autocast"),
    ):
        # 16 images: with fewer, PyTorch does not take NNPACK's Winograd, which errs by up to 0.05 here
        assert torch.equal(layer.accumulators(codes), expected)


def test_sums_beyond_float32s_integers_are_exact_too() -> None:
    weights = torch.full((1, 4096, 7, 7), 7, dtype=torch.int8)
    weights[0, 0, 0, 0] = 6
    layer = ExactConv2d(weights, 7, (1, 1), (0, 0), scale=1.0, alpha=torch.tensor(1.0).double(), levels=127)
    codes = torch.full((1, 4096, 7, 7), 127.0).double()
    assert layer.accumulators(codes).item() == 127 * (7 * 4096 * 49 - 1) > 2**24


def test_codes_round_halves_to_even_and_have_no_lower_clamp() -> None:
    x = torch.tensor([-3.5, -0.5, 0.5, 1.5, 2.5, 14.5, 15.5, 99.0])
    alpha = torch.tensor(15.0).double()
    assert exact_codes(x, alpha, 15, -torch.inf).tolist() == [-4, 0, 0, 2, 2, 14, 15, 15]
    assert exact_codes(x * 20, alpha, 15, -1.0).tolist()[0] == -15


def test_every_pixel_has_the_same_value_and_code_by_table_and_by_formula() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 1, 1, 256).expand(1, 3, 1, 256)
    mean, std = torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(STD).view(1, 3, 1, 1)
    values = normalise(pixels)
    assert values.dtype == torch.float32 and torch.equal(values, (pixels.float() / 255 - mean) / std)
    codes = QuantConv2d(3, 4, image_bits=8).exact().codes(values)
    expected = np.rint(127 * np.clip(values.numpy().astype(np.float64) / float(np.float32(IMAGE_ALPHA)), -1, 1))
    assert np.array_equal(codes.numpy(), expected)
    assert int(codes.min()) < -100 and int(codes.max()) <= 127


def test_evaluation_sees_every_change_of_a_parameter(crops: Tensor) -> None:
    torch.manual_seed(2)
    layer, norm = QuantConv2d(3, 4, image_bits=8).eval(), BatchNorm2d(4).eval()
    x = normalise(crops)
    changes: list[tuple[nn.Module, Callable[[], object]]] = [
        (layer, lambda: layer.weight.mul_(torch.linspace(0.5, 1.5, 3).view(1, 3, 1, 1))),
        (layer, lambda: layer.weight_quant.wgt_alpha.fill_(2.0)),
        (layer, lambda: layer.act_alpha.mul_(2)),
        (layer, lambda: layer.freeze(torch.ones_like(layer.weight, dtype=torch.int8), 2.5)),
        (layer, lambda: layer.load_state_dict(QuantConv2d(3, 4, image_bits=8).state_dict())),
        (norm, lambda: norm.weight.fill_(-0.5)),
        (norm, lambda: norm.running_var.fill_(0.25)),
        (norm, lambda: norm.load_state_dict(norm.state_dict() | {"running_mean": torch.arange(4.0)})),
    ]
    with torch.no_grad():
        for module, change in changes:
            before = norm(layer(x))
            change()
            after = norm(layer(x))
            assert not torch.equal(before, after)
            assert torch.equal(copy.deepcopy(norm)(copy.deepcopy(layer)(x)), after), module


def test_evaluation_sees_what_training_changed(network: VGG16, crops: Tensor) -> None:
    model = copy.deepcopy(network)
    with torch.no_grad():
        before = model.eval()(normalise(crops))
        model.train()(normalise(crops))
        model.features[3].weight.data.mul_(torch.rand_like(model.features[3].weight))  # no version counter sees this
        after = model.eval()(normalise(crops))
        assert not torch.equal(before, after)
        assert torch.equal(copy.deepcopy(model)(normalise(crops)), after)


def float_twin(model: VGG16) -> nn.Module:
    """The network with PyTorch's own batch-norm and linear layer, and the same parameters."""
    twin = copy.deepcopy(model)
    for number, module in enumerate(model.features):
        if isinstance(module, BatchNorm2d):
            twin.features[number] = nn.BatchNorm2d(module.num_features, momentum=module.momentum)
    twin.classifier = nn.Linear(512, 10)
    twin.load_state_dict(model.state_dict())
    return twin


def test_training_computes_what_pytorchs_own_layers_compute(network: VGG16, crops: Tensor) -> None:
    model = copy.deepcopy(network).train()
    twin = float_twin(model).train()
    scores, expected = model(normalise(crops)), twin(normalise(crops))
    assert scores.dtype == torch.float32 and torch.equal(scores, expected)
    for result in (scores, expected):
        functional.cross_entropy(result, torch.arange(4)).backward()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    wanted = [parameter.grad for parameter in twin.parameters() if parameter.grad is not None]
    assert len(gradients) == len(wanted) > 60
    assert all(torch.equal(a, b) for a, b in zip(gradients, wanted, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(model.buffers(), twin.buffers(), strict=True))


def test_a_training_convolution_is_that_of_dequantised_values(crops: Tensor) -> None:
    layer, x = QuantConv2d(3, 4, image_bits=8).train(), normalise(crops)
    expected = functional.conv2d(layer.quantised_input(x), layer.quantised_weight(), padding=1)
    assert torch.equal(layer(x), expected)
    assert torch.equal(layer.dequantised(layer.exact().codes(x)), layer.quantised_input(x))


def test_average_pooling_trains_on_dequantised_values_and_evaluates_sums_of_codes() -> None:
    pool = QuantAvgPool2d((2, 3), alpha_a=3.0)
    x = torch.rand(2, 5, 4, 7, generator=torch.Generator().manual_seed(1)) * 4
    expected = functional.avg_pool2d(pool.quantised_input(x), (2, 3))
    pool.train()(x).sum().backward()
    assert torch.equal(pool(x), expected) and pool.act_alpha.grad is not None and float(pool.act_alpha.grad) > 0
    exact = pool.eval()(x)
    codes = torch.round(x.double() / 3 * 15).clamp(max=15)
    sums = codes.unfold(2, 2, 2).unfold(3, 3, 3).sum((4, 5))
    assert torch.equal(exact, sums * (3.0 / 15 / 6)) and exact.shape == (2, 5, 2, 2)
    assert QuantAvgPool2d(2, 1).stride == (1, 1) and list(pool.state_dict()) == ["act_alpha"]


@pytest.mark.parametrize("features", [1, 2, 300, 512, 513])
def test_the_linear_layer_is_exact_whatever_the_order(features: int) -> None:
    torch.manual_seed(4)
    linear, x = Linear(features, 5), torch.randn(4, features).double()
    x[1] *= 1e9
    x[2] = 0
    scores = linear.eval()(x)
    weight, bias = linear.weight.detach().double(), linear.bias.detach().double()
    np.testing.assert_array_equal(scores.detach().numpy(), exact_linear(x.numpy(), weight.numpy(), bias.numpy()))
    plain = functional.linear(x, weight, bias)
    assert ((scores - plain).abs() <= 1e-6 * x.abs().amax(1, keepdim=True) * features**0.5).all()
    order = torch.randperm(features)
    shuffled = Linear(features, 5)
    shuffled.load_state_dict({"weight": linear.weight[:, order], "bias": linear.bias})
    assert torch.equal(shuffled.eval()(x[:, order]), scores)
    assert torch.equal(linear.train()(x.float()), functional.linear(x.float(), linear.weight, linear.bias))
