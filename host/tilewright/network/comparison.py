"""What every comparison of integers counts, of one layer or of a network, on the accelerator or in PyTorch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Differences that a report names; the rest is counted.
LISTED = 10


@dataclass
class Counts:
    """Integers that were compared; the names stand in every report's JSON.

    Attributes:
        compared: all of them.
        nonzero: of those expected, how many are not zero.
        mismatches: how many differ.
    """

    compared: int = 0
    nonzero: int = 0
    mismatches: int = 0

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.mismatches == 0

    def count(self, expected: Any, got: Any) -> Any:
        """Counts integers of equal shape, numpy's arrays or PyTorch's tensors.

        Args:
            expected: integers.
            got: integers of the same shape and kind.

        Returns:
            Where they differ: bool, of the same shape and kind.
        """
        differ = expected != got
        self.compared += math.prod(expected.shape)
        self.nonzero += int((expected != 0).sum())
        self.mismatches += int(differ.sum())
        return differ

    def include(self, other: Counts) -> None:
        """Adds what another comparison counted."""
        self.compared += other.compared
        self.nonzero += other.nonzero
        self.mismatches += other.mismatches


def listing(mismatches: int, listed: Sequence[object]) -> list[str]:
    """Lines for the differences that a report names, and one for those that it only counts."""
    lines = [f"  {mismatch}" for mismatch in listed]
    more = mismatches - len(listed)
    return [*lines, f"  and {more} more"] if more else lines
