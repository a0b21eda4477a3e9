"""Every combination of an exploration as a point: how full the part is, how many images a second."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator

from tilewright.explore.exploration import Exploration
from tilewright.explore.pareto import front
from tilewright.explore.point import Outcome, Point
from tilewright.pictures.style import PALETTE, SMALL, WIDTH, Colours, Theme, new_figure, put_head, themed
from tilewright.silicon.parts import Part

# A diagram's height in inches
_HEIGHT = 3.1
# Of each array: marker and the name of its colour
_ARRAYS = {8: ("o", "work"), 16: ("s", "activations"), 32: ("^", "output"), 64: ("D", "thresholds")}
# Designs that are fuller are drawn here
_FULLEST = 2.0
_ROOM = 2.15


@themed
def draw(exploration: Exploration, *, theme: Theme = Theme.LIGHT) -> Figure:
    """The picture.

    Args:
        exploration: what is drawn, a diagram for each part.
        theme: light or dark.
    """
    colours, parts = PALETTE[theme], _by_part(exploration)
    columns = min(2, len(parts))
    rows = -(-len(parts) // columns)
    figure = new_figure(WIDTH, _HEIGHT * rows, theme)
    assumed = exploration.points[0].assumed_mhz
    if assumed is None:
        what = "Images a second at the static report's clock, +-25 %."
    else:
        what = f"Images a second at an assumed {assumed:g} MHz."
    notes = [f"{what} Estimated; nothing has run on hardware. In the corner: the designs of the steps."]
    put_head(
        figure,
        f"{exploration.network}: how fast, and how full the part",
        notes,
        _keys({point.build.n for point in exploration.points}, colours),
    )
    cells = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes in cells[len(parts) :]:
        axes.set_axis_off()
    for axes, (part, (titles, points)) in zip(cells, parts.items(), strict=False):
        axes.set_title(f"{', '.join(titles)} ({part.name})")
        _draw_part(axes, points, colours)
    # Room for the names below the slowest
    cells[0].set_ylim(cells[0].get_ylim()[0] / 4)
    return figure


def _by_part(exploration: Exploration) -> dict[Part, tuple[list[str], list[Point]]]:
    """Boards with the same part have the same points: their titles, and the points of one."""
    found: dict[Part, tuple[list[str], list[Point]]] = {}
    for place in exploration.places:
        found.setdefault(place.part, ([], exploration.of(place)))[0].append(place.title)
    return found


def _draw_part(axes: Axes, points: Sequence[Point], colours: Colours) -> None:
    best = front(points)
    for point in points:
        if point.outcome is Outcome.TOO_LARGE:
            axes.plot(*_at(point), marker="x", color=colours.other, markersize=5, linestyle="none")
        elif point.outcome is Outcome.FITS and point not in best:
            axes.add_line(_mark(point.build.n, colours, filled=False, at=_at(point)))
    steps = [_at(point) for point in best]
    axes.step([x for x, _ in steps], [y for _, y in steps], where="post", color=colours.ink, linewidth=1)
    for point in best:
        axes.add_line(_mark(point.build.n, colours, filled=True, at=_at(point)))
    axes.axvline(1.0, color=colours.ink, linestyle=":", linewidth=1)
    axes.set(yscale="log", xlim=(0, _ROOM), ylabel="img/s", xlabel="fullest resource, of what it may take")
    axes.set_xticks([0, 0.5, 1, 1.5, _FULLEST], ["0", "50 %", "100 %", "150 %", "200 %+"])
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.minorticks_off()
    axes.label_outer()
    axes.grid()
    _name(axes, best, colours)


def _mark(n: int, colours: Colours, filled: bool, at: tuple[float, float] | None = None) -> Line2D:
    """A design's mark, on a diagram or, without a place, in the legend."""
    marker, name = _ARRAYS[n]
    colour = getattr(colours, name)
    xs, ys = ([], []) if at is None else ([at[0]], [at[1]])
    face, edge = (colour, colours.ink) if filled else (colours.background, colour)
    size = 8 if filled else 6
    return Line2D(
        xs, ys, linestyle="none", marker=marker, markersize=size, markerfacecolor=face, markeredgecolor=edge
    )  # fmt: skip


def _at(point: Point) -> tuple[float, float]:
    return min(point.fullness, _FULLEST), point.images_per_second().value


def _name(axes: Axes, best: Sequence[Point], colours: Colours) -> None:
    """What the best designs are, in the empty corner below those that are too large, the fastest on top."""
    texts = [
        f"{point.images_per_second().value:.0f}: {point.build.n}x{point.build.n}, "
        f"{point.build.dsp_columns} DSP col., {point.build.stream_w} bit, batch {point.batch}"
        for point in reversed(best)
    ]
    box = {"facecolor": colours.background, "edgecolor": colours.faint, "boxstyle": "round,pad=0.3"}
    place: dict[str, Any] = {"ha": "right", "va": "bottom", "size": SMALL - 1.5, "linespacing": 1.15}
    axes.text(0.985, 0.03, "\n".join(texts), transform=axes.transAxes, bbox=box, **place)


def _keys(arrays: Collection[int], colours: Colours) -> list[Artist]:
    keys = [_mark(n, colours, filled=True) for n in sorted(arrays)]
    names = [f"{n}x{n}" for n in sorted(arrays)]
    keys.append(Line2D([], [], color=colours.ink, linewidth=1))
    names.append("steps: none is better")
    style: dict[str, Any] = {"linestyle": "none", "markersize": 6}
    keys.append(Line2D([], [], marker="o", markerfacecolor=colours.background, markeredgecolor=colours.ink, **style))
    keys.append(Line2D([], [], marker="x", color=colours.other, **style))
    for key, name in zip(keys, [*names, "open: fits", "does not fit"], strict=True):
        key.set_label(name)
    return list(keys)
