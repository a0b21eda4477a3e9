"""The integer network of a network file, as the hardware computes it: codes, thresholds and a float64 tail.

It shares no arithmetic with the reference: a matrix product for each kernel tap, codes by counting thresholds,
max-pooling on codes, the tail in numpy. Maps lie channel first, (c, n, h, w): a channel's thresholds meet one row.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tilewright_model.file_network import read_network_file
from tilewright_model.record import ACCUMULATORS, LayerRecord, NetworkRecord


@dataclass(frozen=True)
class IntegerResult:
    """A network file's integers for n images.

    codes: by layer, uint8 (n, oc, h, w), after pooling; accumulators: int32 (n, oc, oh, ow), the last layer's;
    predictions: int64 (n,).
    """

    codes: dict[str, Tensor]
    accumulators: Tensor
    predictions: Tensor


class IntegerNetwork:
    """Runs the network file at `path` on `device`. Raises NetworkError as `read_network_file`."""

    def __init__(self, path: Path, device: torch.device) -> None:
        self.record, tensors = read_network_file(path)
        self.tensors = {key: tensor.to(device) for key, tensor in tensors.items()}
        self.arrays = {key: tensor.numpy() for key, tensor in tensors.items()}
        # a GPU's float32 products may be cut to TF32
        self.dtype = torch.float32 if device.type == "cpu" else torch.float64

    def run(self, pixels: Tensor) -> IntegerResult:
        """The integers for uint8 images (n, c, h, w) on the device."""
        tables = zip(self.tensors["image.codes"], pixels.unbind(1), strict=True)
        codes = torch.stack([table[channel.long()] for table, channel in tables])
        outputs: dict[str, Tensor] = {}
        for layer in self.record.layers:
            sums = self._sums(layer, codes.to(self._dtype(layer)))
            if layer.output == ACCUMULATORS:
                break
            codes = self._codes(layer, sums)
            outputs[layer.name] = codes.transpose(0, 1)
        accumulators = sums.transpose(0, 1).contiguous()
        scores = tail_scores(self.record, self.arrays, accumulators.cpu().numpy())
        return IntegerResult(outputs, accumulators, torch.from_numpy(scores.argmax(1)).to(pixels.device))

    def _dtype(self, layer: LayerRecord) -> torch.dtype:
        """float32 where it holds every sum and the device computes in it."""
        largest = layer.weight_levels * 128 * layer.in_channels * layer.kernel[0] * layer.kernel[1]
        return self.dtype if largest < 2**24 else torch.float64

    def _sums(self, layer: LayerRecord, codes: Tensor) -> Tensor:
        """Codes (ic, n, h, w), float, to accumulators int32 (oc, n, oh, ow)."""
        count, stride = codes.shape[1], layer.stride
        height, width = layer.output_size((codes.shape[2], codes.shape[3]))
        padded = functional.pad(codes, (layer.padding,) * 4)
        sums = codes.new_zeros(layer.out_channels, count * height * width)
        weights = self.tensors[f"{layer.name}.weights"].to(codes.dtype) if layer.kind == "conv" else None
        for ky in range(layer.kernel[0]):
            rows = padded[:, :, ky : ky + stride * (height - 1) + 1 : stride]
            for kx in range(layer.kernel[1]):
                values = rows[..., kx : kx + stride * (width - 1) + 1 : stride].reshape(len(codes), -1)
                sums += values if weights is None else weights[:, :, ky, kx] @ values
        return sums.to(torch.int32).view(-1, count, height, width)

    def _codes(self, layer: LayerRecord, sums: Tensor) -> Tensor:
        """Accumulators int32 (oc, n, oh, ow) to codes uint8 (oc, n, h, w), by thresholds and then max-pooling."""
        thresholds = self.tensors[f"{layer.name}.thresholds"]
        falling = self.tensors[f"{layer.name}.falling"].bool().view(-1, 1)
        values = sums.flatten(1)
        counts = torch.searchsorted(thresholds, torch.where(falling, -values, values), right=True, out_int32=True)
        codes = counts.to(torch.uint8).view_as(sums)
        if layer.pool == 1:
            return codes
        height, width = codes.shape[2] // 2, codes.shape[3] // 2
        windows = codes[:, :, : 2 * height, : 2 * width].reshape(*codes.shape[:2], height, 2, width, 2)
        return windows.amax((3, 5))


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
