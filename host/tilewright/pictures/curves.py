"""The curves of training runs: loss, accuracies and rate over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from tilewright.pictures.style import PALETTE, WIDTH, Colours, Theme, new_figure, put_head, themed
from tilewright.pictures.words import shortened

Log = Sequence[Mapping[str, Any]]

_HEIGHT = 6.4
#: column: which images it is of, and how its line looks
ACCURACIES: dict[str, tuple[str, dict[str, Any]]] = {
    "train_accuracy": ("training", {"linestyle": ":"}),
    "held_out_accuracy": ("held-out", {"linestyle": "--"}),
    "test_accuracy": ("test", {"linestyle": "-", "marker": "o", "markersize": 2.5}),
}
#: learning rates are drawn down to this share of the largest
LOWEST_RATE = 1e-4
# Characters of a run's name
_LONGEST = 40


@themed
def draw(logs: Mapping[str, Log], *, theme: Theme = Theme.LIGHT) -> Figure:
    """The picture: of one run a colour for each kind of images, of several a colour a run.

    Args:
        logs: by the run's name, the rows of its log: epoch, and any of loss, rate and the accuracies, in percent; a
            column may be missing and a value None.
        theme: light or dark.
    """
    colours = _run_colours(len(logs), PALETTE[theme])
    figure = new_figure(WIDTH, _HEIGHT, theme)
    kinds = [key for key in ACCURACIES if any(_points(rows, key)[1] for rows in logs.values())]
    if len(logs) == 1:
        ((name, rows),) = logs.items()
        colours = PALETTE[theme].series
        put_head(figure, _summary(name or "Training", rows), handles=_kind_keys(kinds, colours))
    else:
        runs: list[Artist] = [
            Line2D([], [], color=colour, label=_summary(name, rows))
            for colour, (name, rows) in zip(colours, logs.items(), strict=True)
        ]
        ink = [PALETTE[theme].ink] * len(kinds)
        put_head(figure, f"Training: {len(logs)} runs", handles=[*runs, *_kind_keys(kinds, ink)])
    loss, accuracy, rate = figure.subplots(3, 1, sharex=True, height_ratios=(3, 5, 2))
    for run, rows in enumerate(logs.values()):
        _draw_curve(loss, rows, "loss", color=colours[run])
        _draw_curve(rate, rows, "rate", color=colours[run])
        for kind, key in enumerate(kinds):
            _draw_curve(accuracy, rows, key, color=colours[kind if len(logs) == 1 else run], **ACCURACIES[key][1])
    _scale_rates(rate, [value for rows in logs.values() for value in _points(rows, "rate")[1]])
    loss.set_ylabel("loss, training")
    accuracy.set_ylabel("accuracy, %")
    rate.set(ylabel="learning rate", xlabel="epoch")
    rate.locator_params(axis="x", integer=True, min_n_ticks=1)
    for axes in (loss, accuracy, rate):
        axes.grid()
        axes.margins(x=0.02)
    figure.align_ylabels()
    return figure


def _run_colours(runs: int, colours: Colours) -> Sequence[Any]:
    """Those of the theme, and for more runs than it has one scale from dark to light."""
    if runs <= len(colours.series):
        return colours.series[:runs]
    darkest, lightest = (0.0, 0.85) if colours is PALETTE[Theme.LIGHT] else (0.3, 1.0)
    return [colormaps["cividis"](darkest + (lightest - darkest) * run / (runs - 1)) for run in range(runs)]


def _kind_keys(kinds: Sequence[str], colours: Sequence[Any]) -> list[Artist]:
    names = [(f"{ACCURACIES[key][0]} images", ACCURACIES[key][1]) for key in kinds]
    return [
        Line2D([], [], color=colour, label=name, **look) for (name, look), colour in zip(names, colours, strict=False)
    ]


def _draw_curve(axes: Axes, rows: Log, key: str, **style: Any) -> None:
    epochs, values = _points(rows, key)
    look: dict[str, Any] = {"linewidth": 1.3} | ({"marker": "o", "markersize": 2.5} if len(values) == 1 else {}) | style
    axes.plot(epochs, values, **look)


def _points(rows: Log, key: str) -> tuple[list[float], list[float]]:
    """Epochs and values of those rows that have one."""
    known = [row for row in rows if row.get(key) is not None]
    return [row["epoch"] for row in known], [row[key] for row in known]


def _scale_rates(axes: Axes, rates: list[float]) -> None:
    """Logarithmic with plain numbers, for schedules of steps; a cosine's end, next to nothing, is cut off."""
    highest = max(rates, default=0.0)
    if highest > 0:
        axes.set(yscale="log", ylim=(max(min(rates), LOWEST_RATE * highest) / 1.5, highest * 1.5))
        axes.yaxis.set_major_locator(LogLocator(numticks=5))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.9f}".rstrip("0").rstrip(".")))


def _summary(name: str, rows: Log) -> str:
    """A run in one line: the last value of each kind."""
    parts = [f"epoch {rows[-1]['epoch']:.0f}"]
    for key, (label, _) in ACCURACIES.items():
        values = _points(rows, key)[1]
        if values:
            parts.append(f"{label} {values[-1]:.2f} %")
    return f"{shortened(name, _LONGEST)}: {', '.join(parts)}"
