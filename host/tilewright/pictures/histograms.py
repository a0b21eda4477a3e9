"""How often each code occurs: weights and activations of every layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.patches import Patch

from tilewright.pictures.style import PALETTE, SMALL, WIDTH, Colours, Theme, new_figure, put_head, themed
from tilewright.pictures.words import shortened

# Layers side by side, inches of a row of them, characters of a name
_COLUMNS, _ROW, _LONGEST = 5, 2.7, 18
#: activation codes are drawn down to this share, in percent
LOWEST_SHARE = 1e-3


class Codes(Protocol):
    """How often each code of one tensor occurs."""

    @property
    def codes(self) -> npt.NDArray[np.int64]:
        """int64 (codes,), ascending."""

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """float64 (codes,): each code's share, 0..1."""

    @property
    def limits(self) -> tuple[int, ...]:
        """The codes at which the quantiser clips."""

    @property
    def at_limits(self) -> float:
        """Share of ``limits``, 0..1."""


@themed
def draw(
    weights: Mapping[str, Codes], activations: Mapping[str, Codes], *, title: str = "", theme: Theme = Theme.LIGHT
) -> Figure:
    """The picture.

    Args:
        weights: by layer; an average has none.
        activations: each layer's inputs, by layer, in order.
        title: above it.
        theme: light or dark.
    """
    colours = PALETTE[theme]
    bands = -(-len(activations) // _COLUMNS)
    figure = new_figure(WIDTH, _ROW * bands + 0.35, theme)
    keys = [
        Patch(color=colours.work, label="share of the layer's codes, %"),
        Patch(color=colours.weights, label="where it clips"),
    ]
    note = (
        "Of each layer: its weights, and below them the activations that it reads, on a logarithmic scale. Above: how "
    )
    note += "many lie where the quantiser clips."
    put_head(figure, title, [note], keys)
    grid = figure.add_gridspec(2 * bands, _COLUMNS)
    highest = max((counts.shares.max() for counts in weights.values()), default=1.0)
    for index, name in enumerate(activations):
        band, column = divmod(index, _COLUMNS)
        upper, lower = (grid[2 * band + row, column] for row in (0, 1))
        head = shortened(name, _LONGEST)
        if name in weights:
            axes = _draw_codes(figure, upper, weights[name], head, colours)
            axes.set_ylim(0, 105 * highest)
            _label_left(axes, "weights" if column == 0 else "")
            head = ""
        axes = _draw_codes(figure, lower, activations[name], head, colours)
        _scale_shares(axes)
        _label_left(axes, "activations" if column == 0 else "")
    return figure


def _draw_codes(figure: Figure, cell: SubplotSpec, of: Codes, head: str, colours: Colours) -> Axes:
    axes = figure.add_subplot(cell)
    bars = [colours.weights if code in of.limits else colours.work for code in of.codes]
    axes.bar(of.codes, 100 * of.shares, 0.9 if len(bars) < 64 else 1.0, color=bars)
    ends = f"±{of.limits[-1]}" if len(of.limits) > 1 else str(of.limits[0])
    axes.set_title(f"{percent(of.at_limits)} at {ends}", size=SMALL)
    if head:
        place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
        axes.annotate(head, (0, 1), (0, 16), weight="bold", size=SMALL, **place)
    axes.set_xticks(sorted({int(of.codes[0]), 0, of.limits[-1]}))
    axes.tick_params(labelsize=SMALL)
    return axes


def _label_left(axes: Axes, label: str) -> None:
    """What the row shows, and its scale; neither but in the first column."""
    axes.tick_params(labelleft=bool(label))
    axes.set_ylabel(label)


def percent(share: float) -> str:
    """A share 0..1 for people, to three digits; the least that is written is 0.001 %.

    Args:
        share: any.
    """
    return f"{100 * share:.3g} %" if share == 0 or share >= 1e-5 else "< 0.001 %"


def _scale_shares(axes: Axes) -> None:
    """Logarithmic, so that rare codes show."""
    ticks = [LOWEST_SHARE, 0.1, 10]
    axes.set(yscale="log", ylim=(LOWEST_SHARE, 150))
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
