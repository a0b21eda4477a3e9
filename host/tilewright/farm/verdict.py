"""Who is right: the reference's integers against what devices gave for the same shard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from tilewright.farm.integers import Integers


@dataclass(frozen=True)
class Given:
    """What a worker gave for a shard."""

    worker: str
    integers: Integers


@dataclass(frozen=True)
class Verdict:
    """What follows from all that was given for a shard so far.

    Attributes:
        taken: index of what is the hardware's answer; None where the shard must run again.
        differs: whether that answer differs from the reference, as two devices agree on it.
        liars: workers whose integers are wrong, and why.
    """

    taken: int | None = None
    differs: bool = False
    liars: dict[str, str] = field(default_factory=dict)


def judged(expected: Integers, given: Sequence[Given], others: bool) -> Verdict:
    """Judges a shard.

    What equals the reference is right, and who gave something else for the same shard is wrong. Where two devices agree
    on something else, the hardware differs from the reference, and neither is wrong. Where there is no further device
    to ask, the same one is asked twice; who answers differently each time is wrong.

    Args:
        expected: the reference's integers.
        given: of the workers, in the order of their answers; at least one.
        others: whether there is a worker that has not been asked yet.
    """
    right = next((index for index, one in enumerate(given) if one.integers == expected), None)
    if right is not None:
        return Verdict(right, liars=_others(given, expected))
    for (_, one), (index, another) in combinations(enumerate(given), 2):
        if one.integers == another.integers and (one.worker != another.worker or not others):
            return Verdict(index, True, _others(given, another.integers))
    if others or len(given) < 2:
        return Verdict()
    unlike = "gives other integers than the reference, and than any other run of the shard"
    return Verdict(liars={one.worker: unlike for one in given})


def _others(given: Sequence[Given], right: Integers) -> dict[str, str]:
    """Who gave something else, and its first difference."""
    found = {}
    for one in given:
        difference = right.first_difference(one.integers)
        if difference is not None:
            image, layer = difference
            found[one.worker] = f"wrong integers, first in {layer} of the shard's image {image}"
    return found
