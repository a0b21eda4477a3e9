"""A layer's input and output by forward hooks, its integers, and the file that the host takes them from."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tilewright.files import write_npz
from tilewright_model.errors import CaptureError
from tilewright_model.layers.quantised import QuantConv2d
from tilewright_model.networks.network import QuantisedNetwork


@dataclass(frozen=True)
class LayerMetadata:
    """The layer file's ``metadata``, as JSON."""

    layer: str
    stride: int
    padding: int
    delta_w: float
    delta_a: float
    #: largest |y / (delta_w delta_a) - nearest integer| of the float32 layer's output y
    max_distance: float
    checkpoint_sha256: str
    image_source: str
    #: largest and mean difference between the scaled integer convolution and the float layer, after ReLU
    notebook_check_max: float
    notebook_check_mean: float


@dataclass(frozen=True)
class LayerIntegers:
    """One layer's integers for some images.

    Attributes:
        weight_codes: int8 (oc, ic, kh, kw).
        activation_codes: uint8 (images, ic, h, w).
        accumulators: int32 (images, oc, oh, ow), the raw sums of the codes' convolution in float64.
        float_integers: int32, same shape: the output of the float32 layer, fed with the same codes dequantised, over
            delta_w delta_a, rounded.
        metadata: of the layer.
    """

    weight_codes: NDArray[np.int8]
    activation_codes: NDArray[np.uint8]
    accumulators: NDArray[np.int32]
    float_integers: NDArray[np.int32]
    metadata: LayerMetadata

    @property
    def mismatches(self) -> int:
        """Outputs at which the float layer and the integer convolution disagree."""
        return int((self.accumulators != self.float_integers).sum())

    def save(self, path: str | Path) -> None:
        """Write the .npz (no pickled objects); metadata is a 0-d unicode array of JSON."""
        arrays = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "metadata"}
        write_npz(path, {**arrays, "metadata": np.array(json.dumps(asdict(self.metadata)))}, compressed=True)


def layer_named(model: QuantisedNetwork, name: str) -> QuantConv2d:
    """The quantised convolution of that name.

    Raises:
        CaptureError: there is none; names those that exist.
    """
    layers = model.quantised_layers()
    if name not in layers:
        raise CaptureError(f"{name!r} is no quantised convolution of this network; it has {', '.join(layers)}")
    return layers[name]


@torch.no_grad()
def run_and_hook(model: QuantisedNetwork, layer: nn.Module, pixels: Tensor, batch: int = 100) -> tuple[Tensor, Tensor]:
    """Input and output (copies) of any module while ``model.eval()`` classifies uint8 images (n, 3, 32, 32)."""
    inputs: list[Tensor] = []
    outputs: list[Tensor] = []

    def keep(_: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        inputs.append(arguments[0].clone())
        outputs.append(output.clone())  # the ReLU that follows works in place

    handle = layer.register_forward_hook(keep)
    try:
        model.eval()
        for part in torch.split(pixels, batch):
            model(model.normalise(part))
    finally:
        handle.remove()
    return torch.cat(inputs), torch.cat(outputs)


@torch.no_grad()
def capture(
    model: QuantisedNetwork, name: str, pixels: Tensor, *, checkpoint_sha256: str, image_source: str
) -> LayerIntegers:
    """A layer's integers while the network classifies images.

    Args:
        model: the network.
        name: of the layer.
        pixels: uint8 (n, 3, 32, 32).
        checkpoint_sha256: of the checkpoint, for the metadata.
        image_source: where the images come from, for the metadata.

    Raises:
        CaptureError: there is no such layer, or its input codes are no unsigned bytes (the signed image).
    """
    layer = layer_named(model, name)
    x, _ = run_and_hook(model, layer, pixels)
    activations, weights = layer.exact().codes(x).long(), layer.weight_codes()
    low, high = int(activations.min()), int(activations.max())
    if low < 0 or high > 255:
        raise CaptureError(
            f"{name}: input codes {low}..{high} are not unsigned; the layer file holds layers behind a ReLU, "
            "not the first convolution, which takes the signed image"
        )
    y = layer.ordinary(layer.dequantised(activations))
    accumulators = _convolve(activations.double(), weights.double(), layer)
    scaled = y.double() / (layer.delta_w * layer.delta_a)
    difference = notebook_difference(layer, activations, weights, y)
    metadata = LayerMetadata(
        layer=name,
        stride=layer.stride[0],
        padding=int(layer.padding[0]),
        delta_w=layer.delta_w,
        delta_a=layer.delta_a,
        max_distance=float((scaled - scaled.round()).abs().max()),
        checkpoint_sha256=checkpoint_sha256,
        image_source=image_source,
        notebook_check_max=float(difference.max()),
        notebook_check_mean=float(difference.mean()),
    )
    return LayerIntegers(
        weights.cpu().numpy(),
        _numpy(activations, np.uint8),
        _numpy(accumulators, np.int32),
        _numpy(scaled.round(), np.int32),
        metadata,
    )


def notebook_difference(layer: QuantConv2d, activations: Tensor, weights: Tensor, y: Tensor) -> Tensor:
    """The notebook's check: |ReLU(float layer) - ReLU(float32 integer convolution x delta_a x delta_w)|, y's shape."""
    recovered = _convolve(activations.float(), weights.float(), layer) * layer.delta_a * layer.delta_w
    return (functional.relu(y) - functional.relu(recovered)).abs()


def _convolve(activations: Tensor, weights: Tensor, layer: QuantConv2d) -> Tensor:
    return functional.conv2d(activations, weights, None, layer.stride, layer.padding)


def _numpy(values: Tensor, dtype: Any) -> NDArray[Any]:
    return values.cpu().numpy().astype(dtype)
