"""Terms that are added before a quantiser, as one sum of integers (docs/decisions/0045)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tilewright.network.operand import WEIGHT_LIMIT
from tilewright.network.shape import MAX_RAISED
from tilewright_model.layers.exact import ExactAverage, ExactBatchNorm2d, ExactConv2d, ExactLayer
from tilewright_model.layers.exact_sum import ExactSum
from tilewright_model.networks.stage import Norm, Source, Term

#: accumulators are signed numbers of 28 bits
REACH = 2**27 - 1
#: largest rounding of what is added, as a share of what the own sums can be, for which no more digits are spent
ROUNDING = 2**-12
#: what the largest of several factors becomes where the own convolution is dropped, the first that fits
DEAD_FACTORS = (4096, 256, 16, 1)


@dataclass(frozen=True)
class Compiled:
    """A stage's integers.

    Attributes:
        exact: the sums.
        norm: batch-norm behind them.
        sources: what each of their convolutions reads.
    """

    exact: ExactConv2d | ExactAverage | ExactSum
    norm: Norm | None
    sources: tuple[Source, ...]


def compiled(terms: Sequence[Term], norm: Norm | None) -> Compiled:
    """One term, or several that are added up.

    Args:
        terms: the terms.
        norm: batch-norm behind the addition, of which then no term has one.
    """
    if len(terms) > 1:
        return _added(terms, norm)
    (term,) = terms
    (own, source), *others = _split(term)
    if not others:
        return Compiled(own, norm_of(term), (source,))
    assert isinstance(own, ExactConv2d)
    adds = [exact for exact, _ in others if isinstance(exact, ExactConv2d)]
    return Compiled(ExactSum(own, 0, adds), norm_of(term), (source, *(other for _, other in others)))


def norm_of(term: Term) -> Norm | None:
    """A term's batch-norm, its layer's bias folded in."""
    bias = getattr(term.module, "bias", None) if term.biased else None
    if bias is None:
        return term.norm
    shift = bias.detach().double()
    if term.norm is None:
        return ExactBatchNorm2d(torch.ones_like(shift), shift)
    norm = term.norm.exact()
    return ExactBatchNorm2d(norm.scale, shift * norm.scale + norm.shift)


def weight_count(term: Term) -> int:
    """How many weights a term has; a map as it is and an average have none."""
    return 0 if term.mapped or not isinstance(term.exact, ExactConv2d) else term.exact.weights.numel()


def as_convolution(exact: ExactConv2d | ExactAverage, channels: int) -> ExactConv2d:
    """The sums of an average as those of a convolution of ones; a convolution as it is."""
    if isinstance(exact, ExactConv2d):
        return exact
    ones = torch.ones(channels, 1, *exact.kernel, dtype=torch.int8, device=exact.alpha.device)
    return convolution_of_ones(ones, exact.scale, exact, exact.stride)


def convolution_of_ones(
    ones: Tensor, scale: float, quantiser: ExactLayer, stride: tuple[int, ...] = (1, 1)
) -> ExactConv2d:
    """Sums of each channel by itself.

    Args:
        ones: int8 (c, 1, kernel height, kernel width).
        scale: of a sum.
        quantiser: of the codes.
        stride: of both directions.
    """
    return ExactConv2d(
        ones,
        1,
        stride,
        (0, 0),
        groups=len(ones),
        scale=scale,
        alpha=quantiser.alpha,
        levels=quantiser.levels,
    )


def changed(
    exact: ExactConv2d, weights: Tensor, stride: int = 1, groups: int | None = None, levels: int | None = None
) -> ExactConv2d:
    """A convolution with other weights, of every so many rows and columns.

    Args:
        exact: the convolution.
        weights: integers (oc, ic / groups, kh, kw).
        stride: what its own is multiplied with.
        groups: of the weights; None: as they were.
        levels: the weights' largest magnitude; None: as it was.
    """
    return ExactConv2d(
        weights,
        exact.weight_levels if levels is None else levels,
        tuple(step * stride for step in exact.stride),
        exact.padding,
        exact.dilation,
        exact.groups if groups is None else groups,
        scale=exact.scale,
        alpha=exact.alpha,
        levels=exact.levels,
        lowest=exact.lowest,
    )


def _split(term: Term) -> list[tuple[ExactConv2d | ExactAverage, Source]]:
    """A term's integers, a convolution for each map that it reads."""
    exact, (first, *others) = term.exact, term.pieces
    if not others and first.channels == term.channels:
        if isinstance(exact, ExactConv2d) and first.stride > 1:
            exact = changed(exact, exact.weights, first.stride)
        return [(exact, Source(first.source, first.first_channel))]
    assert isinstance(exact, ExactConv2d)
    weights = exact.weights
    if exact.groups > 1:  # a map as it is
        weights = torch.diag_embed(weights.flatten())[:, :, None, None]
    parts: list[tuple[ExactConv2d | ExactAverage, Source]] = []
    for piece in term.pieces:
        part = weights[:, piece.at : piece.at + piece.channels].contiguous()
        parts.append((changed(exact, part, piece.stride, 1), Source(piece.source, piece.first_channel)))
    return parts


