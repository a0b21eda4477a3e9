"""The DMA as the .hwh has it: what the driver needs, what this project's block design sets, what its memory reaches."""

from __future__ import annotations

from typing import Any

from tilewright.check.design import Design
from tilewright.check.findings import Finding, State, compared, judged
from tilewright.driver.dma import describe_status
from tilewright.hardware import pg021

TYPE = "xilinx.com:ip:axi_dma:7.1"
_BLOCK_DESIGN = "this project's block design"


def check_dma(overlay: Any, design: Design, stream_w: int, name: str = "axi_dma_0") -> list[Finding]:
    """Kind, channels, widths, length register and addresses of the DMA; nothing is written to it.

    Args:
        overlay: that is loaded.
        design: the bitstream's own words.
        stream_w: bits of the accelerator's streams, by its register STYLE.
        name: of the DMA in the block design.
    """
    entry = overlay.ip_dict.get(name, {})
    kind = compared("DMA", name, TYPE, "the driver", entry.get("type"), f"the .hwh must hold {TYPE} as {name}")
    if kind.state is State.FAILED:
        return [kind]
    parameters = [
        _parameter(design, "c_include_mm2s", 1, "both channels are needed: enable them in the block design"),
        _parameter(design, "c_include_s2mm", 1, "both channels are needed: enable them in the block design"),
        *(_width(design, key, stream_w) for key in _WIDTHS),
        _length(design),
        _mode(design),
        *_reach(design),
    ]
    return [kind, *parameters]


_WIDTHS = (
    "c_m_axi_mm2s_data_width",
    "c_m_axis_mm2s_tdata_width",
    "c_m_axi_s2mm_data_width",
    "c_s_axis_s2mm_tdata_width",
)


def _parameter(design: Design, key: str, expected: int, advice: str) -> Finding:
    found = design.dma_integer(key)
    if found is None:
        return Finding("DMA", key, State.NOT_KNOWN, str(expected), "not in the .hwh")
    return compared("DMA", key, expected, _BLOCK_DESIGN, found, advice)


def _width(design: Design, key: str, stream_w: int) -> Finding:
    """Each width must be the accelerator's, else words are cut, or a converter stands between that is not known."""
    found = design.dma_integer(key)
    if found is None:
        return Finding("DMA", key, State.NOT_KNOWN, str(stream_w), "not in the .hwh")
    advice = f"the accelerator's streams have {stream_w} bits, by its register STYLE: build the DMA with as many"
    return compared("DMA", key, stream_w, "the register STYLE", found, advice)


def _length(design: Design) -> Finding:
    """Of direct mode: a packet is one transfer."""
    most = pg021.LENGTH_FIELD.width
    found = design.dma_integer("c_sg_length_width")
    if found is None:
        return Finding("DMA", "c_sg_length_width", State.NOT_KNOWN, str(most), "not in the .hwh")
    advice = (
        f"a program and its results are limited to {(1 << found) - 1} bytes: build the DMA with {most}, or run fewer "
        "images a program"
    )
    return compared("DMA", "c_sg_length_width", most, _BLOCK_DESIGN, found, advice)


def _mode(design: Design) -> Finding:
    """Both modes are driven; the block design has direct mode."""
    found = design.dma_integer("c_include_sg")
    words = {0: "direct register mode", 1: "scatter-gather mode"}
    return Finding("DMA", "mode", State.PASSED, "either mode", words.get(found or 0, str(found)))


def _reach(design: Design) -> list[Finding]:
    """The address register must reach all of each segment."""
    bits = design.dma_integer("c_addr_width")
    if bits is None or not design.segments:
        lacking = "no address ranges of its masters" if bits is not None else "no c_addr_width"
        return [Finding("DMA", "address width", State.NOT_KNOWN, "", f"the .hwh has {lacking}")]
    high = max(segment.high for segment in design.segments)
    return [
        judged(
            "DMA",
            "address width",
            high < 1 << bits,
            f"{high.bit_length()} bits or more, for the segments of the .hwh",
            f"{bits} bits",
            "buffers above what the DMA reaches would go elsewhere: build it with a wider c_addr_width, or exclude the "
            "upper segments",
        )
    ]


def check_idle(overlay: Any, name: str = "axi_dma_0") -> Finding:
    """Whether both channels are without an error, as a driver has left them.

    Args:
        overlay: that is loaded.
        name: of the DMA.
    """
    dma = getattr(overlay, name)
    statuses = [int(dma.read(offset)) for offset in (pg021.MM2S_DMASR, pg021.S2MM_DMASR)]
    good = not any(status & pg021.DMASR_ERRORS for status in statuses)
    advice = "load the bitstream again; if it stays, an address or the reset of the DMA is wrong in the block design"
    return judged("DMA", "status", good, "no error", describe_status(dma), advice)
