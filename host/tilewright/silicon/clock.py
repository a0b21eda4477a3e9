"""Clock: the static report's, +-25 %, and what it may be on UltraScale+."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tilewright.silicon.configuration import Configuration
from tilewright.silicon.kinds import Figure, Kind
from tilewright.silicon.parts import Family, Part
from tilewright.silicon.points import TimingPoint

# Of the static report
ERROR = 0.25
# One core, placed and routed by Vivado 2017.3 for both families, ns of the shortest clock period at like speed grades:
# 7-series and UltraScale+, of Kintex -2, Kintex -3, Virtex -2, Virtex -3
FASTER_SOURCE = (
    "README of YosysHQ/picorv32, commit d124abb, Timing on Xilinx 7-Series FPGAs: picorv32_axi, Vivado 2017.3, "
    "Kintex and Virtex, speed grades -2 and -3"
)
_PERIODS = ((2.4, 1.4), (2.2, 1.3), (2.3, 1.5), (2.2, 1.4))
# The least of them. The core is small and the 7-series parts are no Zynq-7020, whose fabric is Artix' and slower.
FASTER = min(old / new for old, new in _PERIODS)


class ClockModel:
    """The clock that a configuration may reach.

    Args:
        points: slowest paths that are known, at least one.
        rtl_sha256: of the RTL that is asked about; None takes every point as being of it.
    """

    def __init__(self, points: Sequence[TimingPoint], rtl_sha256: str | None = None) -> None:
        self.points = tuple(points)
        self._rtl_sha256 = rtl_sha256

    def mhz(self, build: Configuration, part: Part) -> Figure:
        """MHz by the static report of this configuration, or of the slowest that has been reported.

        Args:
            build: the configuration.
            part: of which only the family matters: on UltraScale+ it is :data:`FASTER` times as much.
        """
        for point in self.points:
            if point.configuration == build and self._rtl_sha256 in (None, point.rtl_sha256):
                ns, kind = point.worst_ns, Kind.ESTIMATED
                break
        else:
            ns, kind = max(point.worst_ns for point in self.points), Kind.EXTRAPOLATED
        if part.family == Family.ULTRASCALE_PLUS:
            return Figure(1e3 / ns * FASTER, Kind.EXTRAPOLATED)
        return Figure(1e3 / ns, kind)

    @staticmethod
    def as_dict() -> dict[str, Any]:
        """What its figures are worth, for JSON."""
        return {"error": ERROR, "ultrascale_plus_times": FASTER, "ultrascale_plus_source": FASTER_SOURCE}
