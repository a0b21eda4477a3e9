"""Small pictures for notebooks, where Pillow is there."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tilewright.report.thumbnails import address_of


def thumbnails(pixels: npt.NDArray[np.uint8], titles: Sequence[str]) -> str:
    """Images side by side, as HTML; none without Pillow, or where they have other channels than 1 or 3.

    Args:
        pixels: uint8 (images, channels, h, w).
        titles: one below each.
    """
    style = "display: inline-block; margin: 4px; text-align: center"
    addresses = [address_of(image) for image in pixels]
    return "".join(
        f'<figure style="{style}"><img src="{address}" alt="{html.escape(title)}">'
        f"<figcaption>{html.escape(title)}</figcaption></figure>"
        for address, title in zip(addresses, titles, strict=True)
        if address
    )
