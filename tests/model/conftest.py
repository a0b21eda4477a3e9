"""Networks, images, data folders and a plain integer network that the model's tests share."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exact_linear import exact_linear
from numpy.typing import NDArray
from seen_images import seen
from skimage import data
from torch import Tensor

from tilewright_model.checkpoint_file import DEFAULT_CHECKPOINT
from tilewright_model.data.pixels import MEAN, STD
from tilewright_model.layers.plain import BatchNorm2d, Linear
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d
from tilewright_model.networks.network import Network
from tilewright_model.networks.vgg16 import VGG16
from tilewright_model.networks.vgg16_plan import VGG16Options

torch.set_num_threads(1)  # as many test processes as cores


def image_crops(count: int, size: int = 32) -> Tensor:
    """Return `count` square pieces of images that scikit-image ships, uint8 (count, 3, size, size)."""
    pictures = [data.chelsea(), data.astronaut(), data.coffee()]
    random = np.random.default_rng(7)
    pieces = []
    for number in range(count):
        picture = pictures[number % len(pictures)]
        top, left = random.integers(0, picture.shape[0] - size), random.integers(0, picture.shape[1] - size)
        pieces.append(picture[top : top + size, left : left + size].transpose(2, 0, 1))
    return torch.from_numpy(np.stack(pieces))


@pytest.fixture(scope="session")
def crops() -> Tensor:
    return image_crops(4)


@pytest.fixture(scope="session", name="image_crops")
def image_crops_fixture() -> Callable[..., Tensor]:
    return image_crops


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
    return seen(VGG16(options), image_crops(6))


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


@dataclass
class PlainResult:
    """Codes after each layer but the last, by name; the last layer's accumulators; scores."""

    codes: dict[str, NDArray[np.int64]]
    accumulators: NDArray[np.int64]
    scores: NDArray[np.float64]


@pytest.fixture(scope="session")
def plain() -> Callable[[Network, Tensor], PlainResult]:
    """Return the reference written anew: docs/network_format.md step by step, int64 and numpy's float64."""
    return plain_forward


def plain_forward(model: Network, pixels: Tensor) -> PlainResult:
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (MEAN, STD))
    x: NDArray[Any] = ((pixels.numpy().astype(np.float32) / np.float32(255) - mean) / std).astype(np.float64)
    inputs: list[tuple[str, NDArray[np.int64]]] = []
    for child, module in model.features.named_children():
        if isinstance(module, QuantConv2d | QuantAvgPool2d):
            codes = plain_codes(module, x)
            inputs.append((f"features.{child}", codes))
            accumulators, step = plain_convolution(module, codes)
            x = accumulators * step
        elif isinstance(module, BatchNorm2d):
            x = plain_batch_norm(module, x)
        elif isinstance(module, torch.nn.ReLU):
            x = np.maximum(x, 0.0)
        elif isinstance(module, torch.nn.MaxPool2d):
            rows, columns = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
            members = [x[:, :, i:rows:2, j:columns:2] for i in (0, 1) for j in (0, 1)]
            x = np.maximum.reduce(members)
    outputs = {name: codes for (name, _), (_, codes) in itertools.pairwise(inputs)}
    return PlainResult(outputs, accumulators, plain_classifier(model.classifier, x.reshape(len(x), -1)))


def plain_codes(layer: QuantConv2d | QuantAvgPool2d, x: NDArray[np.float64]) -> NDArray[np.int64]:
    u = np.minimum(x / layer.act_alpha.item(), 1.0)
    if isinstance(layer, QuantConv2d) and layer.act_quant.levels == 127:
        u = np.maximum(u, -1.0)
    return np.rint(layer.act_quant.levels * u).astype(np.int64)


def plain_convolution(layer: QuantConv2d | QuantAvgPool2d, codes: NDArray[np.int64]) -> tuple[NDArray[np.int64], float]:
    """Accumulators and the step s."""
    step = layer.act_alpha.item() / layer.act_quant.levels
    if isinstance(layer, QuantAvgPool2d):
        height, width = layer.kernel
        windows = np.lib.stride_tricks.sliding_window_view(codes, layer.kernel, (2, 3))
        return windows[:, :, :: layer.stride[0], :: layer.stride[1]].sum((4, 5)), step / (height * width)
    weights, pad, stride = layer.weight_codes().numpy().astype(np.int64), int(layer.padding[0]), layer.stride[0]
    padded = np.pad(codes, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, layer.kernel_size, (2, 3))[:, :, ::stride, ::stride]
    sums = np.tensordot(windows, weights, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
    return sums, layer.weight_quant.wgt_alpha.item() / layer.weight_quant.levels * step


def plain_batch_norm(norm: BatchNorm2d, y: NDArray[np.float64]) -> NDArray[np.float64]:
    parameters = (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    gamma, beta, mean, var = (np.asarray(p.detach(), np.float64)[:, None, None] for p in parameters if p is not None)
    scale = gamma / np.sqrt(var + norm.eps)
    shift = beta - mean * scale
    scaled = y * scale
    return np.asarray(scaled + shift)


def plain_classifier(classifier: torch.nn.Module, x: NDArray[np.float64]) -> NDArray[np.float64]:
    for module in classifier if isinstance(classifier, torch.nn.Sequential) else [classifier]:
        if not isinstance(module, Linear):
            x = np.maximum(x, 0.0) if isinstance(module, torch.nn.ReLU) else x
            continue
        weight, bias = (np.asarray(p.detach(), np.float64) for p in (module.weight, module.bias))
        x = exact_linear(x, weight, bias)
    return x
