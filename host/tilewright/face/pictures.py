"""Small pictures for notebooks, where Pillow is there."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

# Pixels of a picture's longer side, more or less: small ones are enlarged by whole factors
_SIDE = 64


def thumbnails(pixels: npt.NDArray[np.uint8], titles: Sequence[str]) -> str:
    """Images side by side, as HTML; none without Pillow, or where they have other channels than 1 or 3.

    Args:
        pixels: uint8 (images, channels, h, w).
        titles: one below each.
    """
    if find_spec("PIL") is None or pixels.shape[1] not in (1, 3):
        return ""
    style = "display: inline-block; margin: 4px; text-align: center"
    return "".join(
        f'<figure style="{style}"><img src="{_png(image)}" alt="{html.escape(title)}">'
        f"<figcaption>{html.escape(title)}</figcaption></figure>"
        for image, title in zip(pixels, titles, strict=True)
    )


def _png(pixels: npt.NDArray[np.uint8]) -> str:
    """An image (channels, h, w) as an address that holds it."""
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
