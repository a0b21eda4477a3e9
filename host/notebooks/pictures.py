"""The pictures of these notebooks, apart from them, so that the notebooks show the accelerator and not matplotlib."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from tilewright.hardware.commands import Command, Opcode
from tilewright.pictures.style import PALETTE, Theme

Array = npt.NDArray[Any]

plt.rcParams.update({"figure.dpi": 80, "font.size": 9, "axes.titlesize": 9, "figure.constrained_layout.use": True})

LIGHT = PALETTE[Theme.LIGHT]
COLOURS = {
    "positions issued": LIGHT.work,
    "waits for weights": LIGHT.weights,
    "waits for activations": LIGHT.activations,
    "waits for thresholds": LIGHT.thresholds,
    "waits for output": LIGHT.output,
    "other": LIGHT.other,
}
COMMAND_COLOURS = {
    Opcode.BEGIN: LIGHT.output,
    Opcode.LOAD: LIGHT.activations,
    Opcode.CONV: LIGHT.work,
    Opcode.WEIGHTS: LIGHT.weights,
    Opcode.THRESHOLDS: LIGHT.thresholds,
    Opcode.END: LIGHT.ink,
}
RIGHT, WRONG = LIGHT.right, LIGHT.wrong


def mosaic(maps: Array, columns: int) -> tuple[Array, list[tuple[float, float]]]:
    """Maps (count, h, w) side by side, NaN between and above them; and the middle of the gap above each, (x, y)."""
    count, h, w = maps.shape
    gap = max(1, -(-h // 4))
    rows = -(-count // columns)
    sheet = np.full((rows * (h + gap), columns * (w + 1) - 1), np.nan)
    above = []
    for index, one in enumerate(maps):
        top, left = index // columns * (h + gap) + gap, index % columns * (w + 1)
        sheet[top : top + h, left : left + w] = one
        above.append((left + (w - 1) / 2, top - (gap + 1) / 2))
    return sheet, above


def show_maps(axes: Axes, maps: Array, title: str, columns: int = 4, wrong: Collection[int] = (), **style: Any) -> None:
    """Draw maps (count, h, w) as a mosaic with a colour bar, above each its number, in red for those of ``wrong``."""
    sheet, above = mosaic(maps, columns)
    image = axes.imshow(sheet, **style)
    for channel, (x, y) in enumerate(above):
        colour = WRONG if channel in wrong else "black"
        weight = "bold" if channel in wrong else "normal"
        axes.text(x, y, str(channel), ha="center", va="center", fontsize=7, color=colour, fontweight=weight)
    axes.set_title(title)
    axes.axis("off")
    axes.figure.colorbar(image, ax=axes, shrink=0.8, ticks=MaxNLocator(5, integer=True))


def show_difference(expected: Array, got: Array, title: str, columns: int = 4) -> None:
    """Draw maps (channels, h, w) as expected, as they came, and their difference; channels that differ in red."""
    difference = got.astype(int) - expected.astype(int)
    wrong = np.flatnonzero(difference.any(axis=(1, 2))).tolist()
    limit = max(1, int(abs(difference).max()))
    codes = {"vmin": min(0, int(expected.min()), int(got.min())), "vmax": max(int(expected.max()), int(got.max()))}
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.4))
    show_maps(left, expected, "expected", columns, wrong, **codes)
    show_maps(middle, got, "accelerator", columns, wrong, **codes)
    counted = f"difference: {np.count_nonzero(difference)} of {difference.size} integers"
    show_maps(right, difference, counted, columns, wrong, cmap="RdBu", vmin=-limit, vmax=limit)
    figure.suptitle(title)
    plt.show()


def show_images(pixels: Array, titles: Sequence[str], right: Sequence[bool]) -> None:
    """Draw images uint8 (count, 3, h, w), each with its title, in red where it is wrong."""
    columns = min(8, len(pixels))
    rows = -(-len(pixels) // columns)
    _, grid = plt.subplots(rows, columns, figsize=(1.5 * columns, 1.8 * rows), squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, image, title, correct in zip(grid.flat, pixels, titles, right, strict=False):
        axes.imshow(image.transpose(1, 2, 0))
        axes.set_title(title, color="black" if correct else WRONG)
    plt.show()


def show_weight_tiles(codes: Array, n: int) -> None:
    """Draw weight codes int8 (oc, ic, kernel_h, kernel_w), a panel a tap, with the tiles' borders."""
    oc, ic, kernel_h, kernel_w = codes.shape
    figure, grid = plt.subplots(kernel_h, kernel_w, figsize=(7.5, 7), sharex=True, sharey=True)
    for ky in range(kernel_h):
        for kx in range(kernel_w):
            axes = grid[ky, kx]
            image = axes.imshow(codes[:, :, ky, kx], cmap="RdBu", vmin=-7, vmax=7)
            axes.set_title(f"tap {ky * kernel_w + kx} (ky {ky}, kx {kx})")
            for border in range(n, oc, n):
                axes.axhline(border - 0.5, color="black")
            for border in range(n, ic, n):
                axes.axvline(border - 0.5, color="black")
            axes.set(xticks=range(0, ic, 4), yticks=range(0, oc, 4))
    figure.supxlabel("input channel")
    figure.supylabel("output channel")
    figure.colorbar(image, ax=grid, shrink=0.5, label="weight code")
    plt.show()


