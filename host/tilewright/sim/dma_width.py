"""How wide a simulated DMA is: cores/axi_dma has 64 or 128 bits, for memory and streams of both channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def dma_width(parameters: Mapping[str, Any]) -> int:
    """Return bits of a beat: 128 where each channel of the block design's DMA has as many in memory or more, else 64.

    Args:
        parameters: of the DMA, as a .hwh has them.
    """
    given = {name.lower(): str(value).strip().lower() for name, value in parameters.items()}
    widths = [
        int(given.get(f"c_m_axi_{channel}_data_width") or "32", 0)
        for channel in ("mm2s", "s2mm")
        if given.get(f"c_include_{channel}") not in ("0", "false")
    ]
    return 128 if widths and min(widths) >= 128 else 64
