"""A foreign network as steps in a row, and the reference that they make: what Brevitas and QONNX have in common.

Integers and scales are taken as they are. Constants that the format has no place for are folded in float64: a bias and
a weight scale per channel go into batch-norm's scale and shift.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from tilewright.errors import NetworkError
from tilewright_model.data.pixels import look_up
from tilewright_model.layers.exact import ExactAverage, ExactBatchNorm2d, ExactConv2d, ExactLinear
from tilewright_model.networks.network import Network
from tilewright_model.networks.stages import build_graph

Normalise = Callable[[Tensor], Tensor]
#: of 8 bits, the most that the network file covers; the compiler refuses what its hardware has not
IMAGE_LEVELS, ACTIVATION_LEVELS, WEIGHT_LEVELS = 127, 255, 127


@dataclass(frozen=True)
class Operation:
    """Part of a foreign network.

    Attributes:
        name: its own, for errors.
        kind: its type there, for errors.
    """

    name: str
    kind: str


@dataclass(frozen=True)
class Quantiser(Operation):
    """code = clamp(round_half_even(x / scale), lowest, highest).

    Attributes:
        scale: the step between two codes.
        lowest: the smallest code.
        highest: the largest code.
    """

    scale: float
    lowest: int
    highest: int


@dataclass(frozen=True)
class Convolution(Operation):
    """A convolution of quantised weights.

    Attributes:
        codes: int8 (oc, ic, kh, kw).
        bits: their width.
        scale: float64 (1,) or (oc,); the weights are codes times scale.
        bias: float64 (oc,), or None.
        stride: vertical and horizontal.
        padding: vertical and horizontal, on both sides.
        dilation: vertical and horizontal.
        groups: into which the channels fall.
    """

    codes: Tensor
    bits: int
    scale: Tensor
    bias: Tensor | None
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...] = (1, 1)
    groups: int = 1


@dataclass(frozen=True)
class Norm(Operation):
    """Batch-norm as x * scale + shift.

    Attributes:
        scale: float64 (c,) or (1,).
        shift: float64 (c,) or (1,).
    """

    scale: Tensor
    shift: Tensor


@dataclass(frozen=True)
class Relu(Operation):
    """max(x, 0)."""


@dataclass(frozen=True)
class Pool(Operation):
    """2x2 max-pooling."""


@dataclass(frozen=True)
class Average(Operation):
    """Average of windows.

    Attributes:
        kernel: height and width; None: the whole map.
        stride: vertical and horizontal; None: the kernel's.
    """

    kernel: tuple[int, int] | None
    stride: tuple[int, int] | None


@dataclass(frozen=True)
class Linear(Operation):
    """A linear layer.

    Attributes:
        weight: float64 (out, in).
        bias: float64 (out,).
    """

    weight: Tensor
    bias: Tensor


class ImportedNetwork(Network):
    """The reference of a foreign network, with the normalisation of its images.

    Attributes:
        values: float (channels, 256), the value of each pixel.
    """

    values: Tensor

    def __init__(
        self, features: nn.Sequential, classifier: nn.Module, image_size: tuple[int, int, int], values: Tensor
    ) -> None:
        super().__init__(features, classifier, image_size)
        self.register_buffer("values", values)

    def normalise(self, pixels: Tensor) -> Tensor:
        """What the network was trained on.

        Args:
            pixels: uint8 (n, c, h, w).

        Returns:
            Float of the same shape.
        """
        return look_up(self.values, pixels)


@dataclass
class _Stage:
    """A layer with its input's quantiser, and what follows it up to the next quantiser, `following`."""

    layer: Convolution | Average
    quantiser: Quantiser
    norm: Norm | None = None
    relu: bool = False
    pool: bool = False
    following: Quantiser | None = None


@dataclass
class _Rows:
    image: Quantiser | None = None
    stages: list[_Stage] = field(default_factory=list)
    tail: list[Linear | Relu] = field(default_factory=list)


