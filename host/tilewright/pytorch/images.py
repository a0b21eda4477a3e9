"""Images for a run, from files of this kind or through model/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tilewright.errors import NetworkError
from tilewright.file_kinds import Role, refusal
from tilewright.files import write_npz
from tilewright.npz import read_npz
from tilewright.pytorch.process import run_model


@dataclass(frozen=True)
class Images:
    """Images and where they come from.

    Attributes:
        pixels: uint8 (images, channels, h, w).
        labels: int64 (images,); -1 where unknown.
        source: in words.
        classes: names of the labels; empty where they have none.
    """

    pixels: npt.NDArray[np.uint8] = field(repr=False)
    labels: npt.NDArray[np.int64] = field(repr=False)
    source: str
    classes: tuple[str, ...] = ()

    def numbered(self, classes: tuple[str, ...]) -> Images:
        """The images with a network's numbers as labels.

        Args:
            classes: names of the network's classes; empty where it has none.

        Returns:
            The same images; where both have names, -1 for a class that the network has not.
        """
        if not classes or not self.classes or classes == self.classes:
            return self
        numbers = [classes.index(name) if name in classes else -1 for name in self.classes]
        labels = np.array([*numbers, -1])[self.labels]
        return replace(self, labels=labels, classes=classes)

    def save(self, path: str | Path) -> None:
        """Writes the images as an ``.npz`` that :func:`load_images` and model/ read."""
        names = {"classes": np.array(self.classes)} if self.classes else {}
        write_npz(path, {"pixels": self.pixels, "labels": self.labels, "source": np.array(self.source), **names})


def load_images(path: str | Path) -> Images:
    """Reads an ``.npz`` of images: ``pixels``, and if there are any, ``labels``, ``source`` and ``classes``.

    Args:
        path: the file.

    Returns:
        The images.

    Raises:
        NetworkError: the file is missing or damaged, or holds no uint8 images.
    """
    path = Path(path)
    other = refusal(path, Role.IMAGES)
    if other is not None:
        raise NetworkError(other)
    arrays = read_npz(path, NetworkError, "image file", ("pixels", "labels", "source", "classes"))
    pixels = arrays.get("pixels")
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim != 4 or len(pixels) == 0:
        found = "no array 'pixels'" if pixels is None else f"{pixels.dtype} {pixels.shape}"
        raise NetworkError(f"{path}: expected uint8 'pixels' (images, channels, height, width), found {found}")
    labels = arrays.get("labels", np.full(len(pixels), -1)).astype(np.int64)
    if labels.shape != (len(pixels),):
        raise NetworkError(f"{path}: {len(pixels)} images but labels of shape {labels.shape}")
    classes = arrays.get("classes", np.empty(0, "U1"))
    if classes.dtype.kind != "U" or classes.ndim != 1 or (len(classes) and int(labels.max()) >= len(classes)):
        raise NetworkError(f"{path}: `classes` are {classes.dtype} {classes.shape}, expected texts, one a label")
    return Images(pixels, labels, str(arrays.get("source", path.name)), tuple(classes.tolist()))


def model_images(arguments: Sequence[str | Path], folder: str | Path) -> Images:
    """Images that model/ reads: image files, CIFAR-10's test images, or the packaged photograph.

    Args:
        arguments: of ``python -m tilewright_model images``.
        folder: for the file that it writes.

    Raises:
        ModelProcessError: it failed.
    """
    folder = Path(folder)
    path = folder / "images.npz"
    run_model("images", *arguments, "--out", path)
    return load_images(path)
