"""Names for the ways in which a wrong sum is wrong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.stimulus.defects import DefectName
from tilewright.stimulus.geometry import SUM_BITS, Ints

_SIGN = 1 << (SUM_BITS - 1)


def remark(in_file: int, computed: int) -> tuple[DefectName, str] | None:
    """Names how a sum of a file differs from the right one.

    Args:
        in_file: the file's integer.
        computed: the right one.

    Returns:
        The name and the words; None where the difference has no name.
    """
    if computed <= 0 and in_file == -_SIGN - computed:
        if computed == 0:
            return DefectName.MINUS_ZERO, "0x8000 stands where 0 belongs (minus zero)"
        return DefectName.SIGN_MAGNITUDE, "sign and magnitude, not two's complement"
    if abs(in_file - computed) == 1:
        return DefectName.OFF_BY_ONE, "off by one (LSB)"
    return None


def have_names(in_file: Ints, computed: Ints) -> npt.NDArray[np.bool_]:
    """Which sums differ in a way that :func:`remark` names."""
    named: npt.NDArray[np.bool_] = (computed <= 0) & (in_file == -_SIGN - computed) | (abs(in_file - computed) == 1)
    return named
