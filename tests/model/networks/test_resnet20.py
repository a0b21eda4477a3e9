"""ResNet20: exact evaluation against the plain formula, the same keys as the family's, and what cannot run it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exact_linear import exact_linear
from numpy.typing import NDArray
from seen_images import seen
from torch import Tensor

from tilewright.errors import NetworkError
from tilewright.network.inference import infer
from tilewright_model.data.cifar10 import Images
from tilewright_model.data.pixels import normalise
from tilewright_model.integers.reference import reference
from tilewright_model.integers.shortcuts import shortcut_cost
from tilewright_model.layers.plain import FloatConv2d
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.network_file.write import save_network
from tilewright_model.networks.resnet20 import BasicBlock, MeanPool, ResNet20, ResNet20Options
from tilewright_model.networks.resnet20_body import ResNet20Body, ResNet20Front
from tilewright_model.networks.stages import build_graph

Array = NDArray[np.float64]


def random_resnet(options: ResNet20Options, crops: Tensor) -> ResNet20:
    torch.manual_seed(13)
    return seen(ResNet20(options), crops)


@pytest.fixture(scope="module")
def resnet(crops: Tensor) -> ResNet20:
    return random_resnet(ResNet20Options(channels=(8, 8, 16, 48), layer_bits={"layer2.0.downsample.0": (3, 5)}), crops)


def numbers(tensor: Any) -> Array:
    return np.asarray(tensor.detach(), np.float64)


def plain_norm(norm: Any, y: Array) -> Array:
    gamma, beta, mean, var = (
        numbers(p)[:, None, None] for p in (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    )
    scale = gamma / np.sqrt(var + norm.eps)
    scaled = y * scale
    return np.asarray(scaled + (beta - mean * scale))


def plain_convolution(layer: QuantConv2d, x: Array, codes: dict[str, int], name: str) -> Array:
    """Integers of the input and of the weights, their convolution in int64, and the step."""
    levels, alpha = layer.act_quant.levels, layer.act_alpha.item()
    integers = np.rint(levels * np.minimum(x / alpha, 1.0)).astype(np.int64)
    codes[name] = len(np.unique(integers))
    pad, step = int(layer.padding[0]), layer.stride[0]
    padded = np.pad(integers, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, layer.kernel_size, (2, 3))[:, :, ::step, ::step]
    weights = layer.weight_codes().numpy().astype(np.int64)
    sums = np.einsum("nchwij,ocij->nohw", windows, weights)
    scale = layer.weight_quant.wgt_alpha.item() / layer.weight_quant.levels * (alpha / levels)
    return np.asarray(sums * scale)


def plain_block(block: BasicBlock, x: Array, codes: dict[str, int], name: str) -> Array:
    y = np.maximum(plain_norm(block.bn1, plain_convolution(block.conv1, x, codes, f"{name}.conv1")), 0.0)
    y = plain_norm(block.bn2, plain_convolution(block.conv2, y, codes, f"{name}.conv2"))
    if isinstance(block.downsample, torch.nn.Sequential):
        convolution, norm = block.downsample
        assert isinstance(convolution, QuantConv2d)
        x = plain_norm(norm, plain_convolution(convolution, x, codes, f"{name}.downsample.0"))
    return np.maximum(y + x, 0.0)


def plain_resnet(model: ResNet20, pixels: Tensor, codes: dict[str, int]) -> Array:
    """docs/import.md, step by step: int64 and numpy's float64."""
    x = np.pad(numbers(normalise(pixels)), ((0, 0), (0, 0), (1, 1), (1, 1)))
    weight = numbers(model.conv1.weight)
    y = np.zeros((len(x), len(weight), 32, 32))
    for channel in range(3):
        for row in range(3):
            for column in range(3):
                taps = weight[:, channel, row, column][:, None, None]
                products = x[:, channel : channel + 1, row : row + 32, column : column + 32] * taps
                y = y + products
    y = np.maximum(plain_norm(model.bn1, y), 0.0)
    for number, stage in enumerate((model.layer1, model.layer2, model.layer3), 1):
        for place, block in enumerate(stage):
            assert isinstance(block, BasicBlock)
            y = plain_block(block, y, codes, f"layer{number}.{place}")
    sums = y.reshape(*y.shape[:2], -1)
    while sums.shape[2] > 1:
        sums = sums[:, :, : sums.shape[2] // 2] + sums[:, :, sums.shape[2] // 2 :]
    means, weight = sums[:, :, 0] / 64, numbers(model.fc.weight)
    return exact_linear(means, weight, numbers(model.fc.bias))


def test_evaluation_is_the_plain_formula(resnet: ResNet20, crops: Tensor) -> None:
    codes: dict[str, int] = {}
    expected = plain_resnet(resnet, crops[:2], codes)
    with torch.no_grad():
        assert np.array_equal(resnet(normalise(crops[:2])).numpy(), expected)
        assert torch.equal(torch.cat([resnet(normalise(image[None])) for image in crops]), resnet(normalise(crops)))
    assert list(codes) == list(resnet.quantised_layers()) and min(codes.values()) > 3


def test_training_and_evaluation_agree_but_for_rounding(crops: Tensor) -> None:
    model = random_resnet(ResNet20Options(channels=(8, 8, 16, 48), weight_bits=8, act_bits=8), crops)
    with torch.no_grad():
        exact = model(normalise(crops))
    # the running statistics are those of the same images, but for n - 1 in the variance
    ordinary = model.train()(normalise(crops))
    assert ordinary.dtype == torch.float32 and exact.dtype == torch.float64
    assert float((ordinary.detach() - exact).abs().max()) < 0.1 * float(exact.std())
    ordinary.square().sum().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not without
    assert all(float(layer.weight.grad.abs().sum()) > 0 for layer in model.quantised_layers().values())


def test_float_layers_are_those_of_torch_but_for_the_order() -> None:
    torch.manual_seed(1)
    layer, x = FloatConv2d(3, 5), torch.randn(2, 3, 6, 6)
    expected = torch.nn.functional.conv2d(x.double(), layer.weight.double(), padding=1)
    assert torch.allclose(layer.eval()(x), expected, rtol=1e-14, atol=1e-14)
    maps = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    assert torch.allclose(MeanPool().eval()(maps), MeanPool().train()(maps), rtol=1e-14, atol=1e-14)


def test_the_default_has_the_familys_keys_and_parameters() -> None:
    model = ResNet20()
    layers = model.quantised_layers()
    assert len(layers) == 20 and all(
        tuple(layer.stride) == (2, 2) for name, layer in layers.items() if "downsample" in name
    )
    derived = sum(layer.weight_q.numel() for layer in layers.values())
    assert sum(v.numel() for k, v in model.state_dict().items() if k.endswith("weight_q")) == derived
    # torch's count for the float network with 1x1 convolutions, and two clipping values a layer
    assert sum(p.numel() for p in model.parameters()) == 272474 + 2 * 20
    with pytest.raises(ValueError, match=r"layer_bits names \['conv1'\]"):
        ResNet20(ResNet20Options(layer_bits={"conv1": (4, 4)}))
    with pytest.raises(ValueError, match="first convolution and three stages"):
        ResNet20Options(channels=(8, 16, 48))  # type: ignore[arg-type]


def test_the_compiler_names_the_first_convolution_in_float(resnet: ResNet20, tmp_path: Path) -> None:
    message = r"conv1 \(FloatConv2d\) convolves the image in float: .* QuantConv2d with image_bits"
    with pytest.raises(NetworkError, match=message):
        build_graph(resnet)
    with pytest.raises(NetworkError, match=message):
        save_network(resnet, tmp_path / "x.safetensors", resnet.image_size, "")
    assert not list(tmp_path.iterdir())


def test_the_body_runs_with_quantised_shortcuts_near_the_network(
    resnet: ResNet20, crops: Tensor, tmp_path: Path
) -> None:
    front, body = ResNet20Front(resnet.eval()), ResNet20Body(resnet).eval()
    codes, path = front(normalise(crops)), tmp_path / "body.safetensors"
    network = save_network(body, path, body.image_size, "ResNet20 body")
    names = [layer.name for layer in network.layers]
    # the map before the projection has two quantisers, so it is written twice
    assert len(names) == 20 and names.count("layer1.2.conv2") == names.count("layer1.2.conv2.2") == 1
    expected = reference(body, codes)
    for layer, values in infer(network, codes.numpy()):
        wanted = expected.accumulators if layer.is_last else expected.codes[layer.name]
        np.testing.assert_array_equal(values, wanted, layer.name)
    assert torch.equal(expected.codes["entry"], codes)
    own = resnet(normalise(crops))
    assert float((expected.scores - own).abs().max()) < float(own.std())
    # without the rounding of shortcuts, the parts are the network
    assert torch.allclose(body.classifier(torch.relu(torch.ones(1, 48 * 64))), resnet.fc(torch.ones(1, 48)))


def test_what_quantised_shortcuts_cost_is_said(resnet: ResNet20, crops: Tensor) -> None:
    labels = resnet.eval()(normalise(crops)).argmax(1)
    cost = shortcut_cost(resnet, Images(crops, labels))
    assert (cost.images, cost.correct) == (len(crops), len(crops))
    assert cost.differing == cost.images - cost.quantised_correct
    assert cost.report()["accuracy"] == 100