def assemble(steps: Sequence[Operation], image_size: tuple[int, int, int], normalise: Normalise) -> ImportedNetwork:
    """The reference of a row of steps.

    Without a quantiser before the first convolution the image gets one of 8 bits, symmetric over the values that pixels
    can have.

    Args:
        steps: from the image to the scores.
        image_size: channels, height and width.
        normalise: uint8 (n, c, h, w) to float of that shape, pixel by pixel.

    Returns:
        The network, in evaluation mode.

    Raises:
        NetworkError: the network file does not cover a step; names it and the reason.
    """
    values = pixel_values(normalise, image_size[0])
    rows = _Rows()
    for step in steps:
        _add(rows, step, values)
    if not rows.stages:
        raise NetworkError("there is no quantised convolution before the first linear layer: nothing for the hardware")
    _end_on_a_layer(rows)
    size, features = image_size[1:], nn.Sequential()
    for stage in rows.stages:
        size = _add_modules(features, stage, size)
    network = ImportedNetwork(features, _classifier(rows.tail), image_size, values).eval()
    build_graph(network)
    return network


def refusal(step: Operation, reason: str) -> NetworkError:
    """The error for a step that cannot be taken over."""
    return NetworkError(f"{step.name} ({step.kind}) {reason}; docs/brevitas.md lists what is covered")


def pixel_values(normalise: Normalise, channels: int) -> Tensor:
    """What a normalisation makes of each pixel value.

    Args:
        normalise: uint8 (n, c, h, w) to float of that shape.
        channels: c.

    Returns:
        Float (channels, 256), on the CPU.

    Raises:
        NetworkError: it is of other channels, looks at more than the pixel alone, or makes values that are not finite.
    """
    pixels = torch.arange(256).to(torch.uint8).expand(1, channels, 1, 256)
    values = normalise(pixels)
    if values.shape[:1] + values.shape[2:] == pixels.shape[:1] + pixels.shape[2:] and values.shape != pixels.shape:
        raise NetworkError(
            f"the normalisation is of {values.shape[1]} channels, the images have {channels}: give their own mean and "
            "deviation, --mean and --std, in Python normalisation(mean, std)"
        )
    if values.shape != pixels.shape or not values.is_floating_point():
        raise NetworkError(
            f"normalise() makes {values.dtype} {tuple(values.shape)} of uint8 {tuple(pixels.shape)}: it must give "
            "float of that shape"
        )
    if not bool(values.isfinite().all()):
        raise NetworkError("normalise() makes values that are not finite")
    order = torch.randperm(256, generator=torch.Generator().manual_seed(0))
    if not torch.equal(normalise(pixels[..., order]), values[..., order]):
        raise NetworkError("normalise() makes a pixel's value depend on others: it must look at each pixel alone")
    return values[0, :, 0].detach().cpu()


def normalisation(mean: Sequence[float], std: Sequence[float]) -> Normalise:
    """(pixel / 255 - mean) / std of each channel, in float32, as torchvision's ToTensor and Normalize compute it.

    Args:
        mean: one for all channels, or one for each.
        std: deviations, as many.

    Returns:
        The function, uint8 (n, c, h, w) to float32 of that shape; raises NetworkError for other channels.

    Raises:
        NetworkError: there are not as many deviations as means, one is not finite, or a deviation not positive.
    """
    means, deviations = (torch.tensor(numbers, dtype=torch.float32).view(-1, 1) for numbers in (mean, std))
    finite = bool(torch.cat([means, deviations]).isfinite().all())
    if len(mean) != len(std) or not finite or not bool((deviations > 0).all()):
        raise NetworkError(f"mean {list(mean)} and std {list(std)}: give one of each a channel, std positive")
    values = (torch.arange(256).float() / 255 - means) / deviations

    def normalise(pixels: Tensor) -> Tensor:
        if len(values) not in (1, pixels.shape[1]):
            raise NetworkError(
                f"{len(values)} means and deviations for images of {pixels.shape[1]} channels: give one --mean and "
                "--std for all or one for each, in Python normalisation(mean, std)"
            )
        return look_up(values, pixels)

    return normalise