def show_tap_windows(codes: Array, kernel: tuple[int, int], padding: int) -> None:
    """Draw one channel's codes (h, w) with their padding, and for each tap (stride 1) the positions that it meets."""
    padded = np.pad(codes, padding)
    h, w = padded.shape
    figure, grid = plt.subplots(1, kernel[0] * kernel[1], figsize=(13, 1.9))
    for kij, axes in enumerate(grid):
        ky, kx = divmod(kij, kernel[1])
        image = axes.imshow(padded, cmap="viridis", vmin=0, vmax=15)
        size = (w - kernel[1] + 1, h - kernel[0] + 1)
        axes.add_patch(Rectangle((kx - 0.5, ky - 0.5), *size, fill=False, edgecolor="red", linewidth=2.5))
        axes.set_title(f"kij {kij}")
        axes.axis("off")
    figure.colorbar(image, ax=grid, label="code")
    plt.show()


def show_passes(tiles: tuple[int, int, int], positions: int, load_cycles: int) -> None:
    """Draw when each pass of a layer runs and when its weights are loaded: the order, not a measurement.

    tiles: output tiles, input tiles, taps. positions: cycles of a pass. load_cycles: to load a weight tile.
    """
    oc_tiles, ic_tiles, taps = tiles
    _, axes = plt.subplots(figsize=(13, 2.1))
    shades = plt.get_cmap("tab20").colors  # type: ignore[attr-defined]
    passes = oc_tiles * ic_tiles * taps
    for index in range(passes):
        pair, tap = divmod(index, taps)
        oc_tile, ic_tile = divmod(pair, ic_tiles)
        start = load_cycles + index * positions
        loaded = max(0, start - positions)
        axes.broken_barh([(start, positions)], (0, 0.8), facecolor=shades[2 * pair + tap % 2], edgecolor="white")
        axes.text(start + positions / 2, 0.4, str(tap), ha="center", va="center", fontsize=8)
        axes.broken_barh([(loaded, load_cycles)], (1, 0.8), facecolor=shades[2 * pair + tap % 2])
        if tap == 0:
            middle = start + taps * positions / 2
            axes.text(middle, -0.35, f"output tile {oc_tile}, input tile {ic_tile}", ha="center", va="center")
    axes.set(yticks=[0.4, 1.4], yticklabels=["array: tap", "weights loaded"], xlabel="cycles", ylim=(-0.7, 2))
    axes.set_xlim(0, load_cycles + passes * positions)
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()


