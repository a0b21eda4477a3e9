"""What a run needs from model/: network files, images, and PyTorch's own results while the accelerator computes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.cache import cache_folder
from tilewright.errors import NetworkError
from tilewright.files import file_errors, write_npz
from tilewright.layer_names import trained_checkpoint
from tilewright.model_process import ModelProcess, run_model
from tilewright.npz import read_npz

# To be raised when model/'s export changes, so that cached network files are written anew
EXPORT_REVISION = 2
_POLL_SECONDS = 0.1
# A batch of 16 takes PyTorch some seconds on one core.
BATCH_SECONDS = 1800.0


@dataclass(frozen=True)
class Images:
    """Images and where they come from.

    Attributes:
        pixels: uint8 (images, channels, h, w).
        labels: int64 (images,); -1 where unknown.
        source: in words.
    """

    pixels: npt.NDArray[np.uint8] = field(repr=False)
    labels: npt.NDArray[np.int64] = field(repr=False)
    source: str

    def save(self, path: Path) -> None:
        """Writes the images as an ``.npz`` that :func:`load_images` and model/ read."""
        write_npz(path, {"pixels": self.pixels, "labels": self.labels, "source": np.array(self.source)})


def export_network(checkpoint: Path | None) -> Path:
    """A checkpoint's network file, exported once and kept in the cache.

    Args:
        checkpoint: a file that model/ reads; None takes the trained one.

    Returns:
        The network file.

    Raises:
        NetworkError: there is no such checkpoint.
        ModelProcessError: the export failed.
        CacheError: the cache cannot be used.
    """
    chosen = checkpoint or trained_checkpoint()
    if not chosen.is_file():
        advice = "" if checkpoint else ": only a checkout has the trained network; give a network file or a checkpoint"
        raise NetworkError(f"{chosen}: no such checkpoint{advice}")
    name = f"{hashlib.sha256(chosen.read_bytes()).hexdigest()[:24]}-{EXPORT_REVISION}"
    path = cache_folder() / "networks" / f"{name}.safetensors"
    if not path.is_file():
        with file_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        run_model("export", "--checkpoint", chosen, "--out", path)
    return path


def load_images(path: Path) -> Images:
    """Reads an ``.npz`` of images: ``pixels``, and if there are any, ``labels`` and ``source``.

    Args:
        path: the file.

    Returns:
        The images.

    Raises:
        NetworkError: the file is missing or damaged, or holds no uint8 images.
    """
    arrays = read_npz(path, NetworkError, "image file", ("pixels", "labels", "source"))
    pixels = arrays.get("pixels")
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim != 4 or len(pixels) == 0:
        found = "no array 'pixels'" if pixels is None else f"{pixels.dtype} {pixels.shape}"
        raise NetworkError(f"{path}: expected uint8 'pixels' (images, channels, height, width), found {found}")
    labels = arrays.get("labels", np.full(len(pixels), -1)).astype(np.int64)
    if labels.shape != (len(pixels),):
        raise NetworkError(f"{path}: {len(pixels)} images but labels of shape {labels.shape}")
    return Images(pixels, labels, str(arrays.get("source", path.name)))


def model_images(arguments: Sequence[str | Path], folder: Path) -> Images:
    """Images that model/ reads: image files, CIFAR-10's test images, or the packaged photograph.

    Args:
        arguments: of ``python -m tilewright_model images``.
        folder: for the file that it writes.

    Raises:
        ModelProcessError: it failed.
    """
    path = folder / "images.npz"
    run_model("images", *arguments, "--out", path)
    return load_images(path)


class PyTorchReference:
    """PyTorch's own integers for a run's images, computed beside it, a chunk a batch.

    Use it with ``with``: the process ends with the block.

    Args:
        network_file: the network.
        images: of the run.
        batch: images a chunk.
        all_layers: whether every layer's codes are wanted, or the last accumulators only.
        folder: for the files in between.
    """

    def __init__(self, network_file: Path, images: Images, batch: int, all_layers: bool, folder: Path) -> None:
        self._folder = folder / "reference"
        self._folder.mkdir()
        file = folder / "reference_images.npz"
        images.save(file)
        layers = "all" if all_layers else "last"
        options = ("--images", file, "--layers", layers, "--chunk", str(batch), "--out", self._folder)
        self._process = ModelProcess("reference", network_file, *options)

    def __enter__(self) -> PyTorchReference:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()

    def chunk(self, index: int) -> dict[str, npt.NDArray[Any]]:
        """The arrays of a batch, waiting for them if need be.

        Args:
            index: of the batch.

        Raises:
            ModelProcessError: PyTorch's process failed.
            NetworkError: it ended without this batch, or took more than ``BATCH_SECONDS``.
        """
        path = self._folder / f"{index:05d}.npz"
        end = time.monotonic() + BATCH_SECONDS
        while not path.is_file():
            if time.monotonic() > end:
                raise NetworkError(f"PyTorch's process has not written batch {index} in {BATCH_SECONDS:g} s")
            if not self._process.running() and not path.is_file():
                raise NetworkError(f"PyTorch's process ended without writing batch {index}")
            time.sleep(_POLL_SECONDS)
        arrays = read_npz(path, NetworkError, "file of PyTorch's integers")
        path.unlink()
        return arrays