class _Addend:
    """A term that is added: its convolutions, its factor in steps of the own sums, its sums' extremes."""

    def __init__(self, term: Term, own_scale: float) -> None:
        self.parts, self.sources = _convolutions(term)
        self.scale, self.shift = _constants(term, len(self.parts[0].weights))
        self.factor = self.scale * (self.parts[0].scale / own_scale)
        self.low, self.high = _reach(self.parts)

    def reach(self, multipliers: Tensor) -> tuple[Tensor, Tensor]:
        """Extremes of the sums times int64 (oc,)."""
        ends = multipliers * self.low, multipliers * self.high
        return torch.minimum(*ends), torch.maximum(*ends)

    def largest(self) -> Tensor:
        """The largest magnitude of a weight: int64 (oc,)."""
        return torch.stack([part.weights.long().abs().amax((1, 2, 3)) for part in self.parts]).amax(0)


@dataclass
class _Plan:
    """Multipliers for one power of 16, of each addend int64 (oc,); which channels keep their own sums."""

    raised: int
    multipliers: list[Tensor]
    alive: Tensor
    #: largest error in steps of the own sums and, in the same order of channels, in values; largest own sum
    steps: Tensor
    furthest: Tensor
    values: Tensor


def _added(terms: Sequence[Term], norm: Norm | None) -> Compiled:
    place = max(range(len(terms)), key=lambda index: weight_count(terms[index]))
    (own, *more), sources = _convolutions(terms[place])
    scale, shift = _constants(terms[place], len(own.weights))
    addends = [_Addend(term, own.scale) for index, term in enumerate(terms) if index != place]
    plan = _best([_plan(raised, [own, *more], scale, addends) for raised in range(MAX_RAISED + 1)])
    scale = _bury(plan, scale, addends)
    device = own.weights.device
    own = changed(own, own.weights * plan.alive.to(own.weights).view(-1, 1, 1, 1))
    raised = 16**plan.raised * plan.alive.long()
    adds = [_multiplied(part, raised) for part in more]
    for addend, multipliers in zip(addends, plan.multipliers, strict=True):
        adds += [_multiplied(part, multipliers) for part in addend.parts]
        sources += addend.sources
        shift = shift + addend.shift
    scale, shift = scale.to(device), shift.to(device)
    constants: Norm | None = ExactBatchNorm2d(scale, shift)
    if bool((scale == 1).all()) and bool((shift == 0).all()):
        constants = None
    if norm is not None:
        behind = norm.exact()
        constants = ExactBatchNorm2d(behind.scale * scale, behind.shift + shift * behind.scale)
    return Compiled(ExactSum(own, plan.raised, adds), constants, tuple(sources))


def _convolutions(term: Term) -> tuple[list[ExactConv2d], list[Source]]:
    parts = _split(term)
    return [as_convolution(exact, term.channels) for exact, _ in parts], [source for _, source in parts]


def _constants(term: Term, channels: int) -> tuple[Tensor, Tensor]:
    """A and B of z = y * A + B, float64 (oc,) on the CPU."""
    norm = norm_of(term)
    if norm is None:
        return torch.ones(channels, dtype=torch.float64), torch.zeros(channels, dtype=torch.float64)
    constants = norm.exact()
    return constants.scale.cpu(), constants.shift.cpu()


