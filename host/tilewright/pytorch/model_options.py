"""Options of ``python -m tilewright_model`` for images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tilewright.network.network import Network


def size_options(network: Network) -> list[str | Path]:
    """What names a network's size and channels of images to a command of ``python -m tilewright_model``."""
    channels, height, width = map(str, network.image)
    return ["--size", height, width, "--channels", channels]


def image_options(images: Sequence[str | Path], data: str | Path | None, count: int | None) -> list[str | Path]:
    """What names images to a command of ``python -m tilewright_model``; arguments as of ``capture_layer``."""
    options: list[str | Path] = []
    for image in images:
        options += ["--images", image]
    if data is not None:
        options += ["--data", data]
    if count is not None:
        options += ["--count", str(count)]
    return options
