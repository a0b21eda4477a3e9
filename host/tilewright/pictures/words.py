"""Words of several pictures: what program they are of, units, names that are not too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilewright.estimate.estimate import Estimate

#: characters of a layer's name
LONGEST = 24


def program_words(estimate: Estimate) -> str:
    """A picture's title: network, array, batch.

    Args:
        estimate: of the program.
    """
    n = estimate.hardware.n
    used = f"{estimate.program_utilisation:.1%} of the array used"
    return f"{estimate.network} on {n}x{n}, {batch_words(estimate.batch)}: {used}"


def how_exact(estimate: Estimate) -> str:
    """A sentence that says what the figures are.

    Args:
        estimate: of the program.
    """
    if estimate.stall_probability:
        return f"Estimated: the mean at a stall probability of {estimate.stall_probability:g}."
    return "Estimated, for a memory that never stalls."


def batch_words(batch: int) -> str:
    """How many images a program takes.

    Args:
        batch: that many.
    """
    return "1 image" if batch == 1 else f"{batch} images"


def cycles_unit(cycles: int) -> tuple[int, str]:
    """What to count cycles in, so that an axis has plain numbers.

    Args:
        cycles: the most that are shown.

    Returns:
        Cycles of the unit, and its name.
    """
    for unit, name in ((1_000_000, "million cycles"), (1_000, "thousand cycles")):
        if cycles >= unit:
            return unit, name
    return 1, "cycles"


def shortened(name: str, longest: int = LONGEST) -> str:
    """A name whose end is kept: it tells a layer from its neighbours.

    Args:
        name: any; cut at a dot where its end has one.
        longest: characters.
    """
    if len(name) <= longest:
        return name
    end = name[1 - longest :]
    return "…" + (end.partition(".")[2] or end)


def without_prefix(names: Sequence[str]) -> list[str]:
    """Names without the dotted beginning that all share: ``features.0`` and ``features.3`` are 0 and 3.

    Args:
        names: of layers.
    """
    heads = {name.rpartition(".")[0] for name in names}
    return [name.rpartition(".")[2] for name in names] if len(heads) == 1 else list(names)
