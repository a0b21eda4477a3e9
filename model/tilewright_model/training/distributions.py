"""How often a network uses each of its integer codes: weights, and what the layers' quantisers make of images."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tilewright_model.device import batch_size
from tilewright_model.errors import CaptureError
from tilewright_model.integers.reference import check_images
from tilewright_model.layers.quantised import QuantAvgPool2d, QuantConv2d
from tilewright_model.networks.network import QuantisedNetwork

Hook = Callable[[nn.Module, tuple[Tensor, ...]], None]


@dataclass(frozen=True)
class CodeCounts:
    """How often each code of one tensor occurs.

    Attributes:
        lowest: the first code.
        counts: int64 (codes,), ``counts[i]`` of the code ``lowest + i``, up to the quantiser's largest.
        limits: the codes at which the quantiser clips, (-7, 7) for 4-bit weights, (15,) for 4-bit activations.
    """

    lowest: int
    counts: NDArray[np.int64]
    limits: tuple[int, ...]

    @property
    def codes(self) -> NDArray[np.int64]:
        """int64 (codes,): lowest, lowest + 1, ..."""
        return np.arange(self.lowest, self.lowest + len(self.counts), dtype=np.int64)

    @property
    def shares(self) -> NDArray[np.float64]:
        """float64 (codes,): each code's share, 0..1."""
        return self.counts / max(1, int(self.counts.sum()))

    @property
    def at_limits(self) -> float:
        """Share of ``limits``, 0..1: the clipped values, and those within half a step, which round there."""
        return float(self.shares[np.isin(self.codes, self.limits)].sum())


@dataclass(frozen=True)
class Distributions:
    """Codes by the layer's state-dict name, in order.

    Attributes:
        weights: of every quantised convolution.
        activations: each layer's inputs, an average's too.
        images: how many gave the activations.
    """

    weights: dict[str, CodeCounts]
    activations: dict[str, CodeCounts]
    images: int


def distributions(
    model: QuantisedNetwork, pixels: Tensor, advance: Callable[[int], object] | None = None
) -> Distributions:
    """The codes of ``model.eval()``; the model's mode stays.

    Args:
        model: the network.
        pixels: uint8 (n, c, h, w) on the model's device.
        advance: told the images done in each batch.

    Raises:
        DataError: the images are not the network's.
        CaptureError: values are not finite; names the layer.
    """
    check_images(model, pixels)
    was_training = model.training
    model.eval()
    try:
        weights = {name: _weights(name, layer) for name, layer in model.quantised_layers().items()}
        activations = _activations(model, pixels, advance)
    finally:
        model.train(was_training)
    return Distributions(weights, activations, len(pixels))


def _weights(name: str, layer: QuantConv2d) -> CodeCounts:
    levels = layer.weight_quant.levels
    _check_finite(name, "weights", layer.quantised_weight().detach())
    return _counted(_count(layer.weight_codes()), -levels, levels, (-levels, levels))


@torch.no_grad()
def _activations(
    model: QuantisedNetwork, pixels: Tensor, advance: Callable[[int], object] | None
) -> dict[str, CodeCounts]:
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, QuantConv2d | QuantAvgPool2d)}
    counters: dict[str, Counter[int]] = {name: Counter() for name in layers}
    handles = [
        layer.register_forward_pre_hook(_counting(name, layer, counters[name])) for name, layer in layers.items()
    ]
    try:
        for part in torch.split(pixels, batch_size(pixels.device)):
            model(model.normalise(part))
            if advance:
                advance(len(part))
    finally:
        for handle in handles:
            handle.remove()
    return {name: _inputs(layer, counters[name]) for name, layer in layers.items()}


def _counting(name: str, layer: QuantConv2d | QuantAvgPool2d, counter: Counter[int]) -> Hook:
    def hook(_: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        codes = layer.exact().codes(arguments[0])
        _check_finite(name, "inputs", codes)
        counter.update(_count(codes))

    return hook


def _inputs(layer: QuantConv2d | QuantAvgPool2d, counter: Counter[int]) -> CodeCounts:
    """The notebook's first convolution has no lower clamp: its lowest code is the lowest that occurred."""
    levels, lowest = layer.act_quant.levels, layer.act_quant.lowest
    if lowest == -1.0:
        return _counted(counter, -levels, levels, (-levels, levels))
    return _counted(counter, min(0, *counter), levels, (levels,))


def _check_finite(name: str, what: str, values: Tensor) -> None:
    if not bool(torch.isfinite(values).all()):
        raise CaptureError(f"{name}: {what} are not all finite: the training has diverged; lower the rate")


def _count(codes: Tensor) -> dict[int, int]:
    """How often each integer occurs in a tensor of any dtype and shape."""
    whole = codes.long().flatten()
    lowest = int(whole.min())
    return {lowest + index: count for index, count in enumerate(torch.bincount(whole - lowest).tolist())}


def _counted(counts: dict[int, int], lowest: int, highest: int, limits: tuple[int, ...]) -> CodeCounts:
    values = [counts.get(code, 0) for code in range(lowest, highest + 1)]
    return CodeCounts(lowest, np.array(values, np.int64), limits)
