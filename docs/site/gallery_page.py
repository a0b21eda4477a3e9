"""The site's gallery: every picture, light and dark, of what the repository holds; drawn as the site is built."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from tilewright.compiler.network import CompiledNetwork, compile_network
from tilewright.estimate.estimate import Estimate, estimate_compiled
from tilewright.explore.exploration import explore
from tilewright.explore.space import Space, places
from tilewright.hardware.parameters import HardwareParameters
from tilewright.network.file import load_network
from tilewright.network.inference import image_codes, infer
from tilewright.network.network import Network
from tilewright.network.rounding import signal_to_error
from tilewright.pictures import (
    confusion,
    curves,
    designs,
    histograms,
    layer_error,
    memory,
    network_graph,
    roofline,
    time_line,
)
from tilewright.pictures.style import Theme, svg_text

ROOT = Path(__file__).resolve().parents[2]
PACKAGED = ROOT / "host" / "tilewright" / "packaged"
CHECKPOINT = ROOT / "model" / "checkpoints" / "vgg16_w4a4_cifar10"
HEAD = """# Gallery

Every picture that the commands draw, here of the trained VGG16, drawn anew whenever these pages are built. `--dark`
draws for dark pages; a file's suffix says SVG or PNG. In Python: `tilewright.pictures`, a module a picture. Colours
keep their meaning from picture to picture, and those who see colours differently can tell them apart.
"""


@dataclass(frozen=True)
class Shown:
    """A picture of the gallery: its heading, the command that draws it, what to look for, and how it is drawn."""

    title: str
    command: str
    text: str
    draw: Callable[[Theme], Figure]

    def name(self, theme: Theme) -> str:
        """Of its file."""
        return f"{self.title.lower().replace(' ', '_')}_{theme.value}.svg"


@dataclass(frozen=True)
class Counted:
    """How often each code of a tensor occurs, as :class:`tilewright.pictures.histograms.Codes` asks."""

    codes: npt.NDArray[np.int64]
    shares: npt.NDArray[np.float64]
    limits: tuple[int, ...]

    @property
    def at_limits(self) -> float:
        """Share of codes at which the quantiser clips."""
        return float(self.shares[np.isin(self.codes, self.limits)].sum())


def page() -> str:
    """The page's Markdown."""
    parts = [HEAD]
    for shown in PICTURES:
        images = "\n".join(f"![{shown.title}](pictures/{shown.name(theme)}#only-{theme.value})" for theme in Theme)
        parts.append(f"## {shown.title}\n\n{shown.text}\n\n    {shown.command}\n\n{images}\n")
    return "\n".join(parts)


@cache
def files() -> dict[str, str]:
    """The pictures' files, by their paths below docs."""
    return {f"pictures/{shown.name(theme)}": svg_text(shown.draw(theme)) for shown in PICTURES for theme in Theme}


@cache
def vgg16() -> Network:
    """The network that the wheel holds."""
    return load_network(PACKAGED / "vgg16_w4a4_cifar10.safetensors")


@cache
def program(n: int, batch: int) -> tuple[CompiledNetwork, Estimate]:
    """Compiled and estimated."""
    hardware = HardwareParameters(n=n)
    compiled = compile_network(vgg16(), hardware.array, batch)
    return compiled, estimate_compiled(compiled, hardware)


def cat() -> npt.NDArray[np.uint8]:
    """The packaged image, uint8 (1, 3, 32, 32)."""
    with np.load(PACKAGED / "vgg16_w4a4_cifar10_cat.npz") as archive:
        pixels: npt.NDArray[np.uint8] = archive["pixels"]
    return pixels


def training_log() -> list[dict[str, float | None]]:
    """The trained network's."""
    with CHECKPOINT.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return [{key: _number(text) for key, text in row.items()} for row in csv.DictReader(file)]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _designs(theme: Theme) -> Figure:
    space = Space(places(("pynq_z2", "zcu104")), (8, 16, 32), None, (64,), (1, 4))
    return designs.draw(explore(vgg16(), space), theme=theme)


