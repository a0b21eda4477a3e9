"""CIFAR-10 as tensors: from a ``cifar10.npz``, from torchvision's folder, or downloaded by torchvision."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tilewright.environment import cache_folder
from tilewright.files import file_errors
from tilewright.npz import read_npz
from tilewright_model.errors import DataError

NPZ = "cifar10.npz"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TORCHVISION_FOLDER = "cifar-10-batches-py"


@dataclass(frozen=True)
class Images:
    """Images, their labels, and what the labels mean.

    Attributes:
        pixels: uint8 (n, c, h, w), on one device with the labels.
        labels: int64 (n,), -1 where unknown.
        classes: the labels' names; empty where they have none.
    """

    pixels: Tensor
    labels: Tensor
    classes: tuple[str, ...] = ()

    def to(self, device: torch.device) -> "Images":
        """The same images on ``device``."""
        return replace(self, pixels=self.pixels.to(device), labels=self.labels.to(device))

    def first(self, count: int | None) -> "Images":
        """The first ``count`` images (all of them if None)."""
        return replace(self, pixels=self.pixels[:count], labels=self.labels[:count])

    def part(self, first: int, count: int | None) -> "Images":
        """Images in order.

        Args:
            first: number of the first.
            count: how many; None takes all that follow.

        Raises:
            DataError: there are fewer.
        """
        stop = len(self) if count is None else first + count
        if not first < stop <= len(self):
            asked = f"{first}..{stop - 1}" if count else f"from {first} on"
            raise DataError(f"images {asked} were asked for; there are {len(self)}, from 0 on")
        return replace(self, pixels=self.pixels[first:stop], labels=self.labels[first:stop])

    def __len__(self) -> int:
        return len(self.labels)


def load_cifar10(root: str | Path | None, split: str) -> Images:
    """The images of CIFAR-10.

    Args:
        root: a folder with ``cifar10.npz``, such a file, or torchvision's folder; None lets torchvision download into
            ``cifar10`` of the cache.
        split: "train" (50,000 images) or "test" (10,000).

    Raises:
        DataError: there is no CIFAR-10 at ``root``.
        CacheError: the cache cannot be used.
    """
    root = None if root is None else Path(root)
    if root is None:
        folder = cache_folder() / "cifar10"
        with file_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return _from_torchvision(folder, split, download=True)
    file = root / NPZ if root.is_dir() else root
    if file.is_file():
        return _from_npz(file, split)
    if root.name == TORCHVISION_FOLDER:
        return _from_torchvision(root.parent, split, download=False)
    if (root / TORCHVISION_FOLDER).is_dir():
        return _from_torchvision(root, split, download=False)
    raise DataError(
        f"no CIFAR-10 at {root}: expected {NPZ} or torchvision's folder {TORCHVISION_FOLDER} in it; "
        "set CIFAR10_ROOT or --data to a folder that holds one, or leave both out to download"
    )


def _from_npz(file: Path, split: str) -> Images:
    keys = (f"{split}_images", f"{split}_labels")
    arrays = read_npz(file, DataError, "CIFAR-10 archive", keys)
    for key in keys:
        if key not in arrays:
            raise DataError(f"{file}: no CIFAR-10 archive, it has no {key}")
    pixels, labels = (arrays[key] for key in keys)
    return _checked(pixels, labels, file)


def _from_torchvision(root: Path, split: str, *, download: bool) -> Images:
    # imported here, so that cifar10.npz works where torchvision is not installed
    from torchvision.datasets import CIFAR10

    try:
        dataset = CIFAR10(str(root), train=split == "train", download=download)
    except (OSError, RuntimeError) as error:
        raise DataError(f"torchvision cannot read CIFAR-10 in {root}: {error}") from error
    return _checked(dataset.data, np.asarray(dataset.targets), root)


def _checked(pixels: NDArray[Any], labels: NDArray[Any], source: Path) -> Images:
    if pixels.shape != (len(labels), 32, 32, 3) or pixels.dtype != np.uint8:
        raise DataError(
            f"{source}: expected uint8 images (n, 32, 32, 3) with n labels, got {pixels.dtype} {pixels.shape}"
        )
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < len(CLASSES):
        raise DataError(
            f"{source}: labels {labels.min()} to {labels.max()}, and CIFAR-10's are 0 to 9; a data set of your own has "
            "the arrays `images` and `labels` (docs/training.md)"
        )
    pixels = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))
    return Images(torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64)), CLASSES)