def show_partial_sums(partial: Array, running: Array, labels: Sequence[str], columns: int) -> None:
    """Draw maps (passes, h, w): what each pass adds, and below it the accumulators after it."""
    bands = -(-len(partial) // columns)
    # Without the layout engine, which takes seconds for so many axes
    size = (1.45 * columns, 3 * bands)
    figure, grid = plt.subplots(2 * bands, columns, figsize=size, squeeze=False, layout="none")
    figure.subplots_adjust(left=0.03, right=0.98, top=0.95, bottom=0.02, wspace=0.08, hspace=0.15)
    for first, maps, name in ((0, partial, "this pass"), (1, running, "sum so far")):
        limit = abs(maps).max()
        rows = grid[first::2]
        for axes, values, label in zip(rows.flat, maps, labels, strict=False):
            image = axes.imshow(values, cmap="RdBu", vmin=-limit, vmax=limit)
            axes.set_title(label if maps is partial else "")
        for axes in rows.flat:
            axes.set(xticks=[], yticks=[])
        for row in rows:
            row[0].set_ylabel(name)
        figure.colorbar(image, ax=grid, shrink=0.7, label=name, fraction=0.05, pad=0.02)
    plt.show()


def show_beats(commands: Sequence[Command], lengths: Sequence[int]) -> None:
    """Draw a program as a bar: each command as wide as its beats, header included."""
    _, axes = plt.subplots(figsize=(13, 1.5))
    start = 0
    for command, length in zip(commands, lengths, strict=True):
        colour = COMMAND_COLOURS[command.opcode]
        axes.broken_barh([(start, length)], (0, 1), facecolor=colour, edgecolor="white", label=command.opcode.name)
        if length > sum(lengths) / 25:
            axes.text(start + length / 2, 0.5, f"{command.opcode.name}\n{length} beats", ha="center", va="center")
        start += length
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    axes.legend(handles.values(), handles.keys(), ncols=6, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    axes.set(yticks=[], xlim=(0, start), xlabel="beat of the program (64 bits)")
    plt.show()


def show_spent_cycles(
    names: Sequence[str], spent: Sequence[Mapping[str, int]], notes: Sequence[str], title: str
) -> None:
    """Draw what cycles were spent on, a bar a name: keys of ``spent`` as of COLOURS, ``notes`` behind the bars."""
    figure, (share, total) = plt.subplots(1, 2, figsize=(12, 0.9 + 0.3 * len(names)), sharey=True)
    for axes, scale in ((share, True), (total, False)):
        left = np.zeros(len(names))
        for cause, colour in COLOURS.items():
            cycles = np.array([one.get(cause, 0) for one in spent], dtype=float)
            if scale:
                cycles /= [sum(one.values()) for one in spent]
            axes.barh(names, cycles, left=left, color=colour, label=cause)
            left += cycles
    for index, note in enumerate(notes):
        share.text(1.01, index, note, va="center", transform=share.get_yaxis_transform())
    share.set(xlim=(0, 1), xlabel="share of the cycles")
    total.set(xlabel="cycles")
    share.invert_yaxis()
    figure.suptitle(title)
    figure.legend(*share.get_legend_handles_labels(), ncols=6, loc="outside lower center", frameon=False)
    plt.show()


def show_mismatches(names: Sequence[str], differing: Sequence[int], compared: Sequence[int]) -> None:
    """Draw how many of each layer's integers differ."""
    _, axes = plt.subplots(figsize=(9, 2.6))
    axes.bar(names, differing, color=WRONG)
    for index, (wrong, whole) in enumerate(zip(differing, compared, strict=True)):
        axes.text(index, max(wrong, 1), f"{wrong}\n{wrong / whole:.1%}" if wrong else "0", ha="center", va="bottom")
    axes.set(ylabel="integers that differ", yscale="log", ylim=(1, 40 * max(differing)))
    axes.tick_params(axis="x", rotation=40)
    plt.show()


def show_wrong_places(expected: Array, got: Array, title: str) -> None:
    """Draw a channel (h, w) as expected and as it came, and where they differ."""
    figure, grid = plt.subplots(1, 3, figsize=(9, 2.9))
    # Light colours, on which numbers can be read
    codes = {"cmap": "Blues", "vmin": min(expected.min(), got.min()), "vmax": 2 * max(expected.max(), got.max())}
    places = {"cmap": ListedColormap(["#eeeeee", WRONG]), "vmin": 0, "vmax": 1}
    difference = got - expected
    pictures: list[tuple[Array, Array, str, dict[str, Any]]] = [
        (expected, expected, "PyTorch", codes),
        (got, got, "accelerator", codes),
        (difference, difference != 0, "difference", places),
    ]
    for axes, (values, shades, name, style) in zip(grid, pictures, strict=True):
        axes.imshow(shades, **style)
        axes.set(title=name, xlabel="column", xticks=range(values.shape[1]), yticks=range(values.shape[0]))
        for (row, column), value in np.ndenumerate(values):
            axes.text(column, row, str(value), ha="center", va="center")
    grid[0].set_ylabel("row")
    figure.suptitle(title)
    plt.show()


def show_running_sum(got: Array, expected: Array, labels: Sequence[str], title: str) -> None:
    """Draw an accumulator after each pass (passes,), as read from the waveform and as it should be."""
    _, axes = plt.subplots(figsize=(12, 3))
    axes.plot(expected, "o-", color=RIGHT, label="with the right weights")
    axes.plot(got, "x--", color=WRONG, label="in the waveform")
    wrong = np.flatnonzero(got != expected)
    if len(wrong):
        axes.axvspan(wrong[0] - 0.5, wrong[0] + 0.5, color=WRONG, alpha=0.15, label="first wrong pass")
    axes.set_xticks(range(len(labels)), labels, fontsize=7)
    axes.set(xlabel="pass: input tile, tap ky,kx", ylabel="accumulator", title=title)
    axes.legend()
    plt.show()


def show_signals(cycles: Array, signals: Mapping[str, Array], marked: Mapping[str, Array], title: str) -> None:
    """Draw integer signals over cycles as a waveform viewer does; ``marked`` says in which cycles some are wrong."""
    _, axes = plt.subplots(figsize=(13, 0.6 + 0.42 * len(signals)))
    for row, (name, values) in enumerate(signals.items()):
        wrong = marked.get(name, np.zeros(len(values), dtype=bool))
        starts = np.flatnonzero(np.r_[True, (values[1:] != values[:-1]) | (wrong[1:] != wrong[:-1])])
        for start, end in zip(starts, [*starts[1:], len(values)], strict=True):
            colour = WRONG if wrong[start] else RIGHT
            box = Rectangle((cycles[start], row + 0.1), end - start, 0.8, facecolor=colour, alpha=0.3, edgecolor=colour)
            axes.add_patch(box)
            axes.text(
                cycles[start] + (end - start) / 2, row + 0.5, str(values[start]), ha="center", va="center", fontsize=8
            )
    axes.set_yticks(np.arange(len(signals)) + 0.5, list(signals))
    axes.set(xlim=(cycles[0], cycles[-1] + 1), ylim=(len(signals), 0), xlabel="cycle of the program", title=title)
    axes.ticklabel_format(axis="x", useOffset=False, style="plain")
    axes.spines[["top", "right"]].set_visible(False)
    plt.show()
