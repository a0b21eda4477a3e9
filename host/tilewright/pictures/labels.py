"""Names beside points, so that no name lies on another, on a point or on a line."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from tilewright.pictures.style import SMALL, Colours

Point = tuple[float, float]

# Points (of 72 an inch): of a marker's half, between things, and from a point to its name, nearest first
_MARKER, _GAP, _REACHES = 4.0, 2.0, (7.0, 13.0, 20.0, 28.0, 38.0, 50.0, 65.0, 85.0, 110.0)
# From here on a line leads to the name
_LED = 14.0
# Where a name may lie, best first: its middle, in halves of its box beside the way to it
_STRAIGHT = ((1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (0.0, 1.0))
_SLANTED = tuple(side for one in (1.0, -1.0) for part in (0.4, -0.4, 0.8, -0.8) for side in ((one, part), (part, one)))
# Characters of a label's line, more or less
_LINE = 34


@dataclass
class _Taken:
    """In points from the picture's corner: boxes that no name may lie on; names and lines, which no line crosses."""

    frame: Bbox
    boxes: list[Bbox] = field(default_factory=list)
    labels: list[Bbox] = field(default_factory=list)

    def free(self, box: Bbox) -> bool:
        inside = self.frame.x0 <= box.x0 and box.x1 <= self.frame.x1 and self.frame.y0 <= box.y0
        wide = box.padded(_GAP)
        return inside and box.y1 <= self.frame.y1 and not any(wide.overlaps(other) for other in self.boxes)


def place_labels(
    axes: Axes,
    points: Mapping[str, Point],
    colours: Colours,
    lines: Sequence[Sequence[Point]] = (),
    boxes: Sequence[Bbox] = (),
) -> None:
    """Writes names beside points; points that lie on each other share a label, and one without room has none.

    Args:
        axes: where; all but the names is drawn, limits and heads included.
        points: by name, in data.
        colours: of the theme.
        lines: that no name lies on: their corners, in data.
        boxes: that no name lies on, in data.
    """
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    scale = 72 / figure.dpi
    groups = _grouped({name: _on_page(axes, point, scale) for name, point in points.items()})
    taken = _Taken(Bbox(axes.bbox.get_points() * scale))
    taken.boxes += [_around(at) for at in groups]
    taken.boxes += [box for line in lines for box in _along([_on_page(axes, point, scale) for point in line])]
    taken.boxes += [Bbox(axes.transData.transform(box.get_points()) * scale) for box in boxes]
    for at, names in groups.items():
        text = axes.annotate(
            joined(names), at, xycoords="figure points", textcoords="offset points", size=SMALL, xytext=(0, 0),
            ha="center", va="center", arrowprops={"arrowstyle": "-", "color": colours.muted, "linewidth": 0.7},
        )  # fmt: skip
        text.set_in_layout(False)
        place = _free_place(at, text_size(text), taken)
        if place is None:
            text.remove()
            continue
        middle, led = place
        text.set_position((middle[0] - at[0], middle[1] - at[1]))
        text.xy = points[names[0]]
        text.xycoords = "data"
        if not led:
            assert text.arrow_patch is not None
            text.arrow_patch.set_visible(False)


def text_size(text: Text) -> tuple[float, float]:
    """Width and height of a text, in points.

    Args:
        text: on a figure of its own size.
    """
    figure = text.get_figure()
    assert isinstance(figure, Figure)
    canvas = cast(FigureCanvasAgg, figure.canvas)
    size = text.get_window_extent(canvas.get_renderer())  # type: ignore[no-untyped-call]
    return float(size.width * 72 / figure.dpi), float(size.height * 72 / figure.dpi)


def joined(names: Sequence[str]) -> str:
    """Names as one label: what they begin with is written once.

    Args:
        names: of a label.
    """
    parts = [name.split(".") for name in names]
    shared = 0
    while all(len(one) > shared + 1 and one[shared] == parts[0][shared] for one in parts):
        shared += 1
    rest = [names[0], *(".".join(name.split(".")[shared:]) for name in names[1:])]
    lines = [rest[0]]
    for name in rest[1:]:
        if len(lines[-1]) + len(name) < _LINE:
            lines[-1] += f", {name}"
        else:
            lines[-1] += ","
            lines.append(name)
    return "\n".join(lines)


def _on_page(axes: Axes, point: Point, scale: float) -> Point:
    x, y = axes.transData.transform(point) * scale
    return float(x), float(y)


def _grouped(points: Mapping[str, Point]) -> dict[Point, list[str]]:
    """Names of points that lie on each other, by the first one's place."""
    groups: dict[Point, list[str]] = {}
    for name, point in points.items():
        near = [at for at in groups if max(abs(a - b) for a, b in zip(at, point, strict=True)) < 1.5 * _MARKER]
        groups.setdefault(near[0] if near else point, []).append(name)
    return groups


def _around(point: Point) -> Bbox:
    return Bbox.from_bounds(point[0] - _MARKER, point[1] - _MARKER, 2 * _MARKER, 2 * _MARKER)


def _along(line: Sequence[Point]) -> list[Bbox]:
    """Small boxes along a line."""
    boxes = []
    for start, end in itertools.pairwise(line):
        steps = max(2, int(np.hypot(end[0] - start[0], end[1] - start[1]) / _GAP))
        places = np.linspace(start, end, steps)
        boxes += [Bbox.from_bounds(x - 0.5, y - 0.5, 1.0, 1.0) for x, y in places]
    return boxes


def _free_place(at: Point, size: tuple[float, float], taken: _Taken) -> tuple[Point, bool] | None:
    """The middle of the nearest free box of a size, which is taken from then on, and whether a line leads to it."""
    for reach, (dx, dy) in itertools.product(_REACHES, _STRAIGHT + _SLANTED):
        middle = at[0] + dx * (reach + size[0] / 2), at[1] + dy * (reach + size[1] / 2)
        box = Bbox.from_bounds(middle[0] - size[0] / 2, middle[1] - size[1] / 2, *size)
        led = reach >= _LED or (dx, dy) in _SLANTED
        lead = _along([at, middle]) if led else []
        if taken.free(box) and not any(other.overlaps(dot) for other in taken.labels for dot in lead):
            taken.labels += [box, *lead]
            taken.boxes += [box, *lead]
            return middle, led
    return None
