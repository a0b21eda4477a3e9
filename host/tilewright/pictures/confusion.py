"""The confusion matrix: what a network calls images of each class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tilewright.network.confusion import Counts, confusion
from tilewright.pictures.style import PALETTE, SMALL, WIDTH, Colours, Theme, new_figure, put_head, themed
from tilewright.pictures.words import shortened

# Inches of a class, of the axes beside them, and of a matrix of classes without numbers
_CELL, _REST, _WITHOUT = 0.34, 1.1, 4.6
# As many classes have names, and numbers in the cells
_NAMED = 20
_LONGEST = 14
# Share of a row from which on a cell is in the full colour
_FULL = 0.1


def draw(
    labels: npt.ArrayLike, predictions: npt.ArrayLike, classes: Sequence[str] = (), *, theme: Theme = Theme.LIGHT
) -> Figure:
    """The picture, of images.

    Args:
        labels: what they are, integers (images,).
        predictions: what they are called, integers (images,).
        classes: names; numbers where there are none.
        theme: light or dark.

    Raises:
        ValueError: there are no images, or not as many labels as predictions.
    """
    return draw_counts(confusion(labels, predictions, len(classes)), classes, theme=theme)


@themed
def draw_counts(counts: Counts, classes: Sequence[str] = (), *, theme: Theme = Theme.LIGHT) -> Figure:
    """The picture, of images that are counted.

    Args:
        counts: integers (classes, classes): row what they are, column what they are called; of an image at least.
        classes: names; numbers where there are none.
        theme: light or dark.
    """
    colours, size = PALETTE[theme], len(counts)
    right, total = int(np.trace(counts)), int(counts.sum())
    body = _CELL * size + _REST if size <= _NAMED else _WITHOUT
    figure = new_figure(WIDTH, body, theme)
    note = f"Rows: what images are; columns: what they are called. Orange: mistakes, in full from {_FULL:.0%} of a row."
    put_head(figure, f"{right:,} of {total:,} images right ({right / total:.2%})", [note])
    axes = figure.subplots()
    _draw_cells(axes, counts, colours)
    axes.set(xlabel="called", ylabel="is")
    if size <= _NAMED:
        names = [shortened(name, _LONGEST) for name in (*classes, *map(str, range(len(classes), size)))]
        axes.set_xticks(range(size), names, rotation=90 if max(map(len, names)) > 3 else 0)
        axes.set_yticks(range(size), names)
        _write_counts(axes, counts, colours)
    else:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(10, integer=True))
    return figure


def _draw_cells(axes: Axes, counts: Counts, colours: Colours) -> None:
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    mistakes = np.where(np.eye(len(counts), dtype=bool), 0, np.minimum(shares / _FULL, 1))
    shades = LinearSegmentedColormap.from_list("mistakes", [colours.background, colours.wrong])
    pixels = shades(mistakes)
    pixels[np.eye(len(counts), dtype=bool)] = LinearSegmentedColormap.from_list(
        "right", [colours.background, colours.right]
    )(0.35)
    axes.imshow(pixels, aspect="auto" if len(counts) <= _NAMED else "equal", interpolation="nearest")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _write_counts(axes: Axes, counts: Counts, colours: Colours) -> None:
    for (row, column), count in np.ndenumerate(counts):
        if count:
            weight = "bold" if row == column else "normal"
            axes.text(column, row, str(count), ha="center", va="center", size=SMALL, weight=weight, color=colours.ink)
    for row, share in enumerate(np.diagonal(counts) / np.maximum(1, counts.sum(1))):
        axes.text(len(counts) - 0.35, row, f"{share:.1%}", va="center", size=SMALL, color=colours.muted)
    axes.text(len(counts) - 0.35, -0.8, "right", va="center", size=SMALL, color=colours.muted)
