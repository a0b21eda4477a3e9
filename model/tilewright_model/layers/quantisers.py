"""The notebook's weight and activation quantisers, forward and backward.

Both scale by the float32 reciprocal of the number of levels, as the notebook's saved tensors were (a GPU divides by a
scalar so), and CPU and GPU give the same bits. ``torch.round`` rounds halves to even. Formulas: the course's notebook.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn


def signed_levels(bits: int) -> int:
    """Largest code of a symmetric signed quantiser: 2^(bits-1) - 1 (7 for 4 bits)."""
    return int(2 ** (bits - 1) - 1)


def unsigned_levels(bits: int) -> int:
    """Largest code of an unsigned quantiser: 2^bits - 1 (15 for 4 bits)."""
    return int(2**bits - 1)


@torch.no_grad()
def mean_and_deviation(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and unbiased standard deviation of a whole tensor.

    Of float32 they have the same bits wherever computed (docs/decisions/0017): a sum of floats depends on its order, so
    on threads and device, but the sums here are exact, and all else is elementwise. The variance is rounded to float32
    before the root: libraries' float64 roots differ in the last bit, which then does not reach the float32 result.

    Returns:
        Both () of the tensor's dtype; the deviation is NaN if all values are equal.
    """
    values = weight.double()
    count = torch.full((), weight.numel(), dtype=torch.float64, device=weight.device)  # a GPU divides by tensors alone
    wide = torch.promote_types(weight.dtype, torch.float32)
    mean = _sum(values) / count
    variance = _sum((values - mean).square_()) / (count - 1)
    return mean.to(weight.dtype), variance.to(wide).double().sqrt().to(weight.dtype)


def _sum(values: Tensor) -> Tensor:
    """The sum of float64 values, float64 (): of whole multiples of a step so large that no partial sum is rounded."""
    step = values.abs().max() / 2.0 ** (53 - values.numel().bit_length())
    return (values / step).round_().sum() * step


