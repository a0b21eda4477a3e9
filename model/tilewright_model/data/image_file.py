"""Sets of images: from files, CIFAR-10 or scikit-image, and the .npz that carries them."""

from pathlib import Path

import numpy as np
import torch

from tilewright.file_kinds import Role, refusal
from tilewright.files import write_npz
from tilewright.npz import read_npz
from tilewright_model.data import pixels as image
from tilewright_model.data.cifar10 import Images, load_cifar10
from tilewright_model.errors import DataError

#: label of an image of which none is known
UNKNOWN = -1


def collect(
    files: list[Path], data: Path | None, first: int = 0, count: int | None = None, size: tuple[int, int] | None = None
) -> tuple[Images, str]:
    """Images and where they come from: image `files` or one .npz, else CIFAR-10's in `data`, else scikit-image's cat.

    Of CIFAR-10's test images and of an .npz, `count` from number `first` on; None: one of CIFAR-10, all of the .npz.
    size: height and width; None: 32x32, or the .npz's own. Raises DataError if files and data are given, a file is
    unreadable, or the images are fewer.
    """
    if files and data:
        raise DataError("give image files or CIFAR-10's folder, not both")
    if data:
        count = count or 1
        test = load_cifar10(data, "test").part(first, count)
        return _resized(test, size), f"CIFAR-10 test images {first}..{first + count - 1}"
    if files and files[0].suffix == ".npz":
        if len(files) > 1:
            raise DataError("give image files, or one .npz")
        return _resized(load_images(files[0]).part(first, count), size), files[0].name
    size = size or (image.SIZE, image.SIZE)
    pixels = torch.cat([image.from_file(file, size) for file in files]) if files else image.cat(size)
    source = ", ".join(file.name for file in files) if files else "scikit-image's chelsea"
    return Images(pixels, torch.full((len(pixels),), UNKNOWN)), source


def _resized(images: Images, size: tuple[int, int] | None) -> Images:
    if size is None or size == tuple(images.pixels.shape[2:]):
        return images
    pixels = [image.from_array(picture.permute(1, 2, 0).numpy(), size) for picture in images.pixels]
    return Images(torch.cat(pixels), images.labels)


def save_images(path: Path, images: Images, source: str) -> None:
    """Write the .npz: pixels uint8 (n, 3, h, w), labels int64 (n,), source a 0-d string."""
    arrays = {"pixels": images.pixels.numpy(), "labels": images.labels.numpy(), "source": np.array(source)}
    write_npz(path, arrays, compressed=True)


def load_images(path: Path) -> Images:
    """The images that `save_images` wrote, or of any .npz with `pixels` and perhaps `labels`.

    Raises DataError if the file is missing or holds something else.
    """
    if reason := refusal(path, Role.IMAGES):
        raise DataError(reason)
    arrays = read_npz(path, DataError, "image file", ("pixels", "labels"))
    if "pixels" not in arrays:
        raise DataError(f"{path}: no image file, it has no pixels; write one with `images`")
    pixels = arrays["pixels"]
    labels = arrays.get("labels", np.full(pixels.shape[:1], UNKNOWN))
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or labels.dtype != np.int64 or labels.shape != pixels.shape[:1]:
        raise DataError(
            f"{path}: expected pixels uint8 (n, c, h, w) and labels int64 (n,), got {pixels.dtype} {pixels.shape} and "
            f"{labels.dtype} {labels.shape}"
        )
    return Images(torch.from_numpy(pixels), torch.from_numpy(labels))
