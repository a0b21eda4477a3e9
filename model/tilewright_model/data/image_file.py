"""Sets of images: from files, data sets or scikit-image, and the .npz that carries them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from tilewright.file_kinds import Role, refusal
from tilewright.files import write_npz
from tilewright.npz import read_npz
from tilewright_model.data import pixels as image
from tilewright_model.data.cifar10 import Images
from tilewright_model.data.cifar10_folder import is_cifar10
from tilewright_model.data.data_set import load_data_set
from tilewright_model.errors import DataError

#: label of an image of which none is known
UNKNOWN = -1


def collect(
    files: Sequence[str | Path],
    data: str | Path | None,
    first: int = 0,
    count: int | None = None,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
) -> tuple[Images, str]:
    """Images of files, of a data set, or scikit-image's cat.

    Args:
        files: image files, or one .npz.
        data: CIFAR-10 or a data set of one's own; its test images are taken.
        first: number of the first image of ``data`` or of the .npz.
        count: how many of them; None takes one of ``data``, all of the .npz.
        size: height and width; None takes 32x32, or the .npz's own.
        channels: 1 or 3; None takes 3, or the .npz's own.

    Returns:
        The images, and where they come from.

    Raises:
        DataError: files and data are given, a file cannot be read, or the images are fewer.
    """
    paths = [Path(file) for file in files]
    if paths and data:
        raise DataError("give image files or a data set, not both")
    if data:
        count = count or 1
        test = load_data_set(data, "test", (channels or 3, *(size or (image.SIZE, image.SIZE)))).part(first, count)
        name = "CIFAR-10 test images" if is_cifar10(data) else f"{Path(data).name}, test images"
        return _resized(test, size, channels), f"{name} {first}..{first + count - 1}"
    if paths and paths[0].suffix == ".npz":
        if len(paths) > 1:
            raise DataError("give image files, or one .npz")
        return _resized(load_images(paths[0]).part(first, count), size, channels), paths[0].name
    size, channels = size or (image.SIZE, image.SIZE), channels or 3
    pictures = [image.from_file(file, size, channels) for file in paths] or [image.cat(size, channels)]
    source = ", ".join(file.name for file in paths) if paths else "scikit-image's chelsea"
    return Images(torch.cat(pictures), torch.full((len(pictures),), UNKNOWN)), source


def _resized(images: Images, size: tuple[int, int] | None, channels: int | None) -> Images:
    found = images.pixels.shape
    if size in (None, tuple(found[2:])) and channels in (None, found[1]):
        return images
    pictures = image.with_channels(images.pixels.permute(0, 2, 3, 1).numpy(), channels or found[1])
    scaled = [image.from_array(picture, size or (found[2], found[3])) for picture in pictures]
    return replace(images, pixels=torch.cat(scaled))


def save_images(path: str | Path, images: Images, source: str) -> None:
    """Write the .npz: pixels uint8 (n, c, h, w), labels int64 (n,), source a 0-d string, classes texts if known."""
    arrays = {"pixels": images.pixels.numpy(), "labels": images.labels.numpy(), "source": np.array(source)}
    arrays |= {"classes": np.array(images.classes)} if images.classes else {}
    write_npz(path, arrays, compressed=True)


def load_images(path: str | Path) -> Images:
    """The images that ``save_images`` wrote, or of any .npz with ``pixels`` and perhaps ``labels``.

    Raises:
        DataError: the file is missing or holds something else.
    """
    if reason := refusal(path, Role.IMAGES):
        raise DataError(reason)
    arrays = read_npz(path, DataError, "image file", ("pixels", "labels", "classes"))
    if "pixels" not in arrays:
        raise DataError(f"{path}: no image file, it has no pixels; write one with `images`")
    pixels = arrays["pixels"]
    labels = arrays.get("labels", np.full(pixels.shape[:1], UNKNOWN))
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or labels.dtype != np.int64 or labels.shape != pixels.shape[:1]:
        raise DataError(
            f"{path}: expected pixels uint8 (n, c, h, w) and labels int64 (n,), got {pixels.dtype} {pixels.shape} and "
            f"{labels.dtype} {labels.shape}"
        )
    classes = arrays.get("classes", np.empty(0, "U1"))
    return Images(torch.from_numpy(pixels), torch.from_numpy(labels), tuple(map(str, classes.tolist())))
