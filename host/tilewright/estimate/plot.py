"""An estimate as a figure: what the array does over time, and the roofline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilewright.compiler.timing import CommandTiming
from tilewright.estimate.estimate import CommandEstimate, Estimate, LayerEstimate
from tilewright.files import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {
    "positions issued": "#4c78a8",
    "waits for weights": "#e45756",
    "waits for activations": "#f2a03d",
    "waits for thresholds": "#b279a2",
    "waits for output": "#72b7b2",
    "other": "#bab0ac",
}
# A run of commands is labelled if it takes this share of the time line
_LABELLED_SHARE = 0.015
# Points of the roofline that differ by less share a label
_NEAR = 0.08


def save_figure(estimate: Estimate, path: str | Path) -> None:
    """Writes both diagrams into one file; the suffix says which format.

    Args:
        estimate: what is drawn.
        path: the file.

    Raises:
        ImportError: there is no matplotlib.
        OSError: the file cannot be written.
        ValueError: the suffix names no format that matplotlib writes.
    """
    path = Path(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 10), layout="constrained")
    FigureCanvasAgg(figure)
    over_time, roofline = figure.subplots(2, 1)
    n = estimate.hardware.n
    figure.suptitle(
        f"{estimate.network} on {n}x{n}, batch {estimate.batch}, stall probability {estimate.stall_probability:g}: "
        f"{estimate.program_cycles} program cycles, program utilisation {estimate.program_utilisation:.1%}"
    )
    _draw_time_line(over_time, estimate)
    _draw_roofline(roofline, estimate)
    with written(path) as partial:
        figure.savefig(partial, dpi=120, format=path.suffix.removeprefix(".") or "png")


def _draw_time_line(axes: Axes, estimate: Estimate) -> None:
    """For each CONV command a bar as wide as it lasts, divided by what its cycles are spent on."""
    starts = [command.timing.start for command in estimate.commands]
    widths = [command.timing.cycles for command in estimate.commands]
    spent = [_spent(command.timing) for command in estimate.commands]
    bottom = [0.0] * len(starts)
    for index, (name, colour) in enumerate(_COLOURS.items()):
        heights = [parts[index] / max(1, width) for parts, width in zip(spent, widths, strict=True)]
        axes.bar(starts, heights, widths, bottom, align="edge", color=colour, label=name, linewidth=0)
        bottom = [low + high for low, high in zip(bottom, heights, strict=True)]
    for first, last, layer in _runs(estimate.commands):
        axes.axvline(first, color="white", linewidth=0.4)
        if last - first >= _LABELLED_SHARE * estimate.program_cycles:
            name = estimate.layers[layer].name
            axes.text((first + last) / 2, 1.01, name, rotation=60, ha="left", va="bottom", fontsize=7)
    axes.set(xlim=(0, estimate.program_cycles), ylim=(0, 1), xlabel="cycles", ylabel="share of the array's cycles")
    axes.legend(loc="lower left", fontsize=8, ncols=3)


def _spent(timing: CommandTiming) -> tuple[int, ...]:
    """A command's cycles in the order of the colours."""
    stalls = (timing.stall_weights, timing.stall_activations, timing.stall_thresholds, timing.stall_output)
    return (timing.mac_cycles, *stalls, timing.cycles - timing.mac_cycles - sum(stalls))


def _runs(commands: Sequence[CommandEstimate]) -> list[tuple[int, int, int]]:
    """Commands of one layer that follow each other: first cycle, last cycle, layer."""
    runs: list[tuple[int, int, int]] = []
    for command in commands:
        start, end = command.timing.start, command.timing.start + command.timing.cycles
        if runs and runs[-1][2] == command.layer:
            start = runs.pop()[0]
        runs.append((start, end, command.layer))
    return runs


def _draw_roofline(axes: Axes, estimate: Estimate) -> None:
    """Multiplications a cycle against multiplications a beat, under what array and stream allow."""
    layers = [layer for layer in estimate.layers if layer.macs]
    peak, rate = estimate.hardware.n**2, 1 - estimate.stall_probability
    for point, names in _labels(layers).items():
        axes.annotate(names, point, xytext=(4, -9), textcoords="offset points", fontsize=7)
    for layer in layers:
        axes.plot(layer.macs_a_beat, _macs_a_cycle(layer), "o", color="#4c78a8")
    most = max([layer.macs_a_beat for layer in layers], default=1.0)
    least = min([layer.macs_a_beat for layer in layers], default=1.0)
    ridge = peak / rate
    low, high = min(least, ridge) / 2, max(most, ridge) * 3
    style: dict[str, Any] = {"color": "black", "linewidth": 1}
    axes.plot([low, ridge], [low * rate, peak], label=f"stream: {rate:g} beat(s) a cycle", linestyle="--", **style)
    axes.plot([ridge, high], [peak, peak], label=f"array: {peak} multiplications a cycle", **style)
    axes.set(xscale="log", yscale="log", xlim=(low, high))
    axes.set(xlabel="multiplications a program beat", ylabel="multiplications a cycle")
    axes.legend(loc="lower right", fontsize=8)
    axes.grid(which="major", linewidth=0.3)


def _labels(layers: Sequence[LayerEstimate]) -> dict[tuple[float, float], str]:
    """Where to write which names: layers whose points are close share a label."""
    labels: dict[tuple[float, float], list[str]] = {}
    for layer in layers:
        point = (layer.macs_a_beat, _macs_a_cycle(layer))
        near = [at for at in labels if all(abs(a / b - 1) < _NEAR for a, b in zip(at, point, strict=True))]
        labels.setdefault(near[0] if near else point, []).append(layer.name)
    return {at: ", ".join(names) for at, names in labels.items()}


def _macs_a_cycle(layer: LayerEstimate) -> float:
    return layer.macs / layer.command_cycles
