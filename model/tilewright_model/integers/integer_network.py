"""The integer network of a network file: convolutions of codes, thresholds and a float64 tail.

It has no quantiser and no batch-norm: codes come from the file's thresholds alone, and the tail is numpy's. A channel
whose codes fall as its accumulator grows is convolved with negated weights, so that every channel's codes rise with its
sums; max-pooling may then act on the sums, a quarter of which become codes. Maps lie channels last.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tilewright_model.data.pixels import look_up
from tilewright_model.integers.requantisation import Requantisation
from tilewright_model.layers.exact import FLOAT32_EXACT
from tilewright_model.network_file.read import Tensors, read_network_file
from tilewright_model.network_file.record import CODES, LayerRecord, NetworkRecord


@dataclass(frozen=True)
class IntegerResult:
    """A network file's integers for n images, and its scores.

    codes: by layer, uint8 (n, oc, h, w), after pooling; accumulators: int32 (n, oc, oh, ow), the last layer's;
    scores: float64 (n, classes); predictions: int64 (n,).
    """

    codes: dict[str, Tensor]
    accumulators: Tensor
    scores: Tensor
    predictions: Tensor


class IntegerNetwork:
    """Runs the network file at `path` on `device`. Raises NetworkError as `read_network_file`."""

    def __init__(self, path: Path, device: torch.device) -> None:
        self.record, tensors = read_network_file(path)
        self.arrays = {key: tensor.numpy() for key, tensor in tensors.items()}
        table = tensors["image.codes"].long()
        lowest, highest = table.amin(1), table.amax(1)
        self.layers: list[IntegerLayer] = []
        for record in self.record.layers:
            self.layers.append(IntegerLayer(record, tensors, lowest, highest, device))
            lowest, highest = (torch.full((record.out_channels,), code) for code in (0, record.output_levels))
        self.image_codes = table.to(device, self.layers[0].dtype)

    @torch.no_grad()
    def run(self, pixels: Tensor) -> IntegerResult:
        """The integers for uint8 images (n, c, h, w) on the device."""
        x = look_up(self.image_codes, pixels).contiguous(memory_format=torch.channels_last)
        outputs: dict[str, Tensor] = {}
        for layer in self.layers[:-1]:
            x = layer.codes(x)
            outputs[layer.name] = x.to(torch.uint8)
        accumulators = self.layers[-1].sums(x).to(torch.int32).contiguous()
        scores = torch.from_numpy(tail_scores(self.record, self.arrays, accumulators.cpu().numpy())).to(pixels.device)
        return IntegerResult(outputs, accumulators, scores, scores.argmax(1))

    def describe(self) -> list[dict[str, Any]]:
        """JSON-able, a layer each: the bound of its sums, their type, and channels by how they get their codes."""
        return [layer.describe() for layer in self.layers]


class IntegerLayer:
    """A layer of the file on `device`. lowest, highest: int64 (ic,), the extreme codes of each input channel.

    bound: no partial sum of any output channel has a larger magnitude; dtype: in which the sums are computed, exactly.
    """

    def __init__(
        self, record: LayerRecord, tensors: Tensors, lowest: Tensor, highest: Tensor, device: torch.device
    ) -> None:
        self.name, self.record = record.name, record
        weights = _weights(record, tensors)
        low, high = _extreme_sums(weights, lowest, highest)
        self.bound = int(torch.maximum(-low, high).max())
        # a GPU's float32 products may be cut to TF32
        in_float32 = device.type == "cpu" and self.bound < FLOAT32_EXACT
        self.dtype = torch.float32 if in_float32 else torch.float64
        self.weights = weights.to(device, self.dtype).contiguous(memory_format=torch.channels_last)
        self.requantisation: Requantisation | None = None
        if record.output == CODES:
            thresholds, slope = tensors[f"{self.name}.thresholds"].to(device), _slope(record, tensors).to(device)
            self.requantisation = Requantisation(thresholds, low.to(device), high.to(device), slope, self.dtype)

    def describe(self) -> dict[str, Any]:
        """As `IntegerNetwork.describe`; the last layer has no codes."""
        counted = len(self.requantisation.counted) if self.requantisation else 0
        return {
            "name": self.name,
            "bound": self.bound,
            "below_2_24": self.bound < FLOAT32_EXACT,
            "dtype": str(self.dtype).removeprefix("torch."),
            "affine_channels": self.record.out_channels - counted if self.requantisation else 0,
            "threshold_channels": counted,
        }

    def sums(self, codes: Tensor) -> Tensor:
        """Codes (n, ic, h, w) to accumulators (n, oc, oh, ow), negated where the channel falls; integers as `dtype`.

        oneDNN's direct convolution and im2col only add products: NNPACK's Winograd would not be exact.
        """
        groups = self.record.in_channels if self.record.kind == "average" else 1
        with torch.backends.nnpack.flags(enabled=False), torch.autocast(codes.device.type, enabled=False):
            sums = functional.conv2d(
                codes.to(self.dtype), self.weights, None, self.record.stride, self.record.padding, groups=groups
            )
        return sums.round_() if self.dtype == torch.float64 else sums  # cuDNN may take an FFT

    def codes(self, codes: Tensor) -> Tensor:
        """Codes (n, ic, h, w) to the next layer's (n, oc, h, w), after pooling; integers as `dtype`."""
        assert self.requantisation is not None
        sums = self.sums(codes)
        return self.requantisation.codes(functional.max_pool2d(sums, 2) if self.record.pool == 2 else sums)


