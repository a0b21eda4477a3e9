"""The integer network of a network file: convolutions of codes, thresholds and a float64 tail.

It has no quantiser and no batch-norm: codes come from the file's thresholds alone, and the tail is numpy's. A channel
whose codes fall as its accumulator grows is convolved with negated weights, so that every channel's codes rise with its
sums; max-pooling may then act on the sums, a quarter of which become codes. Maps lie channels last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tilewright.network import Layer, load_network, scores_of
from tilewright.network.graph import IMAGE
from tilewright.network.operand import Operand
from tilewright_model.data.pixels import look_up
from tilewright_model.integers.requantisation import Requantisation
from tilewright_model.layers.exact import FLOAT32_EXACT
from tilewright_model.networks.stage import Copy


@dataclass(frozen=True)
class IntegerResult:
    """A network file's integers for n images, and its scores.

    Attributes:
        codes: by layer, uint8 (n, oc, h, w), after pooling.
        accumulators: int32 (n, oc, oh, ow), the last layer's.
        scores: float64 (n, classes).
        predictions: int64 (n,).
    """

    codes: dict[str, Tensor]
    accumulators: Tensor
    scores: Tensor
    predictions: Tensor


class IntegerNetwork:
    """Runs a network file.

    Args:
        path: the file.
        device: where it runs.

    Raises:
        NetworkError: as ``load_network``.
    """

    def __init__(self, path: str | Path, device: torch.device) -> None:
        self.network = load_network(path)
        table = torch.from_numpy(self.network.image_codes).long()
        lowest, highest = table.amin(1), table.amax(1)
        self.layers: list[IntegerLayer] = []
        for layer in self.network.layers:
            self.layers.append(IntegerLayer(layer, lowest, highest, device))
        self.image_codes = table.to(device, self.layers[0].dtype)

    @torch.no_grad()
    def run(self, pixels: Tensor) -> IntegerResult:
        """The integers for uint8 images (n, c, h, w) on the device."""
        image = look_up(self.image_codes, pixels).contiguous(memory_format=torch.channels_last)
        maps, outputs = {IMAGE: image}, dict[str, Tensor]()
        for index, (layer, sources) in enumerate(zip(self.layers[:-1], self.network.sources, strict=False)):
            maps[index] = layer.codes([maps[source] for source in sources])
            outputs[layer.name] = maps[index].to(torch.uint8)
            for source in {*sources}:
                if source == IMAGE or self.network.last_readers[source] == index:
                    del maps[source]
        read = [maps[source] for source in self.network.sources[-1]]
        accumulators = self.layers[-1].sums(read).to(torch.int32).contiguous()
        scores = torch.from_numpy(scores_of(self.network, accumulators.cpu().numpy())).to(pixels.device)
        return IntegerResult(outputs, accumulators, scores, scores.argmax(1))

    def describe(self) -> list[dict[str, Any]]:
        """JSON-able, a layer each: the bound of its sums, their type, and channels by how they get their codes."""
        return [layer.describe() for layer in self.layers]


class IntegerLayer:
    """A layer of the file.

    Args:
        layer: the layer.
        lowest, highest: int64 (c,), the extreme codes of each channel of the image, where it reads that.
        device: where it runs.

    Attributes:
        bound: no partial sum of any output channel has a larger magnitude.
        dtype: in which the sums are computed, exactly.
    """

    def __init__(self, layer: Layer, lowest: Tensor, highest: Tensor, device: torch.device) -> None:
        self.name, self.layer = layer.name, layer
        low, high = torch.zeros(layer.out_channels).long(), torch.zeros(layer.out_channels).long()
        weights = []
        for operand in layer.operands:
            ends = lowest, highest
            if not layer.image_input:
                zeros = torch.zeros(operand.in_channels, dtype=torch.int64)
                ends = zeros, zeros + operand.activation_levels
            weights.append(_weights(operand, layer.falling))
            least, most = _extreme_sums(weights[-1], operand.groups, *ends)
            low, high = low + least, high + most
        self.bound = int(torch.maximum(-low, high).max())
        # a GPU's float32 products may be cut to TF32
        in_float32 = device.type == "cpu" and self.bound < FLOAT32_EXACT
        self.dtype = torch.float32 if in_float32 else torch.float64
        self.weights = [each.to(device, self.dtype).contiguous(memory_format=torch.channels_last) for each in weights]
        self.requantisation: Requantisation | None = None
        if layer.thresholds is not None:
            thresholds, slope = torch.from_numpy(layer.thresholds).to(device), _slope(layer).to(device)
            self.requantisation = Requantisation(thresholds, low.to(device), high.to(device), slope, self.dtype)

    def describe(self) -> dict[str, Any]:
        """As ``IntegerNetwork.describe``; the last layer has no codes."""
        counted = len(self.requantisation.counted) if self.requantisation else 0
        return {
            "name": self.name,
            "bound": self.bound,
            "below_2_24": self.bound < FLOAT32_EXACT,
            "dtype": str(self.dtype).removeprefix("torch."),
            "affine_channels": self.layer.out_channels - counted if self.requantisation else 0,
            "threshold_channels": counted,
        }

    def sums(self, maps: Sequence[Tensor]) -> Tensor:
        """The accumulators of input codes.

        oneDNN's direct convolution and im2col only add products: NNPACK's Winograd would not be exact.

        Args:
            maps: what each operand reads, (n, c, h, w).

        Returns:
            (n, oc, oh, ow), negated where the channel falls; integers as ``dtype``.
        """
        first, *others = (
            self._convolved(operand, weights, codes)
            for operand, weights, codes in zip(self.layer.operands, self.weights, maps, strict=True)
        )
        total: Tensor = sum(others, first)
        return total

    def _convolved(self, operand: Operand, weights: Tensor, codes: Tensor) -> Tensor:
        read = codes[:, operand.first_channel : operand.first_channel + operand.in_channels].to(self.dtype)
        with torch.backends.nnpack.flags(enabled=False), torch.autocast(codes.device.type, enabled=False):
            sums = functional.conv2d(
                read, weights, None, operand.stride, operand.paddings, operand.dilation, operand.groups
            )
        return sums.round_() if self.dtype == torch.float64 else sums  # cuDNN may take an FFT

    def codes(self, maps: Sequence[Tensor]) -> Tensor:
        """What it reads, (n, c, h, w) each, to the next layer's codes (n, oc, h, w), after pooling; ``dtype``."""
        if self.layer.copies:
            return Copy(self.layer.kind, self.layer.stride, self.layer.paddings[0]).apply(maps[0])
        assert self.requantisation is not None
        sums = self.sums(maps)
        return self.requantisation.codes(functional.max_pool2d(sums, 2) if self.layer.pool == 2 else sums)