def _add(rows: _Rows, step: Operation, values: Tensor) -> None:
    if isinstance(step, Quantiser) and not (0 < step.scale < math.inf and step.highest >= 1):
        raise refusal(step, f"has a scale of {step.scale} and codes of up to {step.highest}")
    if isinstance(step, Linear) or (isinstance(step, Relu) and rows.tail):
        rows.tail.append(step)
    elif rows.tail:
        raise refusal(
            step, "comes after a linear layer: from there on the host computes, ReLU and linear layers in float64"
        )
    elif isinstance(step, Convolution | Average):
        rows.stages.append(_Stage(step, _input_quantiser(rows, step, values)))
    elif not rows.stages:
        _add_image_quantiser(rows, step)
    else:
        _extend(rows.stages[-1], step)


def _input_quantiser(rows: _Rows, step: Convolution | Average, values: Tensor) -> Quantiser:
    if rows.stages:
        quantiser = rows.stages[-1].following
        if quantiser is None:
            raise refusal(step, f"has no quantiser at its input, after {rows.stages[-1].layer.name}")
        return quantiser
    if isinstance(step, Average):
        raise refusal(step, "averages the image: a convolution must come first")
    return rows.image or Quantiser(step.name, step.kind, float(values.abs().max()) / IMAGE_LEVELS, -127, 127)


def _add_image_quantiser(rows: _Rows, step: Operation) -> None:
    if not isinstance(step, Quantiser) or rows.image:
        raise refusal(step, "comes before the first convolution: only one quantiser of the image may")
    if step.lowest < -128 or step.highest > IMAGE_LEVELS:
        raise refusal(
            step,
            f"makes image codes of {step.lowest}..{step.highest}, but the hardware's are signed 8-bit: use a signed "
            "quantiser (Int8ActPerTensorFloat) of at most 8 bits, or an unsigned one of 7",
        )
    rows.image = step


def _extend(stage: _Stage, step: Operation) -> None:
    """Add what may follow a layer: batch-norm, then ReLU, max-pooling and quantiser, which change places exactly."""
    average, behind = isinstance(stage.layer, Average), stage.relu or stage.pool or stage.following
    if isinstance(step, Norm) and not (average or stage.norm or behind):
        stage.norm = step
    elif isinstance(step, Relu) and not stage.following:
        stage.relu = not average  # an average of codes is not negative
    elif isinstance(step, Pool) and not (average or stage.pool):
        stage.pool = True
    elif isinstance(step, Quantiser) and not stage.following:
        _check_activation(stage, step)
        stage.following = step
        stage.relu = not average  # an unsigned quantiser clamps at 0
    else:
        raise refusal(step, f"may not stand where it does, after {stage.layer.name}: {_ORDER}")


_ORDER = (
    "between two convolutions come batch-norm, ReLU with its quantiser and a 2x2 max-pooling, each at most once, and "
    "after an average the next quantiser"
)


def _check_activation(stage: _Stage, step: Quantiser) -> None:
    if step.highest > ACTIVATION_LEVELS:
        raise refusal(step, f"makes codes of up to {step.highest}, but 8 bits are the most: use a smaller bit_width")
    if step.lowest != 0 and not (stage.relu or isinstance(stage.layer, Average)):
        raise refusal(step, f"makes signed codes of {step.lowest}..{step.highest}: put a ReLU before it (QuantReLU)")


def _end_on_a_layer(rows: _Rows) -> None:
    """A quantiser before the classifier becomes an average of 1x1 windows: its accumulators are the codes."""
    last = rows.stages[-1]
    if last.following is not None:
        average = Average(last.following.name, last.following.kind, (1, 1), (1, 1))
        rows.stages.append(_Stage(average, last.following))


def _add_modules(features: nn.Sequential, stage: _Stage, size: tuple[int, int]) -> tuple[int, int]:
    """Add the reference of a stage whose input map is (height, width), and return its output's."""
    child = stage.layer.name.removeprefix("features.").replace(".", "_")
    if child in features._modules:
        raise refusal(stage.layer, "has the name of another layer: rename one of them")
    layer, norm = exact_layer(stage.layer, stage.quantiser, stage.norm, size)
    features.add_module(child, layer)
    if norm is not None:
        features.add_module(f"{child}_batch_norm", norm)
    if stage.relu:
        features.add_module(f"{child}_relu", nn.ReLU())
    if stage.pool:
        if not stage.relu:
            raise refusal(stage.layer, "is followed by max-pooling, but by no ReLU")
        features.add_module(f"{child}_pool", nn.MaxPool2d(2, 2))
    shrink = 2 if stage.pool else 1
    height, width = _output_size(layer, size)
    return height // shrink, width // shrink


