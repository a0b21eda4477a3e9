"""A network's integers for a golden file: PyTorch's where there is PyTorch, else those of the numpy reference."""

from __future__ import annotations

import importlib.util
import tempfile
from enum import Enum
from pathlib import Path

from tilewright.errors import NetworkError
from tilewright.network.file import load_network
from tilewright.network.golden_file import GoldenFile, computed, sha256_of
from tilewright.network.inference import check_images
from tilewright.npz import read_npz
from tilewright.pytorch.images import Images
from tilewright.pytorch.process import run_model


class Reference(str, Enum):
    """What computes golden integers."""

    PYTORCH = "pytorch"
    NUMPY = "numpy"


def golden_integers(network_file: str | Path, images: Images, reference: Reference | None = None) -> GoldenFile:
    """Computes every layer's map and the predictions.

    Args:
        network_file: the network.
        images: to run.
        reference: what computes; None takes PyTorch where this Python has it.

    Raises:
        NetworkError: the images do not fit the network, or there is no PyTorch here.
        ModelProcessError: PyTorch's part failed.
    """
    network = load_network(network_file)
    check_images(network, images.pixels)
    there = importlib.util.find_spec("torch") is not None
    if reference is Reference.PYTORCH and not there:
        raise NetworkError("--reference pytorch: there is no PyTorch here; leave it out, numpy computes the same")
    if reference is Reference.NUMPY or not there:
        return computed(network, network_file, images.pixels, images.source)
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        given, made = Path(folder) / "images.npz", Path(folder) / "reference.npz"
        images.save(given)
        run_model("reference", network_file, "--images", given, "--out", made)
        expected = read_npz(made, NetworkError, "file of PyTorch's integers")
    return GoldenFile(sha256_of(network_file), "PyTorch", images.source, images.pixels, expected)
