"""Every picture of several networks, light and dark: no text on another, none cut, the same each time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from functools import cache
from pathlib import Path

import matplotlib
import networks
import numpy as np
import pytest
from matplotlib.figure import Figure
from seen_pictures import faults_of, texts_of

from tilewright.compiler.network import CompiledNetwork, compile_network
from tilewright.estimate.estimate import Estimate, estimate_compiled
from tilewright.hardware.parameters import HardwareParameters
from tilewright.network.network import Network
from tilewright.pictures import (
    confusion,
    curves,
    histograms,
    layer_error,
    memory,
    network_graph,
    roofline,
    style,
    time_line,
)
from tilewright.pictures.labels import joined
from tilewright.pictures.style import Theme

Draw = Callable[[Theme], Figure]

# Name: network, array, batch
PROGRAMS = {"vgg": (8, 1), "vgg batch": (32, 16), "small": (16, 2), "deep": (16, 1)}
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def deep_network() -> Network:
    """As deep as a ResNet-20 with its shortcuts, with names as long."""
    rng = np.random.default_rng(0)
    names = [
        "stem.conv",
        *(f"stages.{stage}.{block}.conv{half}" for stage in "012" for block in "012" for half in "12"),
    ]
    names += ["stages.1.0.shortcut", "stages.2.0.shortcut", "head.conv"]
    layers = [networks.conv(rng, name, 8, 8, pool=2 if name.endswith("0.conv1") else 1) for name in names[1:-1]]
    first = networks.conv(rng, names[0], 3, 8, image=True)
    last = networks.conv(rng, names[-1], 8, 8, (1, 1), padding=0, last=True)
    return networks.network(rng, "deep", (32, 32), [first, *layers, last])


@cache
def compiled(name: str) -> CompiledNetwork:
    made = {"small": networks.small_network, "deep": deep_network}.get(name, networks.vgg_network)()
    n, batch = PROGRAMS[name]
    return compile_network(made, HardwareParameters(n=n).array, batch)


@cache
def estimate(name: str) -> Estimate:
    return estimate_compiled(compiled(name), HardwareParameters(n=PROGRAMS[name][0]))


OF_PROGRAMS: dict[str, Callable[[str, Theme], Figure]] = {
    "time line": lambda name, theme: time_line.draw(estimate(name), theme=theme),
    "roofline": lambda name, theme: roofline.draw(estimate(name), theme=theme),
    "memory": lambda name, theme: memory.draw(compiled(name), theme=theme),
    "network": lambda name, theme: network_graph.draw(compiled(name).network, theme=theme),
}


def training_log(epochs: int) -> list[dict[str, float | None]]:
    return [
        {
            "epoch": epoch,
            "loss": 2 / epoch,
            "rate": 0.1 / epoch,
            "train_accuracy": 99 - 50 / epoch,
            "held_out_accuracy": 95 - 40 / epoch,
            "test_accuracy": None if epoch % 5 else 94.0,
        }
        for epoch in range(1, epochs + 1)
    ]


class Counted:
    """Codes of a tensor."""

    def __init__(self, lowest: int, highest: int) -> None:
        self.codes = np.arange(lowest, highest + 1)
        self.shares = np.full(len(self.codes), 1 / len(self.codes))
        self.limits = (lowest, highest) if lowest else (highest,)
        self.at_limits = len(self.limits) / len(self.codes)


def histograms_of_layers(theme: Theme) -> Figure:
    names = [f"features.{index}" for index in range(6)]
    weights = {name: Counted(-7, 7) for name in names[1:]}
    activations = {name: Counted(-127, 127) if index == 0 else Counted(0, 15) for index, name in enumerate(names)}
    return histograms.draw(weights, activations, title="VGG16", theme=theme)


def confusion_of(classes: int, names: tuple[str, ...], theme: Theme) -> Figure:
    labels = np.arange(classes).repeat(20)
    predictions = np.where(np.arange(len(labels)) % 7 == 0, (labels + 1) % classes, labels)
    return confusion.draw(labels, predictions, names, theme=theme)


OTHERS: dict[str, Draw] = {
    "curves": lambda theme: curves.draw({"": training_log(40)}, theme=theme),
    "curves of runs": lambda theme: curves.draw({f"run {n}": training_log(3 + n) for n in range(9)}, theme=theme),
    "histograms": histograms_of_layers,
    "confusion": lambda theme: confusion_of(10, CLASSES, theme),
    "confusion of 100": lambda theme: confusion_of(100, (), theme),
    "layer error": lambda theme: layer_error.draw(
        {"features.0": 22.3, "features.3": float("inf"), "features.7": -1.5}, name="VGG16", images=2, theme=theme
    ),
}
ALL: dict[str, Draw] = {
    **{name: (lambda theme, draw=draw: draw("small", theme)) for name, draw in OF_PROGRAMS.items()},
    **OTHERS,
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("picture", OF_PROGRAMS)
def test_no_text_of_a_program_s_picture_lies_on_another(picture: str, program: str) -> None:
    assert faults_of(OF_PROGRAMS[picture](program, Theme.LIGHT)) == []


@pytest.mark.parametrize("picture", OTHERS)
def test_no_text_lies_on_another(picture: str) -> None:
    assert faults_of(OTHERS[picture](Theme.LIGHT)) == []


@pytest.mark.parametrize("picture", ALL)
def test_svg_is_whole(picture: str) -> None:
    text = style.svg_text(ALL[picture](Theme.DARK))
    root = ElementTree.fromstring(text)
    assert root.get("aria-label") and root.get("role") == "img"
    assert style.PALETTE[Theme.DARK].background in text and style.PALETTE[Theme.LIGHT].background not in text
    ids = ids_of(text)
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) == set(ids) and len(ids) == len(set(ids))


def test_svg_is_the_same_each_time_and_shares_no_id_with_another() -> None:
    light, again, dark = (style.svg_text(ALL["network"](theme)) for theme in (Theme.LIGHT, Theme.LIGHT, Theme.DARK))
    assert light == again and set(ids_of(light)).isdisjoint(ids_of(dark))


def ids_of(text: str) -> list[str]:
    return re.findall(r' id="([^"]+)"', text)


def test_a_picture_s_texts_are_those_of_the_other_theme() -> None:
    light, dark = ([(seen.text, seen.box.bounds) for seen in texts_of(ALL["network"](theme))] for theme in Theme)
    assert light == dark


def test_users_settings_change_nothing_and_are_not_changed(tmp_path: Path) -> None:
    plain = style.svg_text(ALL["layer error"](Theme.LIGHT))
    with matplotlib.rc_context({"font.size": 30.0, "axes.facecolor": "red", "svg.fonttype": "none"}):
        before = dict(matplotlib.rcParams)
        figure = ALL["layer error"](Theme.LIGHT)
        style.save(figure, tmp_path / "x.svg")
        assert dict(matplotlib.rcParams) == before
    assert (tmp_path / "x.svg").read_text(encoding="utf-8") == plain


def test_every_layer_is_named() -> None:
    for picture, axes in (("time line", 1), ("memory", 1)):
        texts = [seen.text for seen in texts_of(OF_PROGRAMS[picture]("deep", Theme.LIGHT))]
        assert all(texts.count(layer.name) >= axes for layer in compiled("deep").network.layers), picture
    on_roof = " ".join(seen.text for seen in texts_of(OF_PROGRAMS["roofline"]("vgg", Theme.LIGHT)))
    assert all(re.search(rf"\b{layer.name}\b", on_roof) for layer in compiled("vgg").network.layers)
    on_roof = " ".join(seen.text for seen in texts_of(OF_PROGRAMS["roofline"]("deep", Theme.LIGHT)))
    ends = [layer.name.removeprefix("stages.").partition(".")[2] for layer in compiled("deep").network.layers]
    assert all(on_roof.count(end) >= ends.count(end) for end in ends)


def test_the_time_line_s_bars_are_the_layers_cycles() -> None:
    """True multiplications, other issued cycles and the stalls make up 100 % of every layer."""
    figure = OF_PROGRAMS["time line"]("small", Theme.LIGHT)
    _, spent = figure.axes
    ends: dict[int, float] = {}
    for bar in spent.patches:
        row = round(bar.get_y() + bar.get_height() / 2)
        assert bar.get_x() == pytest.approx(ends.get(row, 0.0))
        ends[row] = bar.get_x() + bar.get_width()
    layers = estimate("small").layers
    assert ends == {row: pytest.approx(100) for row in range(len(layers))}
    work = spent.patches[0].get_width()
    assert work == pytest.approx(100 * layers[0].command_utilisation)


def test_maps_that_share_a_time_share_no_address() -> None:
    figure = OF_PROGRAMS["memory"]("vgg batch", Theme.LIGHT)
    boxes = [patch.get_bbox() for patch in figure.axes[0].patches]
    assert len(boxes) == len(compiled("vgg batch").placement.schedule.buffers)
    for index, one in enumerate(boxes):
        for other in boxes[:index]:
            apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
            assert apart, (one, other)


def test_the_roof_is_that_of_the_stream() -> None:
    """A stream of 128 bits brings two beats of 64 a cycle."""
    network = compiled("small").network
    for width, beats in ((64, 1), (128, 2)):
        hardware = HardwareParameters(n=16, stream_w=width)
        made = roofline.draw(estimate_compiled(compile_network(network, hardware.array, 1), hardware))
        slope = made.axes[0].lines[0].get_xydata()
        assert slope[1] == pytest.approx([256 / beats, 256])


def test_labels_that_share_a_place_share_their_beginning() -> None:
    assert joined(["features.3", "features.7"]) == "features.3, 7"
    assert joined(["a.1", "b.1"]) == "a.1, b.1" and joined(["one"]) == "one"
    assert joined(["s.1.0.a", "s.1.1.b"]) == "s.1.0.a, 1.b" and joined(["a", "a.b"]) == "a, a.b"
    assert joined(["a" * 20, "b" * 20, "c"]) == f"{'a' * 20},\n{'b' * 20}, c"


def test_a_confusion_without_images_is_refused() -> None:
    for labels, predictions in (([], []), ([1], [1, 2])):
        with pytest.raises(ValueError, match="one of each an image"):
            confusion.draw(labels, predictions)


def test_names_are_shown_as_they_are() -> None:
    name = r"$\frac$ <b> & \"c\""
    figure = layer_error.draw({name: 20.0}, name=name, images=1)
    assert name in [seen.text for seen in texts_of(figure)]
    assert ElementTree.fromstring(style.svg_text(figure)).get("aria-label", "").startswith(name)


def test_faults_are_seen() -> None:
    """Of a text on another, and of one that is cut."""
    figure = style.new_figure(4, 2, Theme.LIGHT)
    figure.text(0.5, 0.5, "one")
    figure.text(0.51, 0.5, "other")
    figure.text(0.97, 0.1, "wide")
    assert faults_of(figure) == ["'wide' is cut", "'one' on 'other'"]