def exact_layer(
    layer: Convolution | Average, quantiser: Quantiser, norm: Norm | None, size: tuple[int, int]
) -> tuple[ExactConv2d | ExactAverage, ExactBatchNorm2d | None]:
    """The reference of a layer, and of the batch-norm behind it with the layer's own constants folded in.

    Args:
        layer: the layer.
        quantiser: of its input.
        norm: batch-norm behind it.
        size: height and width of its input.

    Raises:
        NetworkError: its weights are none that the network file holds.
    """
    alpha = torch.tensor(quantiser.scale * quantiser.highest, dtype=torch.float64)
    if isinstance(layer, Average):
        kernel = layer.kernel or size
        scale = quantiser.scale / (kernel[0] * kernel[1])
        return ExactAverage(kernel, layer.stride or kernel, scale=scale, alpha=alpha, levels=quantiser.highest), None
    per_channel = layer.scale.numel() > 1
    exact = ExactConv2d(
        layer.codes,
        _weight_levels(layer),
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.groups,
        scale=quantiser.scale if per_channel else quantiser.scale * float(layer.scale),
        alpha=alpha,
        levels=quantiser.highest,
        lowest=quantiser.lowest / quantiser.highest,
    )
    return exact, _norm(layer, norm, per_channel)


def _weight_levels(layer: Convolution) -> int:
    levels = int(max(1, 2 ** (layer.bits - 1) - 1))
    if levels > WEIGHT_LEVELS:
        raise refusal(layer, f"has weights of {layer.bits} bits, but 8 are the most: use a smaller weight_bit_width")
    extreme = max(int(layer.codes.min()), int(layer.codes.max()), key=abs)
    if abs(extreme) > levels:
        raise refusal(
            layer,
            f"has a weight of {extreme}, but the format's lie in -{levels}..{levels}: train with signed weights and "
            "narrow_range=True (weight_narrow_range=True)",
        )
    return levels


def _norm(layer: Convolution, norm: Norm | None, per_channel: bool) -> ExactBatchNorm2d | None:
    """A and B of z = y * A + B with the bias and the channels' weight scales folded in, each step in float64."""
    if norm is None and layer.bias is None and not per_channel:
        return None
    channels = len(layer.codes)
    scale = torch.ones(channels, dtype=torch.float64) if norm is None else norm.scale
    shift = torch.zeros(channels, dtype=torch.float64) if norm is None else norm.shift
    if norm is not None and {len(scale), len(shift)} - {1, channels}:
        raise refusal(norm, f"has {len(scale)} and {len(shift)} constants, but {layer.name} has {channels} channels")
    scale, shift = scale.expand(channels), shift.expand(channels)
    if layer.bias is not None:
        shift = layer.bias * scale + shift
    return ExactBatchNorm2d(scale * layer.scale if per_channel else scale, shift)


def _output_size(layer: ExactConv2d | ExactAverage, size: tuple[int, int]) -> tuple[int, int]:
    kernel, padding, dilation = layer.kernel_padding_dilation()
    spans = [dilation[i] * (kernel[i] - 1) + 1 for i in (0, 1)]
    height, width = ((size[i] + 2 * padding[i] - spans[i]) // layer.stride[i] + 1 for i in (0, 1))
    return height, width


def _classifier(tail: Sequence[Linear | Relu]) -> nn.Module:
    modules = [ExactLinear(step.weight, step.bias) if isinstance(step, Linear) else nn.ReLU() for step in tail]
    if not modules:
        raise NetworkError("there is no linear layer behind the convolutions: a network file ends in a classifier")
    return modules[0] if len(modules) == 1 else nn.Sequential(*modules)