def _weights(record: LayerRecord, tensors: Tensors) -> Tensor:
    """int64 (oc, ic, kh, kw), negated in falling channels; an average's (c, 1, kh, kw) are ones, a group a channel."""
    if record.kind == "average":
        return torch.ones(record.out_channels, 1, *record.kernel, dtype=torch.int64)
    weights = tensors[f"{record.name}.weights"].long()
    if record.output != CODES:
        return weights
    return torch.where(tensors[f"{record.name}.falling"].bool().view(-1, 1, 1, 1), -weights, weights)


def _extreme_sums(weights: Tensor, lowest: Tensor, highest: Tensor) -> tuple[Tensor, Tensor]:
    """int64 (oc,) each: no sum of any of a channel's products is smaller or larger.

    Padding adds the code 0, so that the range of every product holds 0.
    """
    shape = (1, -1, 1, 1) if weights.shape[1] == len(lowest) else (-1, 1, 1, 1)
    products = weights * lowest.clamp(max=0).view(shape), weights * highest.clamp(min=0).view(shape)
    return torch.minimum(*products).sum((1, 2, 3)), torch.maximum(*products).sum((1, 2, 3))


def _slope(record: LayerRecord, tensors: Tensors) -> Tensor:
    """Codes a step of the accumulator, by magnitude: float64 (oc,)."""
    step = tensors[f"{record.name}.scale"] * record.output_levels / tensors[f"{record.name}.alpha_next"]
    if record.batch_norm:
        return step * tensors[f"{record.name}.bn_scale"].abs()
    return step.expand(record.out_channels)


def tail_scores(
    record: NetworkRecord, tensors: dict[str, NDArray[Any]], accumulators: NDArray[np.int32]
) -> NDArray[np.float64]:
    """The tail on the last layer's accumulators (n, oc, oh, ow): scores (n, classes)."""
    last = record.layers[-1]
    z = accumulators * tensors[f"{last.name}.scale"]
    if last.batch_norm:
        z = z * tensors[f"{last.name}.bn_scale"][:, None, None]
        z = z + tensors[f"{last.name}.bn_shift"][:, None, None]
    if last.relu:
        z = np.maximum(z, 0)
    if last.pool == 2:
        height, width = z.shape[2] // 2, z.shape[3] // 2
        z = z[:, :, : 2 * height, : 2 * width].reshape(*z.shape[:2], height, 2, width, 2).max((3, 5))
    x: NDArray[np.float64] = z.reshape(len(z), -1)
    for entry in record.tail:
        if entry is None:
            x = np.maximum(x, 0)
            continue
        weight, scores = tensors[f"{entry.name}.weight"], np.zeros((len(x), entry.out_features))
        for feature in range(entry.in_features):
            scores = scores + x[:, feature : feature + 1] * weight[:, feature]
        x = scores + tensors[f"{entry.name}.bias"]
    return x
