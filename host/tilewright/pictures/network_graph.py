"""A network as boxes and arrows: what each layer does, and what map it leaves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch

from tilewright.network.network import Layer, Network
from tilewright.pictures.style import PALETTE, SMALL, WIDTH, Colours, Theme, new_figure, put_head, themed
from tilewright.pictures.words import shortened

# Boxes side by side; of a box and of what lies between two, width and height as shares of the width of both
_COLUMNS = 5
_BOX, _BETWEEN = (0.84, 0.62), (0.16, 0.2)
_FILL = 0.25
# Characters of a name
_LONGEST = 16
# of one that is read or added
_SHORT = 12
#: kinds of boxes, and the names of their colours
KINDS = {"image": "activations", "convolution": "work", "average": "output", "copy": "weights", "on the host": "other"}

_NOTE = "Last line of a box: channels x height x width of what leaves it. Arcs join boxes of a row; others are named."

Point = tuple[float, float]


@dataclass(frozen=True)
class _Node:
    """A box: its kind, its name, and the lines below that."""

    kind: str
    name: str
    lines: tuple[str, ...]


@themed
def draw(network: Network, *, theme: Theme = Theme.LIGHT) -> Figure:
    """The picture.

    Args:
        network: what is drawn.
        theme: light or dark.
    """
    colours = PALETTE[theme]
    nodes = list(_nodes(network))
    found = {node.kind for node in nodes}
    handles = [
        Patch(facecolor=(getattr(colours, colour), _FILL), edgecolor=getattr(colours, colour), label=kind)
        for kind, colour in KINDS.items()
        if kind in found
    ]
    columns = min(_COLUMNS, len(nodes))
    rows = -(-len(nodes) // columns)
    size = (columns - _BETWEEN[0], rows * (_BOX[1] + _BETWEEN[1]) - _BETWEEN[1])
    figure = new_figure(WIDTH, size[1] * WIDTH / _COLUMNS + 0.3, theme)
    title = f"{network.name}: {len(network.layers)} layers, {network.macs:,} multiplications an image"
    put_head(figure, title, [_NOTE], handles)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set(xlim=(0, max(size[0], _COLUMNS - _BETWEEN[0])), ylim=(size[1], 0))
    corners = [_corner(index, columns) for index in range(len(nodes))]
    for node, corner in zip(nodes, corners, strict=True):
        _draw_box(axes, node, corner, colours)
    joined = set(_edges(network))
    for index, (start, end) in enumerate(itertools.pairwise(corners)):
        if (index, index + 1) in joined or index >= len(network.layers):
            _draw_arrow(axes, start, end, colours)
    for source, reader in sorted(joined):
        if reader > source + 1 and corners[source][1] == corners[reader][1]:
            _draw_arc(axes, corners[source], corners[reader], colours)
    return figure


def _edges(network: Network) -> Iterator[tuple[int, int]]:
    """Boxes by their numbers, the image's 0: whose map is read, and by whom."""
    for index, sources in enumerate(network.sources):
        yield from ((source + 1, index + 1) for source in sources)


def _nodes(network: Network) -> Iterator[_Node]:
    named = ""
    yield _Node("image", "image", ("8-bit pixels", "", "x".join(map(str, network.image))))
    for layer, size in zip(network.layers, network.in_sizes, strict=True):
        out, before = layer.output_size(size), named
        named = layer.name
        kind = {"conv": "convolution", "average": "average"}.get(layer.kind, "copy")
        yield _Node(kind, layer.name, (*_work(layer, out, before), f"{layer.out_channels}x{out[0]}x{out[1]}"))
    for step in network.tail:
        if step.weight is not None:
            yield _Node("on the host", step.name, ("linear", "", str(len(step.weight))))


def _work(layer: Layer, out: tuple[int, int], before: str) -> tuple[str, str]:
    kernel_h, kernel_w = layer.kernel
    stride = f", stride {layer.stride}" if layer.stride > 1 and out != (1, 1) else ""
    groups = "" if layer.groups == 1 else f", {layer.groups} groups"
    behind = ["2x2 max-pool"] if layer.pool == 2 else []
    if layer.adds:
        behind.insert(0, f"adds {', '.join(dict.fromkeys(shortened(each.source, _SHORT) for each in layer.adds))}")
    if layer.source and layer.source != before:
        behind.insert(0, f"reads {shortened(layer.source, _SHORT)}")
    repeats = layer.copies and layer.kind != "max"
    said = layer.kind.replace("_", " ") if repeats else f"{layer.kind} {kernel_h}x{kernel_w}"
    return f"{said}{stride}{groups}", ", ".join(behind)


def _corner(index: int, columns: int) -> Point:
    """Upper left corner of a box."""
    row, column = divmod(index, columns)
    return float(column), row * (_BOX[1] + _BETWEEN[1])


def _draw_box(axes: Axes, node: _Node, corner: Point, colours: Colours) -> None:
    colour = getattr(colours, KINDS[node.kind])
    rounded = "round,pad=0,rounding_size=0.05"
    look: dict[str, Any] = {"facecolor": (colour, _FILL), "edgecolor": colour, "clip_on": False}
    axes.add_patch(FancyBboxPatch(corner, *_BOX, boxstyle=rounded, **look))
    middle, pitch = corner[0] + _BOX[0] / 2, _BOX[1] / 4.4
    for index, line in enumerate((shortened(node.name, _LONGEST), *node.lines)):
        weight = "bold" if index == 0 else "normal"
        axes.text(middle, corner[1] + (index + 0.7) * pitch, line, size=SMALL, weight=weight, ha="center", va="center")


def _draw_arc(axes: Axes, start: Point, end: Point, colours: Colours) -> None:
    """From a box's upper edge to that of one further behind in its row, over those between."""
    upper = [(corner[0] + _BOX[0] * share, corner[1]) for corner, share in ((start, 0.75), (end, 0.25))]
    look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 9, "color": colours.activations, "clip_on": False}
    axes.add_patch(FancyArrowPatch(*upper, connectionstyle="arc3,rad=-0.25", shrinkA=0, shrinkB=0, **look))


def _draw_arrow(axes: Axes, start: Point, end: Point, colours: Colours) -> None:
    """From a box to the next: to the right, or round to the row below."""
    height = _BOX[1] / 2
    style: dict[str, Any] = {
        "arrowstyle": "-|>",
        "mutation_scale": 9,
        "color": colours.muted,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    if start[1] == end[1]:
        ends = (start[0] + _BOX[0], start[1] + height), (end[0], end[1] + height)
        axes.add_patch(FancyArrowPatch(*ends, **style))
        return
    low = end[1] - _BETWEEN[1] / 2
    places = [(start[0] + _BOX[0] / 2, start[1] + _BOX[1]), (start[0] + _BOX[0] / 2, low), (end[0] + _BOX[0] / 2, low)]
    axes.plot([x for x, _ in places], [y for _, y in places], color=colours.muted, linewidth=1)
    axes.add_patch(FancyArrowPatch(places[-1], (end[0] + _BOX[0] / 2, end[1]), **style))
