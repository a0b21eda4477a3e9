"""An estimate over time: a row a layer, when it runs, and what its cycles are spent on."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tilewright.estimate.estimate import CommandEstimate, Estimate, LayerEstimate
from tilewright.pictures.style import PALETTE, SMALL, WIDTH, Colours, Theme, new_figure, put_head, themed
from tilewright.pictures.words import cycles_unit, how_exact, program_words, shortened

# Inches of a row, and of the axis and the headings of the columns
_ROW, _REST = 0.25, 0.75
#: What a layer's cycles are spent on, and the name of its colour
SPENT = {
    "true multiplications": "work",
    "other issued cycles": "issued",
    "waits for weights": "weights",
    "waits for activations": "activations",
    "waits for thresholds": "thresholds",
    "waits for output": "output",
    "between commands": "other",
}
NOTE = (
    "Left: when each layer runs. Right: what its cycles are spent on. Other issued cycles: channels that do not fill "
    "the array, and the second pass over the image."
)


@themed
def draw(estimate: Estimate, *, theme: Theme = Theme.LIGHT) -> Figure:
    """The picture.

    Args:
        estimate: what is drawn.
        theme: light or dark.
    """
    layers, colours = estimate.layers, PALETTE[theme]
    shares = [_shares(layer) for layer in layers]
    found = [name for index, name in enumerate(SPENT) if any(one[index] > 0 for one in shares)]
    handles = [Patch(color=getattr(colours, SPENT[name]), label=name) for name in found]
    figure = new_figure(WIDTH, _ROW * len(layers) + _REST, theme)
    put_head(figure, program_words(estimate), [f"{NOTE} {how_exact(estimate)}"], handles)
    when, spent = figure.subplots(1, 2, sharey=True, width_ratios=(5, 4))
    _draw_when(when, estimate, colours)
    _draw_spent(spent, shares, colours)
    time = [layer.command_cycles / estimate.program_cycles for layer in layers]
    _put_column(when, "of time", time, colours.muted)
    _put_column(spent, "true", [layer.command_utilisation for layer in layers], colours.muted)
    when.set_yticks(range(len(layers)), [shortened(layer.name) for layer in layers])
    when.set_ylim(len(layers) - 0.5, -0.5)
    return figure


def _draw_when(axes: Axes, estimate: Estimate, colours: Colours) -> None:
    unit, name = cycles_unit(estimate.program_cycles)
    for first, last, layer in _runs(estimate.commands):
        axes.broken_barh(
            [(first / unit, (last - first) / unit)], (layer - 0.34, 0.68), color=colours.muted, linewidth=0.6
        )
    axes.set(xlim=(0, estimate.program_cycles / unit), xlabel=f"time, {name}")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def _draw_spent(axes: Axes, shares: Sequence[tuple[float, ...]], colours: Colours) -> None:
    rows = range(len(shares))
    left = [0.0] * len(shares)
    for index, colour in enumerate(SPENT.values()):
        widths = [100 * one[index] for one in shares]
        if not any(widths):
            continue
        axes.barh(rows, widths, 0.68, left, color=getattr(colours, colour), linewidth=0)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.set(xlim=(0, 100), xlabel="its cycles, %")
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.spines["left"].set_visible(False)


def _put_column(axes: Axes, heading: str, shares: Sequence[float], muted: str) -> None:
    """Percentages right of the bars."""
    place = axes.get_yaxis_transform()
    for row, share in enumerate(shares):
        axes.text(1.02, row, _percent(share), transform=place, va="center", size=SMALL)
    axes.text(1.02, 1, heading, transform=axes.transAxes, va="bottom", size=SMALL, color=muted)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else "<1 %"


def _shares(layer: LayerEstimate) -> tuple[float, ...]:
    """Of a layer's cycles, in the order of SPENT; pooling can drop positions that count as multiplications."""
    work = min(layer.macs / layer.peak_macs, layer.mac_cycles)
    stalls = layer.stalls
    parts = (
        work, layer.mac_cycles - work, stalls.weights, stalls.activations, stalls.thresholds, stalls.output, layer.other
    )  # fmt: skip
    return tuple(part / layer.command_cycles for part in parts)


def _runs(commands: Sequence[CommandEstimate]) -> list[tuple[int, int, int]]:
    """Commands of one layer that follow each other: first cycle, last cycle, layer."""
    runs: list[tuple[int, int, int]] = []
    for command in commands:
        start, end = command.timing.start, command.timing.start + command.timing.cycles
        if runs and runs[-1][2] == command.layer:
            start = runs.pop()[0]
        runs.append((start, end, command.layer))
    return runs
