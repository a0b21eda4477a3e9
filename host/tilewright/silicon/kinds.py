"""Where a figure comes from. Every figure of this package says it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Kind(str, Enum):
    """From the best to the weakest."""

    MEASURED = "measured"
    """A tool gave it of this very configuration: Yosys' netlist for 7-series."""
    ESTIMATED = "estimated"
    """A model gave it within what it has been compared with: the exact cycles, the fit of areas, the static report."""
    EXTRAPOLATED = "extrapolated"
    """A model gave it beyond that: another family of parts, a larger array, another stream."""

    @property
    def rank(self) -> int:
        """0 is the best."""
        return list(Kind).index(self)


@dataclass(frozen=True)
class Figure:
    """A number and where it comes from.

    Attributes:
        value: the number; its name says the unit.
        kind: where it comes from.
    """

    value: float
    kind: Kind

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"value": self.value, "kind": self.kind.value}


def weakest(*kinds: Kind) -> Kind:
    """The kind of a figure that follows from others."""
    return max(kinds, key=lambda kind: kind.rank)