def _reach(parts: Sequence[ExactConv2d]) -> tuple[Tensor, Tensor]:
    """Smallest and largest sum of codes that are not negative: int64 (oc,)."""
    ends = [
        part.levels * part.weights.cpu().long().clamp(*limits).sum((1, 2, 3))
        for limits in ((None, 0), (0, None))
        for part in parts
    ]
    return sum(ends[: len(parts)], torch.zeros(())).long(), sum(ends[len(parts) :], torch.zeros(())).long()


def _plan(raised: int, own: Sequence[ExactConv2d], scale: Tensor, addends: Sequence[_Addend]) -> _Plan:
    low, high = (end * 16**raised for end in _reach(own))
    furthest = torch.maximum(high, -low) // 16**raised
    rounding = torch.zeros_like(scale)
    fits = torch.ones_like(scale, dtype=torch.bool)
    multipliers = []
    for addend in addends:
        wanted = torch.where(addend.factor == 0, torch.zeros_like(scale), addend.factor / scale * 16**raised)
        within = wanted.abs() * addend.largest().cpu() < WEIGHT_LIMIT - 1
        rounded = torch.where(within, wanted, torch.zeros_like(wanted)).round().long()
        least, most = addend.reach(rounded)
        low, high, fits = low + least, high + most, fits & within
        span = torch.maximum(addend.high, -addend.low)
        rounding = rounding + torch.where(within, (rounded - wanted).abs(), 0) * span / 16**raised
        multipliers.append(rounded)
    alive = fits & (low >= -REACH) & (high <= REACH)
    steps = torch.where(alive, rounding, furthest.double())
    return _Plan(raised, multipliers, alive, steps, furthest, steps * scale.abs())


def _best(plans: Sequence[_Plan]) -> _Plan:
    """The smallest power of 16 that rounds finely enough; else the one with the smallest largest error."""
    for plan in plans:
        fine = (plan.steps <= plan.furthest * ROUNDING) | ~plan.alive
        if bool((plan.alive | ~plans[0].alive).all()) and bool(fine.all()):
            return plan
    return min(plans, key=lambda plan: float(plan.values.nan_to_num(0).max()))


def _bury(plan: _Plan, scale: Tensor, addends: Sequence[_Addend]) -> Tensor:
    """Multipliers of channels whose own sums are dropped, in place, and every channel's A."""
    factors = torch.stack([addend.factor for addend in addends])
    largest = factors.abs().amax(0)
    shares = torch.where(largest > 0, factors / largest, torch.zeros_like(factors)).nan_to_num(0)
    for channel in (~plan.alive).nonzero().flatten().tolist():
        candidates = DEAD_FACTORS if len(addends) > 1 else (16**plan.raised, 1)
        multiplier = next(each for each in candidates if _fits(addends, shares[:, channel] * each, channel))
        for index, addend_multipliers in enumerate(plan.multipliers):
            addend_multipliers[channel] = round(float(shares[index, channel]) * multiplier)
        largest[channel] *= 16**plan.raised / multiplier
    return torch.where(plan.alive, scale, largest)


def _fits(addends: Sequence[_Addend], multipliers: Tensor, channel: int) -> bool:
    spans = [max(int(addend.high[channel]), -int(addend.low[channel])) for addend in addends]
    widest = max(abs(float(m)) * int(a.largest()[channel]) for a, m in zip(addends, multipliers, strict=True))
    reach = sum(abs(float(m)) * span for m, span in zip(multipliers, spans, strict=True))
    return (reach <= REACH and widest < WEIGHT_LIMIT) or bool((multipliers.abs() <= 1).all())


def _multiplied(exact: ExactConv2d, multipliers: Tensor) -> ExactConv2d:
    """A convolution whose weights are multiplied by int64 (oc,)."""
    weights = exact.weights.long() * multipliers.to(exact.weights.device).view(-1, 1, 1, 1)
    return changed(exact, weights.to(torch.int32), levels=max(1, int(weights.abs().max())))