def _confusion(theme: Theme) -> Figure:
    found = json.loads((ROOT / "docs" / "results" / "confusion.json").read_text(encoding="utf-8"))["result"]
    return confusion.draw_counts(np.array(found["confusion"]), found["classes"], theme=theme)


def _layer_error(theme: Theme) -> Figure:
    return layer_error.draw(signal_to_error(vgg16(), cat()), name=vgg16().name, images=1, theme=theme)


def _histograms(theme: Theme) -> Figure:
    network, pixels = vgg16(), cat()
    reads = [image_codes(network, pixels), *(codes for _, codes in infer(network, pixels))]
    weights, activations = {}, {}
    for layer, codes in zip(network.layers, reads, strict=False):
        if layer.weights is not None:
            weights[layer.name] = _counted(layer.weights, -layer.weight_levels, layer.weight_levels)
        lowest = -layer.activation_levels if layer.image_input else 0
        activations[layer.name] = _counted(codes, lowest, layer.activation_levels)
    title = f"{network.name}: codes of its weights, and of an image"
    return histograms.draw(weights, activations, title=title, theme=theme)


def _counted(codes: npt.NDArray[Any], lowest: int, highest: int) -> Counted:
    counts = np.bincount(codes.ravel().astype(np.int64) - lowest, minlength=highest - lowest + 1)
    limits = (lowest, highest) if lowest else (highest,)
    return Counted(np.arange(lowest, highest + 1), counts / counts.sum(), limits)


ESTIMATE = "tilewright estimate --array 32 --batch 4 --plot vgg16.png"
PICTURES = (
    Shown(
        "Time line",
        f"{ESTIMATE}  # vgg16.png",
        "When each layer runs, and what its cycles are spent on. With four images, the last layers wait for their "
        "weights: a larger batch uses each of them more often.",
        lambda theme: time_line.draw(program(32, 4)[1], theme=theme),
    ),
    Shown(
        "Roofline",
        f"{ESTIMATE}  # vgg16-roofline.png",
        "What limits each layer: the array, or the stream that brings weights. `features.27` lies above the slope: its "
        "weights came while the layer before it computed. `features.0` reads the image twice, and fills 27 of 32 rows.",
        lambda theme: roofline.draw(program(32, 4)[1], theme=theme),
    ),
    Shown(
        "Memory",
        "tilewright estimate --array 16 --batch 4 --plot vgg16.png  # vgg16-memory.png",
        "Which map lies where in the activation memory while which layer runs. Images go through the first two layers "
        "one by one, since their maps are large.",
        lambda theme: memory.draw(program(16, 4)[0], theme=theme),
    ),
    Shown(
        "Network",
        f"{ESTIMATE}  # vgg16-network.png",
        "What each layer does, and the map that it leaves.",
        lambda theme: network_graph.draw(vgg16(), theme=theme),
    ),
    Shown(
        "Designs",
        "tilewright explore --plot explore.png",
        "Which array for which board: of every combination, how full the part is, and how many images a second. Here a "
        "few of them, for two boards.",
        _designs,
    ),
    Shown(
        "Curves",
        "python -m tilewright_model plot build/training  # curves.png",
        "A training run, or several; here the one that made the shipped network.",
        lambda theme: curves.draw({"VGG16": training_log()}, theme=theme),
    ),
    Shown(
        "Confusion",
        "python -m tilewright_model evaluate --data $CIFAR10_ROOT --plot confusion.png",
        "What the network calls images of each class: all of CIFAR-10's test images. Cats and dogs are its difficulty.",
        _confusion,
    ),
    Shown(
        "Codes",
        "python -m tilewright_model plot build/training  # histograms.png",
        "How often each weight and each activation code occurs; here the activations of one image.",
        _histograms,
    ),
    Shown(
        "Error by layer",
        "python docs/site/gallery_page.py  # all of these, into build/gallery",
        "How far each layer's integers are from the same network in float; here of one image.",
        _layer_error,
    ),
)


def main() -> None:
    """Write all pictures into build/gallery."""
    for name, text in files().items():
        path = ROOT / "build" / "gallery" / Path(name).name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
