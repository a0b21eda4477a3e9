"""The rule that every sum fits its accumulator."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.hardware.parameters import ArrayParameters


def overflow(low: npt.NDArray[Any], high: npt.NDArray[Any], array: ArrayParameters) -> str | None:
    """What is wrong with sums that an accumulator does not hold.

    The last sum alone counts: accumulators wrap around, so that a partial sum beyond them does no harm. The smallest
    sum that they hold, -acc_max - 1, is not used.

    Args:
        low, high: smallest and largest sum of each output channel, int64 (oc,).
        array: parameters of the accelerator.

    Returns:
        The worst channel, what it reaches and what an accumulator holds; None where all fit.
    """
    worst = int(np.maximum(-low, high).argmax())
    sums = int(high[worst]) if high[worst] >= -low[worst] else int(low[worst])
    if abs(sums) <= array.acc_max:
        return None
    return (
        f"a sum of output channel {worst} can reach {sums}, an accumulator of {array.acc_w} bits holds "
        f"{-array.acc_max}..{array.acc_max}"
    )
