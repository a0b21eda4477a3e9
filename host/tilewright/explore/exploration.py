"""Explores: every combination, and what comes of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tilewright.explore.cycles import Job, Work, refusal_of, work_of
from tilewright.explore.pareto import front
from tilewright.explore.point import OPERATION, Outcome, Point
from tilewright.explore.space import Place, Space
from tilewright.hardware.rtl_hash import rtl_sha256
from tilewright.network.network import Network
from tilewright.silicon.area import AreaModel
from tilewright.silicon.budget import LIMITS, OTHER_LUTS, design
from tilewright.silicon.clock import ClockModel
from tilewright.silicon.configuration import Configuration
from tilewright.silicon.points import committed


@dataclass(frozen=True)
class Models:
    """What is known without synthesis.

    Attributes:
        area: LUT and FF.
        clocks: MHz.
    """

    area: AreaModel
    clocks: ClockModel


@cache
def models() -> Models:
    """Those of the committed figures; without a checkout it is not known whether they are of this RTL: none is."""
    cores = Path(__file__).resolve().parents[3] / "cores"
    points, rtl = committed(), rtl_sha256(cores) if cores.is_dir() else ""
    return Models(AreaModel(points.areas, rtl), ClockModel(points.timing, rtl))


@dataclass(frozen=True)
class Exploration:
    """A network's combinations.

    Attributes:
        network: its name.
        points: board by board.
        models: that sizes and clocks are of.
    """

    network: str
    points: tuple[Point, ...]
    models: Models

    def of(self, place: Place) -> list[Point]:
        """The combinations on a board."""
        return [point for point in self.points if point.place == place]

    @property
    def places(self) -> list[Place]:
        """The boards."""
        return list(dict.fromkeys(point.place for point in self.points))

    def best(self, place: Place) -> list[Point]:
        """The designs that none on the board betters, the smallest first."""
        return front(self.of(place))

    def outcomes(self) -> Counter[Outcome]:
        """How many combinations came to what."""
        return Counter(point.outcome for point in self.points)

    def reasons(self) -> Counter[str]:
        """How many combinations failed why: what there is too much of, or what was refused."""
        return Counter(map(_short_reason, (point for point in self.points if point.outcome is not Outcome.FITS)))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        best = {id(point) for place in self.places for point in self.best(place)}
        return {
            "network": self.network,
            "operation": OPERATION,
            "limits": LIMITS,
            "other_luts": OTHER_LUTS,
            "area_fit": self.models.area.as_dict(),
            "static_report": self.models.clocks.as_dict(),
            "outcomes": {outcome.value: self.outcomes()[outcome] for outcome in Outcome},
            "reasons": dict(self.reasons().most_common()),
            "points": [{**point.as_dict(), "best": id(point) in best} for point in self.points],
        }


def _short_reason(point: Point) -> str:
    """Of a design that does not fit the names of what there is too much of, without the numbers."""
    if point.outcome is Outcome.REFUSED or point.design is None:
        return point.reason
    names = [name for name, share in point.design.shares.items() if not share.fits]
    return f"the part has too few: {', '.join(names)}"


def explore(
    network: Network,
    space: Space,
    assumed_mhz: float | None = None,
    done: Callable[[int], None] = lambda jobs: None,
    known: Models | None = None,
) -> Exploration:
    """Tries every combination.

    Args:
        network: the network.
        space: what is tried.
        assumed_mhz: a clock for the speeds; None takes the static report's of each design.
        done: called with the number of estimates that are done, of :func:`estimates`.
        known: models; None takes those of the committed figures.

    Returns:
        What comes of each; a combination that cannot be is among them, with the reason.
    """
    known = models() if known is None else known
    jobs = _jobs(space)
    count = iter(range(1, len(jobs) + 1))
    work = work_of(network, jobs, lambda: done(next(count)))
    points = [
        _point(known, work, place, build, batch, assumed_mhz)
        for place in space.places
        for build in space.builds(place.part)
        for batch in space.batches
    ]
    return Exploration(network.name, tuple(points), known)


def estimates(space: Space) -> int:
    """How many estimates all combinations take: boards share them."""
    return len(_jobs(space))


def _jobs(space: Space) -> set[Job]:
    builds = {build for place in space.places for build in space.builds(place.part) if not refusal_of(build)}
    return {(build, batch) for build in builds for batch in space.batches}


def _point(
    known: Models,
    work: Mapping[Job, Work | str],
    place: Place,
    build: Configuration,
    batch: int,
    assumed_mhz: float | None,
) -> Point:
    reason = refusal_of(build)
    if reason:
        return Point(place, build, batch, reason)
    found = work[build, batch]
    on_part = design(known.area, place.part, build)
    clock = known.clocks.mhz(build, place.part)
    if isinstance(found, str):
        return Point(place, build, batch, found, on_part, None, clock, assumed_mhz)
    return Point(place, build, batch, "", on_part, found, clock, assumed_mhz)
