"""Area: LUT and FF by a fit to Yosys' netlists, DSPs and memories by counting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.errors import ParameterError
from tilewright.hardware.block_ram import block_rams, ultra_rams
from tilewright.silicon.configuration import Configuration
from tilewright.silicon.kinds import Figure, Kind
from tilewright.silicon.parts import Family, Part
from tilewright.silicon.points import AreaPoint

# What LUT and FF are the sum of
TERMS = ("fixed", "a column", "a processing element of LUTs", "a processing element of DSPs", "the stream of 128 bits")
FITTED = ("lut", "ff")
ACTIVATIONS = "activation memory"


def terms_of(build: Configuration) -> list[float]:
    """How often each of TERMS is in a configuration."""
    wide = build.stream_w > 64
    return [1.0, build.n, build.n * (build.n - build.dsp_columns), build.n * build.dsp_columns, float(wide)]


@dataclass(frozen=True)
class Area:
    """What a configuration takes, DMA's memories included, its logic not.

    Attributes:
        lut: LUTs, those that are memory included.
        ff: flip-flops.
        dsp: DSPs.
        block_ram: of 36 Kb.
        ultra_ram: of 288 Kb.
    """

    lut: Figure
    ff: Figure
    dsp: Figure
    block_ram: Figure
    ultra_ram: Figure


class AreaModel:
    """LUT and FF as sums of TERMS, fitted so that the squares of the relative errors are least.

    Args:
        points: what is known.
        rtl_sha256: of the RTL that is asked about; a point of other RTL counts for the fit, but not as measured. None
            takes every point as being of it.

    Raises:
        ParameterError: the points do not determine the terms.
    """

    def __init__(self, points: Sequence[AreaPoint], rtl_sha256: str | None = None) -> None:
        self.points = tuple(points)
        self._measured = {point.configuration: point for point in points if rtl_sha256 in (None, point.rtl_sha256)}
        rows = np.array([terms_of(point.configuration) for point in points]).reshape(-1, len(TERMS))
        # Nothing is known of a term that no point has: 0, and what has it is extrapolated
        self._known = rows.any(axis=0)
        self.coefficients = {name: self._fit(rows, name) for name in FITTED}

    def _fit(self, rows: npt.NDArray[np.float64], name: str) -> list[float]:
        values = np.array([float(getattr(point, name)) for point in self.points])
        known = rows[:, self._known]
        if not known.size or np.linalg.matrix_rank(known) < known.shape[1]:
            raise ParameterError(f"{len(values)} areas do not determine {known.shape[1]} terms of a fit")
        found = np.zeros(len(TERMS))
        found[self._known] = np.linalg.lstsq(known / values[:, None], np.ones(len(values)), rcond=None)[0]
        return [float(value) for value in found]

    def fitted(self, build: Configuration, name: str) -> float:
        """LUT or FF of a configuration by the fit, measured or not."""
        return float(np.dot(terms_of(build), self.coefficients[name]))

    @property
    def worst_error(self) -> dict[str, float]:
        """The largest relative error of LUT and FF over the points."""
        return {
            name: max(abs(self.fitted(p.configuration, name) / getattr(p, name) - 1) for p in self.points)
            for name in FITTED
        }

    def errors_left_out(self) -> dict[str, list[float]]:
        """The relative error of LUT and FF for each point by a fit to the others, as far as those determine one."""
        found: dict[str, list[float]] = {name: [] for name in FITTED}
        for point in self.points:
            try:
                rest = AreaModel([other for other in self.points if other is not point])
            except ParameterError:
                continue
            for name in FITTED:
                found[name].append(abs(rest.fitted(point.configuration, name) / getattr(point, name) - 1))
        return found

    def area(self, build: Configuration, part: Part, in_ultra_ram: bool = False) -> Area:
        """What a configuration takes of a part.

        Args:
            build: the configuration.
            part: of which only the family matters.
            in_ultra_ram: the activation memory lies in UltraRAM.
        """
        point = self._measured.get(build) if part.family == Family.SERIES_7 else None
        kind = self._kind(build, part)
        if point:
            logic = {name: Figure(getattr(point, name), Kind.MEASURED) for name in FITTED}
        else:
            logic = {name: Figure(round(self.fitted(build, name)), kind) for name in FITTED}
        hardware = build.hardware()
        memories = block_rams(hardware)
        ultra = ultra_rams(hardware) if in_ultra_ram else 0
        if in_ultra_ram:
            del memories[ACTIVATIONS]
        return Area(
            lut=logic["lut"],
            ff=logic["ff"],
            dsp=Figure(build.dsps, Kind.MEASURED if point else Kind.ESTIMATED),
            block_ram=Figure(sum(memories.values()), Kind.ESTIMATED),
            ultra_ram=Figure(ultra, Kind.ESTIMATED),
        )

    def _kind(self, build: Configuration, part: Part) -> Kind:
        """Of a fitted figure: extrapolated on another family, beyond the largest array, and with an unknown term."""
        within = build.n <= max(point.configuration.n for point in self.points)
        unknown = np.array(terms_of(build))[~self._known].any()
        inside = part.family == Family.SERIES_7 and within and not unknown
        return Kind.ESTIMATED if inside else Kind.EXTRAPOLATED

    def as_dict(self) -> dict[str, Any]:
        """The fit for JSON; terms that no point has are left out."""
        known = [index for index, is_known in enumerate(self._known) if is_known]
        return {
            "terms": {name: {TERMS[index]: self.coefficients[name][index] for index in known} for name in FITTED},
            "points": len(self.points),
            "worst_error": self.worst_error,
            "errors_left_out": self.errors_left_out(),
        }
