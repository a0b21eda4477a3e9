"""What was explored, for people: the best designs of each board, and one line for a board and a rate."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table

from tilewright.explore.exploration import Exploration
from tilewright.explore.pareto import Answer
from tilewright.explore.point import Outcome, Point
from tilewright.explore.space import Place
from tilewright.silicon.clock import ERROR
from tilewright.silicon.kinds import Figure, Kind
from tilewright.silicon.words import RESOURCES, marked, notes, taken

# Reasons that are listed
MOST_REASONS = 8
HEADS = ("Array", "DSPs", "Stream", "Batch", "Cycles", "Clock", "img/s", "GOPS", "LUT", "DSP", "BRAM", "KiB")


def best_table(exploration: Exploration, places: list[Place]) -> Table | str:
    """The designs that none on a part betters, a row each; a line where none fits.

    Args:
        exploration: what was tried.
        places: boards of the same part.
    """
    title = f"{', '.join(place.title for place in places)} ({places[0].part.name})"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0)
    for head in HEADS:
        table.add_column(head, justify="right", no_wrap=True)
    best = exploration.best(places[0])
    for point in best:
        table.add_row(*_cells(point))
    return table if best else f"{title}: no combination fits\n"


def _cells(point: Point) -> list[str]:
    assert point.work is not None and point.design is not None
    build = point.build
    return [
        f"{build.n}x{build.n}",
        f"{build.dsp_columns}/{build.n}",
        str(build.stream_w),
        str(point.batch),
        str(point.work.speed.program_cycles),
        _number(point.clock) if point.assumed_mhz is None else f"{point.assumed_mhz:.0f}",
        _number(point.images_per_second()),
        _number(point.giga_operations_per_second()),
        *(taken(point.design, name) for name in ("lut", "dsp", "block_ram")),
        f"{point.activation_kib:.0f}",
    ]


def _number(figure: Figure) -> str:
    return marked(f"{figure.value:.0f}", figure.kind)


def by_part(exploration: Exploration) -> list[list[Place]]:
    """Boards whose parts, and so whose designs, are the same."""
    found: dict[str, list[Place]] = {}
    for place in exploration.places:
        found.setdefault(place.part.name, []).append(place)
    return list(found.values())


def summary(exploration: Exploration) -> str:
    """What came of all combinations, and what the figures are worth, a line each."""
    outcomes = exploration.outcomes()
    counts = ", ".join(f"{outcomes[outcome]} {text}" for outcome, text in _OUTCOMES.items())
    lines = [f"{len(exploration.points)} combinations: {counts}"]
    reasons = exploration.reasons().most_common()
    lines += [f"  {count}: {reason}" for reason, count in reasons[:MOST_REASONS]]
    if len(reasons) > MOST_REASONS:
        lines.append(f"  {len(reasons) - MOST_REASONS} reasons more, with --json")
    assumed = exploration.points[0].assumed_mhz
    heads = (
        _HEADS
        if assumed is None
        else (*_HEADS, f"Clock: {assumed:g} MHz, assumed and not reached, whatever the design.")
    )
    return "\n".join([*lines, "", *heads, notes(exploration.models.area)])


_OUTCOMES = {
    Outcome.FITS: "fit",
    Outcome.TOO_LARGE: "do not fit their part",
    Outcome.REFUSED: "refused",
}
_HEADS = (
    "A row is a design that no smaller one equals; its size is its fullest resource. All rows, latency: --json.",
    "DSPs: columns of the array that are DSPs. KiB: activation memory. Cycles: of a batch, exact, e.",
    "Clock and img/s: MHz of the static report or assumed, images a second there.",
    "GOPS: multiplications and additions of the network itself, two for each multiplication.",
)


def answer_line(place: Place, answer: Answer, tried: int) -> str:
    """The design for a board and a rate.

    Args:
        place: the board.
        answer: the design.
        tried: combinations on the board.
    """
    board, point = f"{place.title} ({place.part.name})", answer.point
    if point is None:
        return f"{board}: none of {tried} combinations fits; --json says why"
    if point.assumed_mhz is None:
        wanted = f"{answer.rate:g} images/s at the static report's clock"
    else:
        wanted = f"{answer.rate:g} images/s at an assumed {point.assumed_mhz:g} MHz"
    none = "" if answer.reached else f"none of {tried} combinations reaches it; the fastest is "
    design = f"{point.build}, batch {point.batch}"
    return f"{board}, {wanted}: {none}{design}: {_speed(point)}; {_shares(point)}; not run on hardware"


def _speed(point: Point) -> str:
    speed, clock = point.images_per_second(), point.clock
    if point.assumed_mhz is not None:
        return f"{speed.value:.0f} ({speed.kind.value})"
    return (
        f"{speed.value:.0f} ({speed.kind.value}) with {clock.value:.0f} MHz ({clock.kind.value}) by the static report, "
        f"{speed.value * (1 - ERROR):.0f} where that is {ERROR:.0%} slower"
    )


def _shares(point: Point) -> str:
    assert point.design is not None
    shares = [(RESOURCES[name], share) for name, share in point.design.shares.items() if share.taken.value]
    kinds = sorted({share.taken.kind for _, share in shares}, key=lambda kind: kind.rank)
    return f"{', '.join(f'{name} {share.share:.0%}' for name, share in shares)} ({_words(kinds)})"


def _words(kinds: list[Kind]) -> str:
    return " and ".join(kind.value for kind in kinds)
