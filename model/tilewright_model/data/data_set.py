"""Labelled images for training and measuring: CIFAR-10, or a data set of one's own (docs/training.md)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tilewright.npz import read_npz
from tilewright_model.data import pixels as image
from tilewright_model.data.cifar10 import Images, load_cifar10
from tilewright_model.data.cifar10_folder import is_cifar10
from tilewright_model.data.own_data import ARRAYS, own_part
from tilewright_model.errors import DataError

IMAGE = (3, image.SIZE, image.SIZE)


def load_data_set(root: str | Path | None, split: str, size: tuple[int, int, int] = IMAGE) -> Images:
    """The images of a split.

    Args:
        root: a folder or an .npz; None downloads CIFAR-10.
        split: "train" or "test".
        size: channels, height and width; image files are brought to it, arrays to its channels alone.

    Returns:
        The images; of image folders in an order of chance, the same each time.

    Raises:
        DataError: there are none at `root`, or they are not what docs/training.md says; names file and array.
        CacheError: the cache cannot be used.
    """
    if root is None or is_cifar10(root):
        return load_cifar10(root, split)
    part = own_part(root, split)
    return _from_npz(part, size[0]) if part.is_file() else _from_folder(part, size)


def check_size(images: Images, size: tuple[int, int, int]) -> None:
    """Make sure that a network takes the images.

    Args:
        images: of a data set.
        size: the network's channels, height and width.

    Raises:
        DataError: they are of another size; says what to do.
    """
    found = tuple(images.pixels.shape[1:])
    if found != size:
        ours, theirs = ("x".join(map(str, shape)) for shape in (size, found))
        raise DataError(
            f"the network takes images of {ours}, the data set has {theirs}: scale them, or give a folder of image "
            "files, which are scaled as they are read"
        )


def numbered(images: Images, names: tuple[str, ...], count: int) -> Images:
    """The images with labels as a network numbers its classes.

    Args:
        images: of a data set.
        names: of the network's classes, by number; empty if they have none.
        count: how many classes the network has.

    Returns:
        The same images; where both have names, the labels that the network has for them.

    Raises:
        DataError: the data set has a class that the network has not; names it.
    """
    if images.classes and names:
        unknown = [name for name in images.classes if name not in names]
        if unknown:
            raise DataError(f"the data set's classes {unknown} are none of the network's: {', '.join(names)}")
        numbers = torch.tensor([names.index(name) for name in images.classes], device=images.labels.device)
        images = replace(images, labels=numbers[images.labels], classes=names)
    largest = int(images.labels.max())
    if largest >= count:
        raise DataError(f"the data set has labels up to {largest}, and the network has {count} classes, from 0 on")
    return images


def class_count(images: Images) -> int:
    """How many classes a data set has: those that it names, else up to the largest label."""
    return len(images.classes) or int(images.labels.max()) + 1


def _from_npz(file: Path, channels: int) -> Images:
    arrays = read_npz(file, DataError, "data set", ARRAYS)
    missing = [key for key in ARRAYS[:2] if key not in arrays]
    if missing:
        raise DataError(f"{file} has no array {' and no '.join(map(repr, missing))} (docs/training.md)")
    pixels, labels = arrays["images"], arrays["labels"]
    pixels = pixels[..., None] if pixels.ndim == 3 else pixels
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] not in (1, 3) or not pixels.size:
        raise DataError(
            f"{file}: `images` are {arrays['images'].dtype} {arrays['images'].shape}, expected uint8 "
            "(n, height, width, 3), or (n, height, width) for grey"
        )
    if labels.dtype.kind not in "iu" or labels.shape != pixels.shape[:1] or int(labels.min()) < 0:
        raise DataError(
            f"{file}: `labels` are {labels.dtype} {labels.shape}{_least(labels)}, expected {len(pixels)} integers, one "
            "an image, from 0 on"
        )
    classes = _names(file, arrays.get("classes"), int(labels.max()))
    pixels = np.ascontiguousarray(image.with_channels(pixels, channels).transpose(0, 3, 1, 2))
    return Images(torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64)), classes)


def _least(labels: NDArray[Any]) -> str:
    return f" from {labels.min()} on" if labels.size and labels.dtype.kind in "iu" else ""


def _names(file: Path, names: NDArray[Any] | None, largest: int) -> tuple[str, ...]:
    if names is None:
        return ()
    if names.dtype.kind != "U" or names.ndim != 1 or len(names) <= largest or len(set(names.tolist())) < len(names):
        raise DataError(
            f"{file}: `classes` are {names.dtype} {names.shape}, expected different texts, one a label 0 to {largest}"
        )
    return tuple(names.tolist())


def _from_folder(folder: Path, size: tuple[int, int, int]) -> Images:
    # imported here, so that arrays work where torchvision is not installed
    from torchvision.datasets import ImageFolder

    try:
        found = ImageFolder(str(folder))
    except (OSError, RuntimeError) as error:
        raise DataError(f"{folder} is no folder with a folder of images for each class: {error}") from error
    order = np.random.default_rng(0).permutation(len(found.samples)).tolist()
    pixels = [image.from_file(Path(found.samples[number][0]), size[1:], size[0]) for number in order]
    labels = torch.tensor([found.samples[number][1] for number in order])
    return Images(torch.cat(pixels), labels, tuple(found.classes))
