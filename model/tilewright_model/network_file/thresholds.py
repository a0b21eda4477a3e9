"""Integer thresholds by binary search of the reference's own float64 function."""

from collections.abc import Sequence

import torch
from torch import Tensor

from tilewright.network.shape import ALWAYS, NEVER
from tilewright_model.layers.exact import ExactAverage, ExactConv2d
from tilewright_model.layers.exact_sum import ExactSum
from tilewright_model.networks.stage import Exact, Stage


def reachable_sums(layer: Exact, ends: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Smallest and largest accumulator of each output channel of a layer, whatever it adds up.

    Args:
        layer: the layer.
        ends: for each map that it reads, int64 (ic,) each, the extreme codes of each of its input channels.

    Returns:
        int64 (oc,) each.
    """
    if not isinstance(layer, ExactSum):
        return reachable(layer, *ends[0])
    low, high = (end * 16**layer.raised for end in reachable(layer.own, *ends[0]))
    for part, (lowest, highest) in zip(layer.adds, ends[1:], strict=True):
        least, most = reachable(part, lowest, highest)
        low, high = low + least, high + most
    return low, high


def reachable(layer: Exact, lowest: Tensor, highest: Tensor) -> tuple[Tensor, Tensor]:
    """Smallest and largest sum of each output channel; padding adds the code 0.

    Args:
        layer: a convolution or an average.
        lowest, highest: int64 (ic,), the extreme codes of each input channel.

    Returns:
        int64 (oc,) each.
    """
    if isinstance(layer, ExactAverage):
        positions = layer.kernel[0] * layer.kernel[1]
        return lowest * positions, highest * positions
    assert isinstance(layer, ExactConv2d)
    weights = layer.weights.cpu().long()
    low, high = (
        ends.view(layer.groups, -1, 1, 1).repeat_interleave(len(weights) // layer.groups, 0)
        for ends in (lowest.clamp(max=0), highest.clamp(min=0))
    )
    products = weights * low, weights * high
    return torch.minimum(*products).sum((1, 2, 3)), torch.maximum(*products).sum((1, 2, 3))


def find_thresholds(stage: Stage, low: Tensor, high: Tensor, levels: int) -> tuple[Tensor, Tensor]:
    """A layer's thresholds: a channel's code is the number of k with t_k <= acc, or, where falling, t_k <= -acc.

    Args:
        stage: the layer.
        low, high: the extreme accumulators of each output channel, int64 (oc,).
        levels: the next layer's largest code.

    Returns:
        int32 (oc, levels), ascending, and falling, bool (oc,); on the CPU.
    """
    falling = torch.zeros_like(low, dtype=torch.bool) if stage.norm is None else stage.norm.exact().scale.cpu() < 0
    sign = torch.where(falling, -1, 1).view(-1, 1)
    bottom, top = (torch.where(falling, -a, b).view(-1, 1) for a, b in ((high, low), (low, high)))
    wanted = torch.arange(1, levels + 1).view(1, -1)
    left, right = bottom.expand(-1, levels), top.expand(-1, levels) + 1
    while bool((left < right).any()):
        middle = torch.div(left + right, 2, rounding_mode="floor")
        reached = _codes(stage, middle * sign) >= wanted
        left, right = torch.where(reached, left, middle + 1).minimum(right), torch.where(reached, middle, right)
    thresholds = torch.where(left > top, NEVER, torch.where(left == bottom, ALWAYS, left))
    return thresholds.to(torch.int32), falling


def _codes(stage: Stage, accumulators: Tensor) -> Tensor:
    """int64 (oc, n) to the codes that the reference makes of them, float64 (oc, n) on the CPU."""
    on_device = accumulators.to(stage.exact.alpha.device)
    return stage.codes(on_device[None, :, :, None])[0, :, :, 0].cpu()
