"""Of many designs those that none betters, and the smallest that is fast enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from tilewright.explore.point import Outcome, Point
from tilewright.silicon.speed import AS_FAST

# What a larger design must gain to be among the best, far less than what is known of its clock
WORTH = 0.02


def front(points: Sequence[Point]) -> list[Point]:
    """Designs that fit and that none betters: each larger one is faster, by :data:`WORTH` at least.

    Args:
        points: on one board.

    Returns:
        The smallest first, each with the smallest batch that is as fast as its fastest.
    """
    fitting = sorted((point for point in points if point.outcome is Outcome.FITS), key=lambda point: point.build)
    designs = [_best_batch(list(group)) for _, group in groupby(fitting, key=lambda point: point.build)]
    found: list[Point] = []
    for point in sorted(designs, key=lambda point: (*point.size[:2], -point.images_per_second().value)):
        if not found or point.images_per_second().value >= found[-1].images_per_second().value * (1 + WORTH):
            found.append(point)
    return found


def _best_batch(points: Sequence[Point]) -> Point:
    """The smallest batch that is as fast as the fastest, but for :data:`AS_FAST`."""
    most = max(point.images_per_second().value for point in points)
    fast = [point for point in points if point.images_per_second().value * (1 + AS_FAST) >= most]
    return min(fast, key=lambda point: point.batch)


@dataclass(frozen=True)
class Answer:
    """The design for a rate.

    Attributes:
        rate: images a second that are wanted.
        point: the smallest design that reaches it, or else the fastest; None if nothing fits.
        reached: whether it does.
    """

    rate: float
    point: Point | None
    reached: bool


def smallest_for(points: Sequence[Point], rate: float) -> Answer:
    """The smallest design that reaches a rate.

    Args:
        points: on one board.
        rate: images a second.
    """
    fitting = [point for point in points if point.outcome is Outcome.FITS]
    enough = [point for point in fitting if point.images_per_second().value >= rate]
    if enough:
        return Answer(rate, min(enough, key=lambda point: point.size), True)
    fastest = max(fitting, key=lambda point: point.images_per_second().value, default=None)
    return Answer(rate, fastest, False)
