"""A linear layer as docs/network_format.md defines it, in Python's integers."""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


def exact_linear(x: NDArray[np.float64], weight: NDArray[np.float64], bias: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 (images, in) by (out, in) and (out,) to (images, out)."""
    bits = (53 - math.ceil(math.log2(weight.shape[1]))) // 2
    weights, back = integers(weight.reshape(-1), bits)
    rows = [weights[first : first + weight.shape[1]] for first in range(0, len(weights), weight.shape[1])]
    scores = np.empty((len(x), len(weight)))
    for image, values in enumerate(x):
        inputs, scale = integers(values, bits)
        for output, row in enumerate(rows):
            total = sum(a * b for a, b in zip(inputs, row, strict=True))
            assert abs(total) <= 1 << 53
            scores[image, output] = float(total * back * scale) + float(bias[output])
    return scores


def integers(values: NDArray[np.float64], bits: int) -> tuple[list[int], Fraction]:
    """The integers of some numbers, and what one of them is worth."""
    exponent = math.frexp(max(map(abs, values.tolist())))[1]
    worth = Fraction(2) ** (exponent - bits)
    return [round(Fraction(value) / worth) for value in values.tolist()], worth
