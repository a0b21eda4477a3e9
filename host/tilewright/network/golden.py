"""A golden set: a network, images, and PyTorch's integers for them, in a folder that a board without PyTorch reads."""

from __future__ import annotations

import importlib.util
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.model_process import run_model
from tilewright.network.file import load_network
from tilewright.network.graph import Network
from tilewright.network.prepare import Images, export_network, load_images
from tilewright.npz_file import read_npz

NETWORK_FILE, IMAGE_FILE, REFERENCE_FILE = "network.safetensors", "images.npz", "reference.npz"


@dataclass(frozen=True)
class GoldenSet:
    """What a board needs to run a network and to compare every layer.

    Attributes:
        network: the network.
        images: to run.
        expected: PyTorch's ``LAYER.codes`` of each layer but the last, the last one's ``LAYER.accumulators``,
            ``scores`` and ``predictions``; the first axis of each counts the images.
    """

    network: Network
    images: Images
    expected: dict[str, npt.NDArray[Any]] = field(repr=False)

    def part(self, images: slice) -> dict[str, npt.NDArray[Any]]:
        """What is expected for some of the images."""
        return {name: values[images] for name, values in self.expected.items()}


def golden_set(folder: Path | str, cifar10: Path | str | None = None, count: int = 1) -> GoldenSet:
    """The golden set in a folder, made there first where there is none, which takes PyTorch.

    Args:
        folder: where it is or will be; its parent must exist.
        cifar10: CIFAR-10's folder, for a new set: takes its first test images. None takes the packaged photograph.
        count: how many, for a new set.

    Returns:
        The set.

    Raises:
        NetworkError: a file is missing or damaged, they do not belong together, or there is no set and no PyTorch here.
        ModelProcessError: PyTorch's part failed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        _make(folder, cifar10, count)
    network, images = load_network(folder / NETWORK_FILE), load_images(folder / IMAGE_FILE)
    expected = _load_reference(folder / REFERENCE_FILE)
    shapes = {len(values) for values in expected.values()}
    if shapes != {len(images.pixels)}:
        raise NetworkError(f"{folder}: {len(images.pixels)} images, but results for {sorted(shapes)}: make it anew")
    return GoldenSet(network, images, expected)


def _make(folder: Path, cifar10: Path | str | None, count: int) -> None:
    """Writes a set, whole or not at all."""
    if importlib.util.find_spec("torch") is None:
        raise NetworkError(
            f"no golden set at {folder}, and no PyTorch here to make it: run `tilewright golden {folder.name}` in a "
            "checkout on a computer that has PyTorch, and copy the folder here"
        )
    with tempfile.TemporaryDirectory(prefix="golden-", dir=folder.parent) as name:
        part = Path(name) / folder.name
        part.mkdir()
        exported = export_network(None)
        (part / NETWORK_FILE).write_bytes(exported.read_bytes())
        chosen: list[str | Path] = ["--data", Path(cifar10), "--count", str(count)] if cifar10 else []
        run_model("images", *chosen, "--out", part / IMAGE_FILE)
        run_model("reference", exported, "--images", part / IMAGE_FILE, "--out", part / REFERENCE_FILE)
        part.rename(folder)


def _load_reference(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        return read_npz(path)
    except (OSError, ValueError) as error:
        raise NetworkError(f"{path}: not a readable file of PyTorch's integers: {error}") from error
