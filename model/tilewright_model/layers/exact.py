"""The reference's layers: integers and float64, every step by itself. ``docs/network_format.md`` defines the steps.

They give the same bits whatever the device, the number of threads and the batch: accumulators are exact integers, and
everything after them is elementwise. PyTorch's eager kernels keep z * A and z + B apart; a compiler may fuse them into
one rounding, so these modules are not for ``torch.compile``.
"""

import math
from abc import abstractmethod
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from tilewright_model.layers.quantisers import exact_codes

# float64 holds every integer of so many bits
FLOAT64_BITS = 53

#: float32 holds every integer of at most this magnitude
FLOAT32_EXACT = 2**24

Module = TypeVar("Module", bound="ExactModule")


class ExactModule(nn.Module):
    """Part of the reference."""

    def exact(self: Module) -> Module:
        """Itself: ``exact`` of the trainable modules gives one of these."""
        return self


class ExactLayer(ExactModule):
    """A quantiser and a sum of its codes, times ``scale``.

    Args:
        scale: s.
        alpha: the quantiser's clipping value, float64 () on the layer's device.
        levels: its largest code.
        lowest: its lower clamp of x / alpha.
    """

    alpha: Tensor

    def __init__(self, scale: float, alpha: Tensor, levels: int, lowest: float = -math.inf) -> None:
        super().__init__()
        self.register_buffer("alpha", alpha)
        self.scale, self.levels, self.lowest = scale, levels, lowest

    def codes(self, x: Tensor) -> Tensor:
        """Codes of the layer's input: float64 integers, x's shape."""
        return exact_codes(x, self.alpha, self.levels, self.lowest)

    def scale_of_codes(self) -> float:
        """The step between two codes of its input: alpha / levels."""
        return float(self.alpha) / self.levels

    @abstractmethod
    def accumulators(self, codes: Tensor) -> Tensor:
        """Exact sums of the codes (n, ic, h, w): float64 integers (n, oc, oh, ow)."""

    def scaled(self, accumulators: Tensor) -> Tensor:
        """y = acc * s: float64, same shape."""
        return accumulators * self.scale

    def forward(self, x: Tensor) -> Tensor:
        """float (n, ic, h, w) to float64 (n, oc, oh, ow)."""
        return self.scaled(self.accumulators(self.codes(x)))


class ExactConv2d(ExactLayer):
    """Convolution of codes.

    Args:
        weights: int8 (oc, ic, kh, kw).
        weight_levels: their largest magnitude.
        stride, padding, dilation, groups: as of ``torch.nn.functional.conv2d``.
        scale, alpha, levels, lowest: as of ``ExactLayer``.
    """

    weights: Tensor

    def __init__(
        self,
        weights: Tensor,
        weight_levels: int,
        stride: tuple[int, ...],
        padding: tuple[int, ...] | str,
        dilation: tuple[int, ...] = (1, 1),
        groups: int = 1,
        *,
        scale: float,
        alpha: Tensor,
        levels: int,
        lowest: float = -math.inf,
    ) -> None:
        super().__init__(scale, alpha, levels, lowest)
        self.register_buffer("weights", weights)
        self.weight_levels = weight_levels
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.weight_sum = int(weights.long().abs().sum((1, 2, 3)).max())

    @property
    def in_channels(self) -> int:
        """Input channels, of all groups."""
        return int(self.weights.shape[1]) * self.groups

    def kernel_padding_dilation(self) -> tuple[tuple[int, ...], ...]:
        """A pair of each; a padding that is a word is none."""
        assert not isinstance(self.padding, str)
        return tuple(self.weights.shape[2:]), self.padding, self.dilation

    def accumulators(self, codes: Tensor) -> Tensor:
        """The codes' convolution.

        On a CPU in float32 where no partial sum can leave its integers, through oneDNN's direct convolution or im2col:
        NNPACK's Winograd would not be exact. Elsewhere in float64, rounded in case that cuDNN takes an FFT.

        Args:
            codes: (n, ic, h, w), of any type.

        Returns:
            Integers (n, oc, oh, ow) as float.
        """
        if codes.device.type == "cpu" and self.weight_sum * int(codes.abs().max()) < FLOAT32_EXACT:
            with torch.backends.nnpack.flags(enabled=False), torch.autocast("cpu", enabled=False):
                return self._convolved(codes.float()).double()
        return self._convolved(codes.double()).round_()

    def _convolved(self, codes: Tensor) -> Tensor:
        weights = self.weights.to(codes.dtype)
        return functional.conv2d(codes, weights, None, self.stride, self.padding, self.dilation, self.groups)


class ExactAverage(ExactLayer):
    """Sums of the codes in windows of ``kernel``; ``scale`` divides by their number."""

    def __init__(
        self, kernel: tuple[int, int], stride: tuple[int, int], *, scale: float, alpha: Tensor, levels: int
    ) -> None:
        super().__init__(scale, alpha, levels)
        self.kernel, self.stride = kernel, stride

    def kernel_padding_dilation(self) -> tuple[tuple[int, ...], ...]:
        """A pair of each."""
        return self.kernel, (0, 0), (1, 1)

    def accumulators(self, codes: Tensor) -> Tensor:
        """The sums of the windows' codes."""
        return functional.avg_pool2d(codes.double(), self.kernel, self.stride, divisor_override=1)


class ExactIdentity(ExactLayer):
    """The codes themselves: a quantiser alone."""

    def accumulators(self, codes: Tensor) -> Tensor:
        """The codes, as float64."""
        return codes.double()


class ExactBatchNorm2d(ExactModule):
    """z = y * scale, then z = z + shift, per channel; both float64 (c,)."""

    scale: Tensor
    shift: Tensor

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, y: Tensor) -> Tensor:
        """float64 (n, c, h, w) to the same."""
        return (y * self.scale.view(-1, 1, 1)).add_(self.shift.view(-1, 1, 1))


class ExactLinear(ExactModule):
    """Scores whose products and sums are exact, whatever their order, then the bias.

    Weights and each image's inputs are rounded to so many bits of the largest that no sum exceeds 53.

    Args:
        weight: float64 (out, in).
        bias: float64 (out,).
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """float (n, in) to float64 (n, out)."""
        x = x.double()
        bits = (FLOAT64_BITS - (self.weight.shape[1] - 1).bit_length()) // 2
        scale = power_of_two(self.weight.abs().max(), bits)
        scales = power_of_two(x.abs().amax(1, keepdim=True), bits)
        sums = (x * scales).round() @ (self.weight * scale).round().t()
        return sums / (scales * scale) + self.bias


def power_of_two(largest: Tensor, bits: int) -> Tensor:
    """What makes numbers up to a magnitude, once they are rounded, integers of so many bits: float64, its shape."""
    exponents = torch.frexp(largest).exponent
    return torch.ldexp(torch.ones_like(largest), bits - exponents)
