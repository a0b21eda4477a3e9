"""Small pictures of a run's images, where Pillow is there."""

from __future__ import annotations

import base64
import io
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

# Pixels of a picture's longer side, more or less: small ones are enlarged by whole factors
_SIDE = 64


def address_of(pixels: npt.NDArray[np.uint8]) -> str:
    """An image as an address that holds it, for HTML.

    Args:
        pixels: uint8 (channels, h, w).

    Returns:
        ``data:image/png;base64,...``; empty without Pillow, or where it has other channels than 1 or 3.
    """
    if find_spec("PIL") is None or len(pixels) not in (1, 3):
        return ""
    from PIL import Image

    channels = pixels[0] if len(pixels) == 1 else np.moveaxis(pixels, 0, -1)
    picture: Any = Image.fromarray(np.ascontiguousarray(channels))
    if max(picture.size) > 2 * _SIDE:
        picture.thumbnail((_SIDE, _SIDE))
    factor = max(1, _SIDE // max(picture.size))
    picture = picture.resize([factor * length for length in picture.size], Image.Resampling.NEAREST)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
