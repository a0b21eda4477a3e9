"""Pictures of a training run: its curves, and the histograms of a network's codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilewright.files import written
from tilewright_model.errors import ModelError
from tilewright_model.training.distributions import CodeCounts, Distributions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

Log = Sequence[Mapping[str, Any]]

#: as many runs as one picture can tell apart
MOST_RUNS = 20
COLOURS = ("#4c78a8", "#e45756", "#54a24b", "#b279a2", "#f2a03d", "#72b7b2", "#333333")
CODES, LIMITS = "#4c78a8", "#f2a03d"
#: column: which images it is of, and how its line looks
ACCURACIES: dict[str, tuple[str, dict[str, Any]]] = {
    "train_accuracy": ("training", {"linestyle": ":"}),
    "held_out_accuracy": ("held-out", {"linestyle": "--"}),
    "test_accuracy": ("test", {"linestyle": "-", "marker": "o", "markersize": 2.5}),
}
#: learning rates are drawn down to this share of the largest
LOWEST_RATE = 1e-4
#: activation codes are drawn down to this share, in percent
LOWEST_SHARE = 1e-3
#: characters of a run's name
LONGEST_NAME = 40
#: layers side by side
COLUMNS = 5
DPI = 120


def save_curves(logs: Mapping[str, Log], path: str | Path) -> None:
    """Draw loss, accuracies and learning rate over the epochs, a colour a run.

    Args:
        logs: by the run's name, the rows of its log: epoch, and any of loss, rate and the accuracies, in percent; a
            column may be missing and a value None.
        path: of the picture; the suffix says which format.

    Raises:
        ModelError: there is no matplotlib, or there are too many runs.
        ValueError: matplotlib does not write the format.
    """
    path = Path(path)
    if len(logs) > MOST_RUNS:
        raise ModelError(f"{len(logs)} runs are too many for one picture: name {MOST_RUNS} at most")
    figure = _figure((9, 10))
    # By hand: a layout engine draws everything twice
    figure.subplots_adjust(left=0.09, right=0.98, bottom=0.055, top=0.98 - 0.018 * len(logs), hspace=0.06)
    loss, accuracy, rate = figure.subplots(3, 1, sharex=True, height_ratios=(3, 5, 2))
    for run, (name, rows) in enumerate(logs.items()):
        for axes, key in ((loss, "loss"), (rate, "rate")):
            _draw_curve(axes, rows, key, color=_colour(run), label=_shortened(name))
    _draw_accuracies(accuracy, logs)
    _scale_rates(rate, [value for rows in logs.values() for value in _points(rows, "rate")[1]])
    loss.set_ylabel("loss on training images")
    accuracy.set_ylabel("accuracy, %")
    rate.set(ylabel="learning rate", xlabel="epoch")
    rate.locator_params(axis="x", integer=True, min_n_ticks=1)
    for axes in (loss, accuracy, rate):
        axes.yaxis.set_label_coords(-0.065, 0.5)
        axes.grid(linewidth=0.3)
    if len(logs) > 1:
        loss.legend(fontsize=9 if len(logs) <= len(COLOURS) else 6, ncols=1 + len(logs) // 10)
    figure.suptitle("\n".join(_summary(name, rows) for name, rows in logs.items()), fontsize=10, y=0.99)
    _save(figure, path)


def save_histograms(distributions: Distributions, path: str | Path, title: str = "") -> None:
    """Draw each layer's weight codes and, below them, its activation codes.

    Args:
        distributions: of a network.
        path: of the picture; the suffix says which format.
        title: above it.

    Raises:
        ModelError: there is no matplotlib.
        ValueError: it does not write the format.
    """
    path = Path(path)
    names = list(distributions.activations)
    columns, bands = min(COLUMNS, len(names)), -(-len(names) // COLUMNS)
    width, height = 2.4 * columns + 0.8, 4 * bands + 1.0
    figure = _figure((width, height))
    margins = {"left": 0.75 / width, "right": 1 - 0.15 / width, "bottom": 0.4 / height, "top": 1 - 0.95 / height}
    grid = figure.add_gridspec(
        3 * bands, columns, height_ratios=(10, 10, 1) * bands, hspace=0.5, wspace=0.12, **margins
    )
    highest = max((counts.shares.max() for counts in distributions.weights.values()), default=1.0)
    for index, name in enumerate(names):
        band, column = divmod(index, columns)
        cells = [grid[3 * band + row, column] for row in (0, 1)]
        for axes in _draw_layer(figure, cells, name, distributions, 105 * highest):
            axes.tick_params(labelsize=8, labelleft=column == 0)
    figure.supxlabel("code; orange: where the quantiser clips", fontsize=10, y=0.12 / height, va="bottom")
    figure.supylabel("share of the layer's codes, % (activations: logarithmic)", fontsize=10, x=0.1 / width, ha="left")
    figure.suptitle(title, fontsize=11, y=1 - 0.15 / height)
    _save(figure, path)


def _draw_accuracies(axes: Axes, logs: Mapping[str, Log]) -> None:
    """A colour a kind for one run; for several, a colour a run and a style a kind."""
    from matplotlib.lines import Line2D

    kinds = [key for key in ACCURACIES if any(_points(rows, key)[1] for rows in logs.values())]
    single = len(logs) == 1
    for run, rows in enumerate(logs.values()):
        for kind, key in enumerate(kinds):
            _draw_curve(axes, rows, key, color=_colour(kind if single else run), **ACCURACIES[key][1])
    handles = [
        Line2D(
            [],
            [],
            color=_colour(kind) if single else "black",
            label=f"{ACCURACIES[key][0]} images",
            **ACCURACIES[key][1],
        )
        for kind, key in enumerate(kinds)
    ]
    axes.legend(handles=handles, loc="lower right", fontsize=9)


def _draw_curve(axes: Axes, rows: Log, key: str, **style: Any) -> None:
    epochs, values = _points(rows, key)
    look: dict[str, Any] = {"linewidth": 1.2} | ({"marker": "o", "markersize": 2.5} if len(values) == 1 else {}) | style
    axes.plot(epochs, values, **look)


def _points(rows: Log, key: str) -> tuple[list[float], list[float]]:
    """Epochs and values of those rows that have one."""
    known = [row for row in rows if row.get(key) is not None]
    return [row["epoch"] for row in known], [row[key] for row in known]


def _scale_rates(axes: Axes, rates: list[float]) -> None:
    """Logarithmic, for schedules of steps; a cosine's end, next to nothing, is cut off."""
    highest = max(rates, default=0.0)
    if highest > 0:
        axes.set(yscale="log", ylim=(max(min(rates), LOWEST_RATE * highest) / 1.5, highest * 1.5))


