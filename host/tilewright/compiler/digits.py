"""Integers wider than the array's weights as signed digits of 16, for Horner's scheme."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def digit(values: npt.NDArray[Any], level: int) -> npt.NDArray[np.int8]:
    """One digit, -8..7, of each of some integers.

    Args:
        values: signed integers.
        level: of the digit, which counts 16 ** level times.

    Returns:
        int8, the same shape.
    """
    rest = values.astype(np.int64)
    for _ in range(level):
        rest = (rest + 8) >> 4
    digits: npt.NDArray[np.int8] = ((rest + 8 & 15) - 8).astype(np.int8)
    return digits


def levels(values: npt.NDArray[Any]) -> tuple[int, ...]:
    """Levels at which any of some integers has a digit other than 0, ascending."""
    found, rest = [], values.astype(np.int64)
    level = 0
    while rest.any():
        if ((rest + 8 & 15) != 8).any():
            found.append(level)
        rest, level = (rest + 8) >> 4, level + 1
    return tuple(found)
