"""A golden set: a network, images, and PyTorch's integers for them, in a folder that a board without PyTorch reads."""

from __future__ import annotations

import importlib.util
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.files import file_errors
from tilewright.network.file import load_network
from tilewright.network.network import Network
from tilewright.npz import read_npz
from tilewright.pytorch.export import export_network
from tilewright.pytorch.images import Images, load_images
from tilewright.pytorch.model_options import size_options
from tilewright.pytorch.process import run_model

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


def golden_set(
    folder: Path | str, data: Path | str | None = None, count: int = 1, network_file: str | Path | None = None
) -> GoldenSet:
    """The golden set in a folder, made there first where there is none, which takes PyTorch.

    Args:
        folder: where it is or will be; its parent must exist.
        data: CIFAR-10 or a data set of one's own, for a new set: takes its first test images. None takes the packaged
            photograph.
        count: how many, for a new set.
        network_file: of a new set; None takes the trained VGG16.

    Returns:
        The set.

    Raises:
        NetworkError: a file is missing or damaged, they do not belong together, or there is no set and no PyTorch here.
        ModelProcessError: PyTorch's part failed.
    """
    network_file = None if network_file is None else Path(network_file)
    folder = Path(folder)
    if not folder.is_dir():
        _make(folder, data, count, network_file)
    network, images = load_network(folder / NETWORK_FILE), load_images(folder / IMAGE_FILE)
    expected = read_npz(folder / REFERENCE_FILE, NetworkError, "file of PyTorch's integers")
    shapes = {len(values) for values in expected.values()}
    if shapes != {len(images.pixels)}:
        raise NetworkError(f"{folder}: {len(images.pixels)} images, but results for {sorted(shapes)}: make it anew")
    return GoldenSet(network, images, expected)


def _make(folder: Path, data: Path | str | None, count: int, network_file: Path | None) -> None:
    """Writes a set, whole or not at all."""
    if importlib.util.find_spec("torch") is None:
        raise NetworkError(
            f"no golden set at {folder}, and no PyTorch here to make it: run `tilewright golden --out {folder.name}` "
            "in a checkout on a computer that has PyTorch, and copy the folder here"
        )
    network_file = network_file or export_network(None)
    with file_errors(folder), tempfile.TemporaryDirectory(prefix="golden-", dir=folder.parent) as name:
        part = Path(name) / folder.name
        part.mkdir()
        (part / NETWORK_FILE).write_bytes(network_file.read_bytes())
        size = size_options(load_network(network_file))
        chosen: list[str | Path] = ["--data", Path(data), "--count", str(count)] if data else []
        run_model("images", *size, *chosen, "--out", part / IMAGE_FILE)
        run_model("reference", network_file, "--images", part / IMAGE_FILE, "--out", part / REFERENCE_FILE)
        part.rename(folder)
