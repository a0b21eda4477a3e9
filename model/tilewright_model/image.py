"""Images: the notebook's normalisation, and files as 32x32 pixels."""

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


def normalise(pixels: Tensor) -> Tensor:
    """uint8 (n, 3, h, w) to float32: (pixel / 255 - mean) / std per channel."""
    mean = torch.tensor(MEAN, device=pixels.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=pixels.device).view(1, 3, 1, 1)
    return (pixels.float() / 255 - mean) / std


def from_array(pixels: NDArray[np.uint8]) -> Tensor:
    """uint8 (h, w, 3) of any size to uint8 (1, 3, 32, 32): centre square, then bicubic resize.

    Raises DataError if the array is not an 8-bit RGB image.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise DataError(f"expected an RGB image (height, width, 3) of uint8, got {pixels.dtype} {pixels.shape}")
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    square = Image.fromarray(pixels[top : top + side, left : left + side])
    resized = np.asarray(square.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    return torch.from_numpy(resized.transpose(2, 0, 1).copy())[None]


def from_file(path: Path) -> Tensor:
    """An image file as uint8 (1, 3, 32, 32). Raises DataError if Pillow cannot read it."""
    try:
        with Image.open(path) as image:
            return from_array(np.asarray(image.convert("RGB")))
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(
            f"cannot read the image {path}: {error}; give a PNG, JPEG or other file that Pillow reads"
        ) from error


def cat() -> Tensor:
    """The cat that scikit-image ships (Chelsea), as uint8 (1, 3, 32, 32)."""
    from skimage import data  # here: training needs no scikit-image

    return from_array(data.chelsea())  # type: ignore[no-untyped-call]
