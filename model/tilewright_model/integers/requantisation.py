"""A layer's thresholds as an affine function of the accumulator, in the channels where the two are proved equal.

f(acc) = clamp(round(acc * slope + offset), 0, levels) never falls as acc grows, for the multiplication by a slope of at
least 0, the addition, the rounding and the clamp never do. So f(acc) >= k says the same as acc >= t_k for every
reachable accumulator if f(t_k - 1) < k <= f(t_k). PyTorch's in-place mul_ and add_ are kernels of their own, each
rounded by itself: the few accumulators that the proof evaluates stand for all others on that device.
"""

import torch
from torch import Tensor


class Requantisation:
    """Codes of 0..levels from sums that rise with them.

    Args:
        thresholds: int32 (oc, levels), ascending, on the sums' device as all others.
        lowest, highest: int64 (oc,), the smallest and largest sum of a channel.
        slope: float64 (oc,), codes a step of the sum, at least 0 (the thresholds decide, whatever it is).
        dtype: of the sums, which must hold highest + 1.

    Attributes:
        counted: int64 (m,), the channels for which no affine function was proved, and which count their thresholds.
    """

    def __init__(self, thresholds: Tensor, lowest: Tensor, highest: Tensor, slope: Tensor, dtype: torch.dtype) -> None:
        self.levels = thresholds.shape[1]
        lowest, highest = lowest.view(-1, 1), highest.view(-1, 1)
        # the same codes; NEVER becomes highest + 1, ALWAYS becomes lowest
        limits = torch.minimum(torch.maximum(thresholds.long(), lowest), highest + 1)
        self.slope = slope.to(dtype).view(-1, 1, 1)
        self.offset = _offsets(limits, lowest, highest, self.slope.double().view(-1, 1)).to(dtype).view(-1, 1, 1)
        proved = self._proved(limits, lowest, highest, dtype)
        self.counted = (~proved).nonzero().flatten()
        self.limits = limits[self.counted].to(dtype)

    def codes(self, sums: Tensor) -> Tensor:
        """Sums (n, oc, h, w), overwritten by their codes."""
        counted = sums[:, self.counted] if len(self.counted) else None
        codes = self._affine(sums)
        if counted is not None:
            codes[:, self.counted] = self._counts(counted)
        return codes

    def _affine(self, sums: Tensor) -> Tensor:
        return sums.mul_(self.slope).add_(self.offset).round_().clamp_(0, self.levels)

    def _counts(self, sums: Tensor) -> Tensor:
        """How many thresholds each sum (n, m, h, w) meets: the same shape and dtype."""
        counts = torch.zeros_like(sums)
        for limit in self.limits.unbind(1):
            counts += sums >= limit.view(-1, 1, 1)
        return counts

    def _proved(self, limits: Tensor, lowest: Tensor, highest: Tensor, dtype: torch.dtype) -> Tensor:
        """bool (oc,): where f has the code k from the threshold k on and, just below it, not yet."""
        wanted = torch.arange(1, self.levels + 1, device=limits.device)
        reached, below = (self._affine(t.to(dtype)[None, :, :, None])[0, :, :, 0] for t in (limits, limits - 1))
        from_there_on = (reached >= wanted) | (limits > highest)
        not_before = (below < wanted) | (limits == lowest)
        return (from_there_on & not_before & (self.slope.view(-1, 1) >= 0)).all(1)


def _offsets(limits: Tensor, lowest: Tensor, highest: Tensor, slope: Tensor) -> Tensor:
    """The middle of the offsets that put every threshold where it is: float64 (oc,).

    acc * slope + offset must reach k - 1/2 at the threshold k and not one accumulator earlier.
    """
    half = torch.arange(limits.shape[1], device=limits.device) + 0.5
    least = (half - limits * slope).masked_fill(limits > highest, -torch.inf).amax(1)
    most = (half - (limits - 1) * slope).masked_fill(limits == lowest, torch.inf).amin(1)
    least = torch.where(least.isinf(), most - 1, least)
    most = torch.where(most.isinf(), least + 1, most)
    return (least + most) / 2
