"""The activation memory over time: which map lies where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox

from tilewright.compiler.network import CompiledNetwork
from tilewright.network.graph import IMAGE
from tilewright.pictures.labels import place_labels, text_size
from tilewright.pictures.style import PALETTE, SMALL, WIDTH, Colours, Theme, new_figure, put_head, themed
from tilewright.pictures.words import batch_words, shortened, without_prefix

_HEIGHT = 4.4
# How opaque a map is; its border is whole
_FILL = 0.3
# Points that a name needs beside it in its map
_ROOM = 4.0
# Characters of a map's name
_LONGEST = 14
# Layers that the axis names, at most
_MOST_NAMES = 45
NOTE = (
    "Each box is a layer's output, with its name, from the layer that makes it to the last one that reads it; an image "
    "from when it is fetched. Every layer is equally wide, whatever its time."
)


@dataclass(frozen=True)
class _Map:
    """A map in memory: its name, where it is drawn, and its colour."""

    name: str
    box: Bbox
    colour: str


@themed
def draw(compiled: CompiledNetwork, *, theme: Theme = Theme.LIGHT) -> Figure:
    """The picture.

    Args:
        compiled: whose maps are drawn.
        theme: light or dark.
    """
    colours, array = PALETTE[theme], compiled.array
    maps = _maps(compiled, colours)
    kinds = {"image": colours.activations, "map": colours.work, "map of the next layer": colours.output}
    handles = [Patch(facecolor=(colour, _FILL), edgecolor=colour, label=name) for name, colour in kinds.items()]
    figure = new_figure(WIDTH, _HEIGHT, theme)
    used = f"{compiled.placement.peak / array.act_depth:.0%} of the memory used at most"
    title = f"{compiled.network.name} on {array.n}x{array.n}, {batch_words(compiled.batch)}: {used}"
    put_head(figure, title, [NOTE], handles)
    axes = figure.subplots()
    for each in maps:
        axes.add_patch(_drawn(each))
    _draw_axis(axes, compiled)
    _name_maps(axes, maps, colours)
    return figure


def _maps(compiled: CompiledNetwork, colours: Colours) -> list[_Map]:
    maps = []
    names = without_prefix([stage.name for stage in compiled.stages])
    for alive in compiled.placement.lifetimes():
        buffer, maker = alive.buffer, alive.buffer.maker
        box = Bbox.from_extents(max(0, alive.first), buffer.address, alive.last + 1, buffer.address + buffer.words)
        name = "image" if maker == IMAGE else shortened(names[maker], _LONGEST)
        colour = colours.activations if maker == IMAGE else (colours.work, colours.output)[maker % 2]
        maps.append(_Map(name, box, colour))
    return maps


def _draw_axis(axes: Axes, compiled: CompiledNetwork) -> None:
    """A place a step, with the layer that runs in it, as far as there is room for names."""
    names = [shortened(compiled.stages[step.stage].name) for step in compiled.placement.schedule.steps]
    every = -(-len(names) // _MOST_NAMES)
    axes.set_xticks([place + 0.5 for place in range(0, len(names), every)], names[::every], rotation=90)
    axes.tick_params(axis="x", length=0)
    axes.set(xlim=(0, len(names)), xlabel="layer that runs")
    depth, n = compiled.array.act_depth, compiled.array.n
    quarters = -(-4 * max(buffer.address + buffer.words for buffer in compiled.placement.schedule.buffers) // depth)
    shown = depth * quarters // 4
    axes.set(ylim=(0, shown), ylabel=f"address, of {depth:,} words\nof {n} activations")
    axes.set_yticks([shown * quarter // 4 for quarter in range(5)])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.grid(axis="y")


def _drawn(each: _Map) -> Rectangle:
    corner, size = each.box.min, each.box.size
    return Rectangle(
        (corner[0], corner[1]), size[0], size[1], facecolor=(each.colour, _FILL), edgecolor=each.colour, linewidth=0.8
    )


def _name_maps(axes: Axes, maps: Sequence[_Map], colours: Colours) -> None:
    """Names in the maps that have room; for layers without such a one, beside their largest."""
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    named = [each for each in maps if _named_inside(axes, each)]
    left = {each.name: each for each in sorted(maps, key=lambda each: each.box.height * each.box.width)}
    for each in named:
        left.pop(each.name, None)
    points = {name: _middle(each.box) for name, each in left.items()}
    place_labels(axes, points, colours, boxes=[each.box for each in maps])


def _named_inside(axes: Axes, each: _Map) -> bool:
    """Writes a map's name into it, level or upright, where there is room; says whether there was."""
    corners = axes.transData.transform(each.box.get_points())
    width, height = (corners[1] - corners[0]) * 72 / axes.figure.dpi
    text = axes.text(*_middle(each.box), each.name, size=SMALL, ha="center", va="center")
    long, high = text_size(text)
    if long + _ROOM > width or high > height:
        if high > width or long + _ROOM > height:
            text.remove()
            return False
        text.set_rotation(90)
    text.set_in_layout(False)
    return True


def _middle(box: Bbox) -> tuple[float, float]:
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
