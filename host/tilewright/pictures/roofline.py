"""The roofline: multiplications a cycle against multiplications a beat, under what array and stream allow."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from tilewright.estimate.estimate import Estimate
from tilewright.hardware.beats import BEAT_BYTES
from tilewright.pictures.labels import place_labels
from tilewright.pictures.style import PALETTE, WIDTH, Colours, Theme, new_figure, put_head, themed
from tilewright.pictures.words import how_exact, program_words, shortened

Point = tuple[float, float]

_HEIGHT = 4.4
# Ticks of an axis, at most
_TICKS = 12
NOTE = (
    "Each layer against what limits it: right of the bend the array, left of it the stream that brings weights. "
    "A layer may lie above the slope: its weights came while the layer before it computed. One far below waits, or has "
    "channels that do not fill the array."
)


@themed
def draw(estimate: Estimate, *, theme: Theme = Theme.LIGHT) -> Figure:
    """The picture.

    Args:
        estimate: what is drawn; layers without multiplications are left out.
        theme: light or dark.
    """
    colours = PALETTE[theme]
    layers = [layer for layer in estimate.layers if layer.macs]
    points = {shortened(layer.name): (layer.macs_a_beat, layer.macs / layer.command_cycles) for layer in layers}
    peak, rate = estimate.hardware.n**2, _beats_a_cycle(estimate)
    handles = [
        Line2D([], [], color=colours.ink, label=f"array: {peak} multiplications a cycle"),
        Line2D(
            [],
            [],
            color=colours.ink,
            linestyle="--",
            label=f"stream: {rate:g} {'beat' if rate == 1 else 'beats'} a cycle",
        ),
        Line2D([], [], color=colours.work, marker="o", linestyle="none", label="a layer"),
    ]
    figure = new_figure(WIDTH, _HEIGHT, theme)
    put_head(figure, program_words(estimate), [f"{NOTE} {how_exact(estimate)}"], handles)
    axes = figure.subplots()
    roof = _roof(list(points.values()), peak, rate)
    _draw_roof(axes, roof, colours)
    axes.plot(*zip(*points.values(), strict=True), "o", color=colours.work, markersize=6, linestyle="none")
    _scale(axes, [y for _, y in [*points.values(), *roof]])
    place_labels(axes, points, colours, lines=[roof])
    return figure


def _beats_a_cycle(estimate: Estimate) -> float:
    """Beats of 64 bits that the stream brings in a cycle, on the mean."""
    return estimate.hardware.stream_w / (8 * BEAT_BYTES) * (1 - estimate.stall_probability)


def _roof(points: Sequence[Point], peak: int, rate: float) -> list[Point]:
    """The roof's corners: where the slope begins, the bend, where the array's line ends."""
    bend = peak / rate
    places = [bend, *(x for x, _ in points)]
    low, high = min(places) / 2.5, max(places) * 4
    return [(low, low * rate), (bend, peak), (high, peak)]


def _draw_roof(axes: Axes, roof: Sequence[Point], colours: Colours) -> None:
    (low, start), (bend, peak), (high, _) = roof
    axes.plot([low, bend], [start, peak], color=colours.ink, linestyle="--", linewidth=1.3)
    axes.plot([bend, high], [peak, peak], color=colours.ink, linewidth=1.3)


def _scale(axes: Axes, heights: Sequence[float]) -> None:
    """Logarithmic both ways, with plain numbers."""
    axes.set(xscale="log", yscale="log", ylim=(min(heights) / 2, max(heights) * 4))
    axes.set(xlabel="multiplications a beat of the program (64 bits)", ylabel="multiplications a cycle")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=_TICKS))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axis.set_minor_locator(NullLocator())
    axes.margins(x=0)
    axes.grid()
