"""Linear layers whose products and sums are exact, whatever their order (``docs/network_format.md``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# float64 holds every integer of so many bits
_FLOAT64_BITS = 53


@dataclass(frozen=True)
class Factors:
    """What a linear layer's inputs are multiplied with.

    Attributes:
        weight: float64 (in, out), integers: the weights times ``scale``, rounded.
        scale: a power of two.
        bits: of the weights' magnitude, and of the inputs': no sum of products exceeds 53.
        bias: float64 (out,).
    """

    weight: npt.NDArray[np.float64]
    scale: float
    bits: int
    bias: npt.NDArray[np.float64]

    @classmethod
    def of(cls, weight: npt.NDArray[np.float64], bias: npt.NDArray[np.float64]) -> Factors:
        """Of a layer.

        Args:
            weight: float64 (out, in).
            bias: float64 (out,).
        """
        bits = (_FLOAT64_BITS - (weight.shape[1] - 1).bit_length()) // 2
        scale = float(scale_of(np.abs(weight).max(initial=0.0), bits))
        return cls(np.ascontiguousarray(np.rint(weight * scale).T), scale, bits, bias)


def scale_of(largest: npt.NDArray[np.float64] | float, bits: int) -> Any:
    """The power of two by which numbers become integers of so many bits once they are rounded.

    Args:
        largest: their largest magnitude, of any shape.
        bits: of the integers; the largest may be 2 ** bits.

    Returns:
        float64, the shape of ``largest``.
    """
    return np.ldexp(1.0, bits - np.frexp(largest)[1])
