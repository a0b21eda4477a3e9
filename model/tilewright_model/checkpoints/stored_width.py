"""The width of a layer's weights, read off the quantised weights that the notebook's family saves beside them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tilewright_model.layers.quantisers import normalised_weight, signed_levels

WIDEST = 8
#: relative error of k/n * alpha in float32, three roundings, with room to spare
ROUNDING = 2.0**-21


@dataclass(frozen=True)
class StoredWidth:
    """What `weight_q` says; None where it says nothing.

    Attributes:
        bits: the width.
        differing: how many of its integers are not the recomputed ones.
        status: the same in words.
    """

    bits: int | None
    differing: int | None
    status: str


class ForeignWeights(Exception):
    """`weight_q` is not of the notebook's quantiser; the message says why."""


def stored_width(weight: Tensor, weight_q: Tensor | None, alpha: Tensor) -> StoredWidth:
    """The width that `weight_q` was quantised to, and whether `weight` gives the same integers.

    Args:
        weight: float32 (oc, ic, kh, kw).
        weight_q: float32 of the same shape, or None.
        alpha: wgt_alpha, float32 ().

    Returns:
        Of several widths that fit, the one whose recomputation is equal, else the smallest.

    Raises:
        ForeignWeights: no width of 2 to 8 bits fits.
    """
    if weight_q is None:
        return StoredWidth(None, None, "no weight_q: width assumed")
    if not bool(weight_q.any()):
        return StoredWidth(None, None, "weight_q zero: width assumed")
    if torch.equal(weight, weight_q):
        raise ForeignWeights(
            "weight is weight_q: the float weights are gone, as in the state dict of a packed checkpoint's network; "
            "use the packed checkpoint itself"
        )
    fitting, note = _fitting(weight_q, float(alpha)), ""
    if not fitting:
        # saved after a step of the optimiser: the largest code tells the clipping value before it
        saved = float(weight_q.abs().max())
        fitting = {bits: codes for bits, codes in _fitting(weight_q, saved).items() if _divisor(codes) == 1}
        note = f"weight_q is of wgt_alpha {saved:.6g}, not {float(alpha):.6g}; "
    if not fitting:
        raise ForeignWeights(_reason(weight_q, float(alpha)))
    z, _ = normalised_weight(weight, alpha)
    differences = {bits: _recomputed(z, bits) - codes for bits, codes in fitting.items()}
    bits = next((bits for bits, difference in differences.items() if not difference.any()), min(fitting))
    difference = differences[bits]
    return StoredWidth(bits, int(difference.count_nonzero()), note + _comparison(difference))


def _fitting(weight_q: Tensor, alpha: float, widths: range = range(2, WIDEST + 1)) -> dict[int, Tensor]:
    """The integers (float64) of each width at which all of weight_q are k / n * alpha with |k| <= n."""
    fitting = {}
    for bits in widths:
        few = _codes(weight_q.flatten()[:1000], alpha, signed_levels(bits))  # most widths fail here, at once
        codes = None if few is None else _codes(weight_q, alpha, signed_levels(bits))
        if codes is not None:
            fitting[bits] = codes
    return fitting


def _codes(weight_q: Tensor, alpha: float, levels: int) -> Tensor | None:
    codes = weight_q.double() / alpha * levels
    nearest = codes.round()
    fits = bool(((codes - nearest).abs() <= levels * ROUNDING).all()) and int(nearest.abs().max()) <= levels
    return nearest if fits else None


def _divisor(codes: Tensor) -> int:
    """The greatest common divisor of all codes: 1 unless a wider step would do."""
    return int(np.gcd.reduce(codes.flatten().numpy().astype(np.int64)))


def _recomputed(z: Tensor, bits: int) -> Tensor:
    clamped = z.clamp(-1, 1)
    return torch.round(clamped.abs() * signed_levels(bits)).mul_(clamped.sign()).double()


def _comparison(difference: Tensor) -> str:
    count, largest = int(difference.count_nonzero()), int(difference.abs().max())
    if not count:
        return "equal"
    return f"{count} of {difference.numel()} integers differ, by {largest} at most"


def _reason(weight_q: Tensor, alpha: float) -> str:
    wider = _fitting(weight_q, alpha, range(WIDEST + 1, 17))
    if wider:
        return f"weight_q has {min(wider)} bits; at most {WIDEST} are covered"
    return (
        f"weight_q is no multiple k / n of wgt_alpha ({alpha:.6g}) for any width of 2 to {WIDEST} bits: another "
        "quantiser, or a stale weight_q, which may be left out of the file"
    )
