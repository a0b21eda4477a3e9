"""Every combination as a point of one picture: how full the part is, how many images a second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.explore.exploration import Exploration
from tilewright.explore.pareto import front
from tilewright.explore.point import Outcome, Point
from tilewright.files import written
from tilewright.silicon.parts import Part

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which the colour-blind tell apart, and a marker each
_STYLES = {8: ("#0072B2", "o"), 16: ("#E69F00", "s"), 32: ("#009E73", "^"), 64: ("#CC79A7", "D")}
_GREY = "#8c8c8c"
# Designs that are fuller are drawn here
_FULLEST = 2.0
_ROOM = 2.15
_BOX = {"facecolor": "white", "edgecolor": "#cccccc", "boxstyle": "round,pad=0.3"}


def save_figure(exploration: Exploration, path: Path) -> None:
    """Writes the picture into a file; the suffix says which format.

    Args:
        exploration: what is drawn, a diagram for each part.
        path: the file.

    Raises:
        ImportError: there is no matplotlib.
        OSError: the file cannot be written.
        ValueError: the suffix names no format that matplotlib writes.
    """
    figure = drawn(exploration)
    with written(path) as partial:
        figure.savefig(partial, dpi=120, format=path.suffix.removeprefix(".") or "png")


def drawn(exploration: Exploration) -> Figure:
    """The picture.

    Args:
        exploration: what is drawn, a diagram for each part.

    Raises:
        ImportError: there is no matplotlib.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    parts = _by_part(exploration)
    columns = min(2, len(parts))
    rows = -(-len(parts) // columns)
    figure = Figure(figsize=(4.9 * columns + 0.4, 3.7 * rows + 1.0), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    cells = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes in cells[len(parts) :]:
        axes.set_axis_off()
    for axes, (part, (titles, points)) in zip(cells, parts.items(), strict=False):
        axes.set_title(f"{', '.join(titles)} ({part.name})", fontsize=10)
        _draw(axes, points)
    # Room for the names below the slowest
    cells[0].set_ylim(cells[0].get_ylim()[0] / 3)
    assumed = exploration.points[0].assumed_mhz
    if assumed is None:
        what = "images a second at the static report's clock, +-25 %"
    else:
        what = f"images a second at an assumed {assumed:g} MHz"
    figure.suptitle(f"{exploration.network}: {what}\nestimated; nothing has run on hardware", fontsize=11)
    marks, names = _legend()
    figure.legend(marks, names, loc="outside lower center", ncols=7 if columns > 1 else 4, fontsize=9, frameon=False)
    return figure


def _by_part(exploration: Exploration) -> dict[Part, tuple[list[str], list[Point]]]:
    """Boards with the same part have the same points: their titles, and the points of one."""
    found: dict[Part, tuple[list[str], list[Point]]] = {}
    for place in exploration.places:
        found.setdefault(place.part, ([], exploration.of(place)))[0].append(place.title)
    return found


def _draw(axes: Axes, points: Sequence[Point]) -> None:
    best = front(points)
    for point in points:
        at = _at(point)
        colour, marker = _STYLES[point.build.n]
        if point.outcome is Outcome.TOO_LARGE:
            axes.plot(*at, marker="x", color=_GREY, markersize=5, linestyle="none")
        elif point.outcome is Outcome.FITS and point not in best:
            axes.plot(*at, marker=marker, color="white", markeredgecolor=colour, markersize=6, linestyle="none")
    steps = [_at(point) for point in best]
    axes.step([x for x, _ in steps], [y for _, y in steps], where="post", color="black", linewidth=1)
    for point in best:
        colour, marker = _STYLES[point.build.n]
        axes.plot(*_at(point), marker=marker, color=colour, markersize=9, linestyle="none", markeredgecolor="black")
    axes.axvline(1.0, color="black", linestyle=":", linewidth=1)
    axes.set(yscale="log", xlim=(0, _ROOM), ylabel="img/s", xlabel="fullest resource, of what it may take")
    axes.set_xticks([0, 0.5, 1, 1.5, _FULLEST], ["0", "50 %", "100 %", "150 %", "200 %+"])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.label_outer()
    axes.grid(which="major", linewidth=0.3)
    _name(axes, best)


def _at(point: Point) -> tuple[float, float]:
    return min(point.fullness, _FULLEST), point.images_per_second().value


def _name(axes: Axes, best: Sequence[Point]) -> None:
    """What the best designs are, in the empty corner below those that are too large, the fastest on top."""
    texts = [
        f"{point.images_per_second().value:.0f}: {point.build.n}x{point.build.n}, "
        f"{point.build.dsp_columns} col. of DSPs, {point.build.stream_w} bit, batch {point.batch}"
        for point in reversed(best)
    ]
    axes.text(0.985, 0.03, "\n".join(texts), transform=axes.transAxes, ha="right", va="bottom", fontsize=8, bbox=_BOX)


def _legend() -> tuple[list[Artist], list[str]]:
    from matplotlib.lines import Line2D

    def mark(marker: str, colour: str, face: str, size: float) -> Line2D:
        style = {"markerfacecolor": face, "markeredgecolor": colour, "markersize": size}
        return Line2D([], [], linestyle="none", marker=marker, **style)  # type: ignore[arg-type]

    marks: list[Artist] = [mark(marker, colour, colour, 7) for colour, marker in _STYLES.values()]
    names = [f"{n}x{n}" for n in _STYLES]
    marks += [mark("o", "black", "black", 9), mark("o", "black", "white", 5), mark("x", _GREY, _GREY, 5)]
    return marks, [*names, "fits, none is better", "fits", "does not fit"]