def normalised_weight(weight: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
    """z = ((w - mean) / std) / alpha over the whole tensor, and std, by ``mean_and_deviation``."""
    mean, deviation = mean_and_deviation(weight)
    return (weight - mean) / deviation / alpha, deviation


def dequantise(codes: Tensor, alpha: Tensor, levels: int) -> Tensor:
    """codes * float32(1/levels) * alpha."""
    return codes * (1.0 / levels) * alpha


def exact_codes(x: Tensor, alpha: Tensor, levels: int, lowest: float) -> Tensor:
    """The reference's quantiser: round_half_even(levels * clamp(x / alpha, lowest, 1)).

    Args:
        x: float of any shape.
        alpha: float64 () on x's device: a GPU divides by a tensor, but multiplies by the reciprocal of a number.
        levels: the largest code.
        lowest: lower clamp of x / alpha.

    Returns:
        Codes, float64 of x's shape.
    """
    return (x.double() / alpha).clamp_(lowest, 1.0).mul_(levels).round_()


def step_gradient(gradient: Tensor, u: Tensor, clamped: Tensor, levels: int, count: int) -> Tensor:
    """Gradient of alpha, 0-d, so that a step alpha / n moves as a learned step size does.

    That is (arXiv 1902.08153, equation 3 and section 2.2) the sum of g (round(n c) - n c) within the range and of g n c
    outside, c being u clamped to it, over sqrt(count n); alpha = n step takes n of it.

    Args:
        gradient: g, of the quantised values.
        u: values / alpha, same shape.
        clamped: c, same shape.
        levels: n, the largest code.
        count: weights of the layer, or inputs an image.
    """
    scaled = clamped * levels
    slope = torch.where(u == clamped, torch.round(scaled) - scaled, scaled)
    return (gradient * slope).sum() * levels / math.sqrt(count * levels)


class QuantiseWeight(torch.autograd.Function):
    """w_q = round(n |c|) / n * sign(c) * alpha with c = clamp(z, -1, 1) and z = ``normalised_weight``.

    Backward: dw = g / std where |z| <= 1 (else 0), mean and std being constants; dalpha = sum of g sign(z) where
    |z| > 1, and with ``learned_step`` what ``step_gradient`` says.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, alpha: Tensor, levels: int, learned_step: bool) -> Tensor:
        """float (any shape), 0-d float and the largest code to quantised float of the same shape."""
        z, deviation = normalised_weight(weight, alpha)
        ctx.save_for_backward(z, deviation)
        ctx.levels, ctx.learned_step = levels, learned_step
        clamped = z.clamp(-1, 1)
        return dequantise(torch.round(clamped.abs() * levels) * clamped.sign(), alpha, levels)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """Gradients of the input (its shape), alpha (0-d) and the settings (none)."""
        (gradient,) = gradients
        z, deviation = ctx.saved_tensors
        outside = z.abs() > 1
        inner = gradient.masked_fill(outside, 0) / deviation
        if ctx.learned_step:
            return inner, step_gradient(gradient, z, z.clamp(-1, 1), ctx.levels, z.numel()), None, None
        return inner, (gradient * z.sign() * outside).sum(), None, None


class QuantiseActivation(torch.autograd.Function):
    """x_q = round(n min(u, 1)) / n * alpha with u = x / alpha; no lower clamp.

    Backward: dx = g where u <= 1 (else 0); dalpha = sum of g where u > 1, and with ``learned_step`` what
    ``step_gradient`` says.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: Tensor, levels: int, learned_step: bool) -> Tensor:
        """float (any shape), 0-d float and the largest code to quantised float of the same shape."""
        u = x / alpha
        ctx.save_for_backward(u if learned_step else u > 1)
        ctx.levels, ctx.learned_step = levels, learned_step
        return dequantise(torch.round(u.clamp(max=1) * levels), alpha, levels)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        """Gradients of the input (its shape), alpha (0-d) and the settings (none)."""
        (gradient,) = gradients
        (saved,) = ctx.saved_tensors
        if ctx.learned_step:
            inner = gradient.masked_fill(saved > 1, 0)
            return inner, step_gradient(gradient, saved, saved.clamp(max=1), ctx.levels, saved[0].numel()), None, None
        return gradient.masked_fill(saved, 0), (gradient * saved).sum(), None, None


class WeightQuantiser(nn.Module):
    """Signed weight quantiser with a learned clipping value wgt_alpha (0-d, in standard deviations, starts at 3)."""

    def __init__(self, bits: int = 4, alpha: float = 3.0) -> None:
        super().__init__()
        self.levels = signed_levels(bits)
        self.learned_step = False
        self.wgt_alpha = nn.Parameter(torch.tensor(alpha))

    def forward(self, weight: Tensor) -> Tensor:
        """Quantised weights, same shape and dtype."""
        quantised: Tensor = QuantiseWeight.apply(weight, self.wgt_alpha, self.levels, self.learned_step)
        return quantised


class ActivationQuantiser(nn.Module):
    """Unsigned quantiser of ``bits`` bits; the clipping value is the caller's, as in the notebook."""

    #: lower clamp of x / alpha
    lowest = -math.inf

    def __init__(self, bits: int = 4) -> None:
        super().__init__()
        self.levels = unsigned_levels(bits)
        self.learned_step = False

    def forward(self, x: Tensor, alpha: Tensor) -> Tensor:
        """Quantised activations, same shape and dtype as ``x``; ``alpha`` is 0-d."""
        quantised: Tensor = QuantiseActivation.apply(x, alpha, self.levels, self.learned_step)
        return quantised


class ImageQuantiser(nn.Module):
    """Signed quantiser of a normalised image to ``bits`` bits over a fixed range; it learns nothing."""

    lowest = -1.0

    def __init__(self, bits: int = 8) -> None:
        super().__init__()
        self.levels = signed_levels(bits)

    def forward(self, x: Tensor, alpha: Tensor) -> Tensor:
        """round(n clamp(x / alpha, -1, 1)) / n * alpha, same shape and dtype as ``x``; ``alpha`` is 0-d."""
        return dequantise(torch.round((x / alpha).clamp(-1, 1) * self.levels), alpha, self.levels)
