"""Images: the notebook's normalisation, and files as pixels of a given size."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from tilewright_model.errors import DataError

MEAN = (0.491, 0.482, 0.447)
STD = (0.247, 0.243, 0.262)
SIZE = 32
#: Largest magnitude that a normalised pixel can have; the 8-bit image codes span -127..127 over it.
IMAGE_ALPHA = max(max(m, 1 - m) / s for m, s in zip(MEAN, STD, strict=True))


def _normalised_values() -> Tensor:
    mean, std = torch.tensor(MEAN).view(3, 1), torch.tensor(STD).view(3, 1)
    return (torch.arange(256).float() / 255 - mean) / std


#: float32 (3, 256) on the CPU: (pixel / 255 - mean) / std of every pixel value, so that all devices see the same bits
NORMALISED = _normalised_values()


def normalise(pixels: Tensor) -> Tensor:
    """uint8 (n, 3, h, w) to float32 (n, 3, h, w) on the same device: (pixel / 255 - mean) / std per channel."""
    return look_up(NORMALISED, pixels)


def look_up(table: Tensor, pixels: Tensor) -> Tensor:
    """table[channel, pixel] for every pixel: a table (c, 256) of any dtype and uint8 (n, c, h, w) to (n, c, h, w)."""
    channels = torch.arange(len(table), device=pixels.device).view(1, -1, 1, 1)
    return table.to(pixels.device)[channels, pixels.long()]


def from_array(pixels: NDArray[np.uint8], size: tuple[int, int] = (SIZE, SIZE)) -> Tensor:
    """The largest centred part of an image that has the wanted shape, resized (bicubic).

    Args:
        pixels: uint8 (h, w, 3).
        size: height and width.

    Returns:
        uint8 (1, 3, height, width).

    Raises:
        DataError: the array is not an 8-bit RGB image.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise DataError(f"expected an RGB image (height, width, 3) of uint8, got {pixels.dtype} {pixels.shape}")
    height, width = size
    rows = max(1, min(pixels.shape[0], pixels.shape[1] * height // width))
    columns = max(1, min(pixels.shape[1], pixels.shape[0] * width // height))
    top, left = (pixels.shape[0] - rows) // 2, (pixels.shape[1] - columns) // 2
    part = Image.fromarray(pixels[top : top + rows, left : left + columns])
    resized = np.asarray(part.resize((width, height), Image.Resampling.BICUBIC))
    return torch.from_numpy(resized.transpose(2, 0, 1).copy())[None]


def from_file(path: Path, size: tuple[int, int] = (SIZE, SIZE)) -> Tensor:
    """An image file as ``from_array`` brings it to a size: uint8 (1, 3, height, width).

    Raises:
        DataError: Pillow cannot read it.
    """
    try:
        with Image.open(path) as image:
            return from_array(np.asarray(image.convert("RGB")), size)
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(
            f"cannot read the image {path}: {error}; give a PNG, JPEG or other file that Pillow reads"
        ) from error


def cat(size: tuple[int, int] = (SIZE, SIZE)) -> Tensor:
    """The cat that scikit-image ships (Chelsea), as uint8 (1, 3, *size)."""
    from skimage import data  # here: training needs no scikit-image

    return from_array(data.chelsea(), size)  # type: ignore[no-untyped-call]
