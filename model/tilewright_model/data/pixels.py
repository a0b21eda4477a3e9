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


#: of red, green and blue in grey, in 2^16ths
GREY_SHARES = (19595, 38470, 7471)


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


def grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (..., 3) red, green, blue to uint8 (...), weighted and rounded as Pillow does."""
    shares = np.array(GREY_SHARES, np.uint32)
    return ((pixels.astype(np.uint32) @ shares + (1 << 15)) >> 16).astype(np.uint8)


def with_channels(pixels: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Images of as many channels as wanted.

    Args:
        pixels: uint8 (..., h, w, c).
        channels: c, or 1 of 3, or 3 of 1.

    Returns:
        uint8 (..., h, w, channels): grey made of colours, or grey three times.

    Raises:
        DataError: there are other numbers of channels.
    """
    found = pixels.shape[-1]
    if found == channels:
        return pixels
    if {found, channels} != {1, 3}:
        raise DataError(
            f"images of {found} channels do not become {channels}: give an .npz with `pixels` of {channels} channels"
        )
    return grey(pixels)[..., None] if channels == 1 else np.repeat(pixels, 3, axis=-1)


def from_array(pixels: NDArray[np.uint8], size: tuple[int, int] = (SIZE, SIZE)) -> Tensor:
    """The largest centred part of an image with the shape that is asked for, bicubically resized.

    Args:
        pixels: uint8 (h, w, 3), or (h, w) or (h, w, 1) for grey, of any size.
        size: height and width.

    Returns:
        uint8 (1, 3, *size), for grey (1, 1, *size).

    Raises:
        DataError: the array is no such image.
    """
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    if pixels.dtype != np.uint8 or (pixels.ndim != 2 and (pixels.ndim != 3 or pixels.shape[2] != 3)):
        raise DataError(f"expected an image (height, width, 3) or (h, w) of uint8, got {pixels.dtype} {pixels.shape}")
    height, width = size
    rows = max(1, min(pixels.shape[0], pixels.shape[1] * height // width))
    columns = max(1, min(pixels.shape[1], pixels.shape[0] * width // height))
    top, left = (pixels.shape[0] - rows) // 2, (pixels.shape[1] - columns) // 2
    part = Image.fromarray(pixels[top : top + rows, left : left + columns])
    resized = np.atleast_3d(np.asarray(part.resize((width, height), Image.Resampling.BICUBIC)))
    return torch.from_numpy(resized.transpose(2, 0, 1).copy())[None]


def from_file(path: str | Path, size: tuple[int, int] = (SIZE, SIZE), channels: int = 3) -> Tensor:
    """An image file's pixels.

    Args:
        path: any file that Pillow reads, of 8 bits a channel.
        size: height and width.
        channels: 1 for grey, made of colours where need be; 3 for red, green, blue, of a grey image three times grey.

    Returns:
        uint8 (1, channels, *size).

    Raises:
        DataError: Pillow cannot read it, it has more than 8 bits a channel, or there are other numbers of channels.
    """
    if channels not in (1, 3):
        raise DataError(
            f"{path} gives images of 1 or 3 channels, and {channels} are asked for: give an .npz with `pixels`"
        )
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise DataError(f"{path} has more than 8 bits a channel ({image.mode}): save it with 8")
            return from_array(np.asarray(image.convert("L" if channels == 1 else "RGB")), size)
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(
            f"cannot read the image {path}: {error}; give a PNG, JPEG or other file that Pillow reads"
        ) from error


def cat(size: tuple[int, int] = (SIZE, SIZE), channels: int = 3) -> Tensor:
    """The cat that scikit-image ships (Chelsea), as uint8 (1, channels, *size). Raises DataError as `with_channels`."""
    from skimage import data  # here: training needs no scikit-image

    return from_array(with_channels(data.chelsea(), channels), size)  # type: ignore[no-untyped-call]