def _weights(operand: Operand, falling: NDArray[np.bool_] | None) -> Tensor:
    """int64 (oc, ic / groups, kh, kw), negated in falling channels, 16 ** raised times the operand's."""
    weights: Tensor = torch.from_numpy(operand.weights.astype(np.int64)) << 4 * operand.raised
    if falling is None:
        return weights
    return torch.where(torch.from_numpy(falling).view(-1, 1, 1, 1), -weights, weights)


def _extreme_sums(weights: Tensor, groups: int, lowest: Tensor, highest: Tensor) -> tuple[Tensor, Tensor]:
    """int64 (oc,) each: no sum of any of a channel's products is smaller or larger.

    Padding adds the code 0, so that the range of every product holds 0.
    """
    low, high = (
        ends.view(groups, 1, -1, 1, 1).expand(-1, len(weights) // groups, -1, -1, -1).flatten(0, 1)
        for ends in (lowest.clamp(max=0), highest.clamp(min=0))
    )
    products = weights * low, weights * high
    return torch.minimum(*products).sum((1, 2, 3)), torch.maximum(*products).sum((1, 2, 3))


def _slope(layer: Layer) -> Tensor:
    """Codes a step of the accumulator, by magnitude: float64 (oc,)."""
    assert layer.alpha_next is not None
    norm = torch.ones(layer.out_channels).double() if layer.bn_scale is None else torch.from_numpy(layer.bn_scale).abs()
    return norm * (layer.scale * layer.output_levels / layer.alpha_next)
