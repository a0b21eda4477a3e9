"""How far each layer's integers are from the float network."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tilewright.pictures.style import PALETTE, SMALL, WIDTH, Colours, Theme, new_figure, put_head, themed
from tilewright.pictures.words import shortened

# Inches of a row, and of the axis
_ROW, _REST = 0.25, 0.55
NOTE = (
    "What each layer says in integers, against the same network in float: the same weights, clipped as it was trained "
    "to, but not rounded between layers. 20 dB: the error is a tenth of the signal; 40 dB: a hundredth."
)


@themed
def draw(decibels: Mapping[str, float], *, name: str, images: int, theme: Theme = Theme.LIGHT) -> Figure:
    """The picture.

    Args:
        decibels: by layer, as :func:`tilewright.network.rounding.signal_to_error` says; infinite where nothing differs.
        name: of the network.
        images: that they are of.
        theme: light or dark.
    """
    colours = PALETTE[theme]
    figure = new_figure(WIDTH, _ROW * len(decibels) + _REST, theme)
    seen = "1 image" if images == 1 else f"{images} images"
    put_head(figure, f"{name}, {seen}: what rounding costs, layer by layer", [NOTE])
    axes = figure.subplots()
    _draw_bars(axes, list(decibels.values()), colours)
    axes.set_yticks(range(len(decibels)), [shortened(layer) for layer in decibels])
    axes.set_ylim(len(decibels) - 0.5, -0.5)
    return figure


def _draw_bars(axes: Axes, decibels: list[float], colours: Colours) -> None:
    known = [value for value in decibels if value != float("inf")]
    low, high = min([0.0, *known]), max([20.0, *known]) * 1.12
    axes.barh(range(len(decibels)), [min(value, high) for value in decibels], 0.68, color=colours.work)
    for row, value in enumerate(decibels):
        text = "equal" if value == float("inf") else f"{value:.1f}"
        inside = value == float("inf")
        place, ha = (high * 0.99, "right") if inside else (max(0.0, value), "left")
        axes.annotate(
            text, (place, row), (0 if inside else 4, 0), textcoords="offset points", va="center", ha=ha, size=SMALL,
            color=colours.background if inside else colours.ink,
        )  # fmt: skip
    axes.set(xlim=(low, high), xlabel="signal to error, dB (more is better)")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
