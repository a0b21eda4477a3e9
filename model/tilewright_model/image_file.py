"""Sets of images: from files, CIFAR-10 or scikit-image, and the .npz that carries them."""

from pathlib import Path

import numpy as np
import torch

from tilewright.npz_file import read_npz
from tilewright_model import image
from tilewright_model.data import Images, load_cifar10
from tilewright_model.errors import DataError
from tilewright_model.files import written

#: label of an image of which none is known
UNKNOWN = -1


def collect(
    files: list[Path], data: Path | None, first: int, count: int, size: tuple[int, int] = (image.SIZE, image.SIZE)
) -> tuple[Images, str]:
    """Images of `size` (height, width) and where they come from: `files`, else CIFAR-10's test images in `data`, from
    number `first`, else scikit-image's cat.

    Raises DataError if both are given, a file is unreadable, or the test images are fewer.
    """
    if files and data:
        raise DataError("give image files or CIFAR-10's folder, not both")
    if data:
        test = load_cifar10(data, "test").part(first, count)
        if size != (image.SIZE, image.SIZE):
            resized = [image.from_array(picture.permute(1, 2, 0).numpy(), size) for picture in test.pixels]
            test = Images(torch.cat(resized), test.labels)
        return test, f"CIFAR-10 test images {first}..{first + count - 1}"
    pixels = torch.cat([image.from_file(file, size) for file in files]) if files else image.cat(size)
    source = ", ".join(file.name for file in files) if files else "scikit-image's chelsea"
    return Images(pixels, torch.full((len(pixels),), UNKNOWN)), source


def save_images(path: Path, images: Images, source: str) -> None:
    """Write the .npz: pixels uint8 (n, 3, h, w), labels int64 (n,), source a 0-d string."""
    with written(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, pixels=images.pixels.numpy(), labels=images.labels.numpy(), source=np.array(source))


def load_images(path: Path) -> Images:
    """The images that `save_images` wrote. Raises DataError if the file is missing or holds something else."""
    try:
        arrays = read_npz(path, ("pixels", "labels"))
        pixels, labels = arrays["pixels"], arrays["labels"]
    except FileNotFoundError as error:
        raise DataError(f"no images at {path}; write them with `python -m tilewright_model images`") from error
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path} is no file of images ({error}); write it anew with `images`") from error
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or labels.dtype != np.int64 or labels.shape != pixels.shape[:1]:
        raise DataError(
            f"{path}: expected pixels uint8 (n, c, h, w) and labels int64 (n,), got {pixels.dtype} {pixels.shape} and "
            f"{labels.dtype} {labels.shape}"
        )
    return Images(torch.from_numpy(pixels), torch.from_numpy(labels))