def _summary(name: str, rows: Log) -> str:
    """A run in one line: the last value of each kind."""
    parts = [f"epoch {rows[-1]['epoch']:.0f}"]
    for key, (label, _) in ACCURACIES.items():
        values = _points(rows, key)[1]
        if values:
            parts.append(f"{label} {values[-1]:.2f} %")
    return (f"{_shortened(name)}: " if name else "") + ", ".join(parts)


def _shortened(name: str) -> str:
    """A path's end is what tells it from others."""
    return name if len(name) <= LONGEST_NAME else "…" + name[1 - LONGEST_NAME :]


def _draw_layer(
    figure: Figure, cells: list[SubplotSpec], name: str, distributions: Distributions, top: float
) -> list[Axes]:
    """Panels of weights, where there are any, up to ``top`` percent, and of activations, under the layer's name."""
    panels = []
    if name in distributions.weights:
        panels.append(figure.add_subplot(cells[0]))
        _draw_codes(panels[0], distributions.weights[name], "weights")
        panels[0].set_ylim(0, top)
    panels.append(figure.add_subplot(cells[1]))
    _draw_codes(panels[-1], distributions.activations[name], "activations")
    _scale_shares(panels[-1])
    panels[0].annotate(
        name,
        (0.5, 1),
        (0, 19),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=10,
        fontweight="bold",
    )
    return panels


def _draw_codes(axes: Axes, of: CodeCounts, what: str) -> None:
    colours = [LIMITS if code in of.limits else CODES for code in of.codes]
    axes.bar(of.codes, 100 * of.shares, 0.9 if len(colours) < 64 else 1.0, color=colours)
    ends = f"±{of.limits[-1]}" if len(of.limits) > 1 else str(of.limits[0])
    axes.set_title(f"{what}: {percent(of.at_limits)} at {ends}", fontsize=9)
    axes.set_xticks(sorted({of.lowest, 0, of.limits[-1]}))
    axes.spines[["top", "right"]].set_visible(False)


def percent(share: float) -> str:
    """A share 0..1 for people, to three digits; the least that is written is 0.001 %."""
    return f"{100 * share:.3g} %" if share == 0 or share >= 1e-5 else "< 0.001 %"


def _scale_shares(axes: Axes) -> None:
    """Logarithmic, so that rare codes show."""
    ticks = [LOWEST_SHARE, 0.1, 10]
    axes.set(yscale="log", ylim=(LOWEST_SHARE, 150))
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()


def _colour(index: int) -> Any:
    """The first runs' colours, then those of matplotlib's tab20."""
    from matplotlib import colormaps

    return COLOURS[index] if index < len(COLOURS) else colormaps["tab20"](index)


def _figure(size: tuple[float, float]) -> Figure:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModelError(f"pictures need matplotlib: pip install matplotlib ({error})") from error
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    with written(path) as partial:
        figure.savefig(partial, dpi=DPI, format=path.suffix.removeprefix("."))
