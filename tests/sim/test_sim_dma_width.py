"""The simulated DMA of 64 and of 128 bits, its words led back to it: how far ahead it reads, and at which rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from vivado_hwh import VivadoDesign

from tilewright.hardware.parameters import HardwareParameters
from tilewright.hardware.pg021 import ADDRESS, ADDRESS_MSB, DMACR, LENGTH, MM2S, S2MM
from tilewright.sim import build
from tilewright.sim.dma_width import dma_width
from tilewright.sim.guest.design import ThirdParty
from tilewright.sim.library import Soc

BASE, SIZE, RESULTS = 0x4000_0000, 1 << 20, 1 << 19
WORDS, LATENCY, BURST = 4096, 40, 16
READ_AHEAD = HardwareParameters().dma_depth
# Of the register slice between the streams, of S2MM before its transfer begins, of the queue behind MM2S' FIFO
SLICE_WORDS, EARLY_WORDS, QUEUE_WORDS = 2, 4, 4


def widths(bits: int) -> dict[str, int]:
    names = ("c_m_axi_mm2s_data_width", "c_m_axi_s2mm_data_width", "c_m_axis_mm2s_tdata_width")
    return dict.fromkeys((*names, "c_s_axis_s2mm_tdata_width"), bits)


class LoopBack:
    """A DMA, and a register slice from its one stream to the other."""

    def __init__(self, folder: Path, bits: int, stall_probability: float = 0.0) -> None:
        design = VivadoDesign()
        design.dma("dma", 0x4040_0000, **widths(bits))
        design.ip("slice", "xilinx.com:ip:axis_register_slice:1.1", TDATA_NUM_BYTES=bits // 8)
        design.clocked("slice", "aclk", "aresetn")
        for stream, role in (("S_AXIS", "TARGET"), ("M_AXIS", "INITIATOR")):
            design.stream("slice", stream, role)
        design.join("dma", "M_AXIS_MM2S", "slice", "S_AXIS")
        design.join("slice", "M_AXIS", "dma", "S_AXIS_S2MM")
        hwh = folder / "loop_back.hwh"
        hwh.write_text(design.hwh())
        hardware = ThirdParty.from_hwh(hwh)
        self.bytes = bits // 8
        self.ddr = np.random.default_rng(bits).integers(0, 256, SIZE, np.uint8)
        self.expected = self.ddr[: WORDS * self.bytes].copy()
        pages, stalls = np.ones(SIZE // 4096, np.uint8), stall_probability
        self.soc = Soc(
            build.build_library(hardware),
            hardware.ports,
            self.ddr,
            BASE,
            pages,
            latency=LATENCY,
            stall_probability=stalls,
            seed=1,
        )
        self.names = {port.channel: port.name for port in hardware.ports.streams}

    def start(self, channel: int, offset: int) -> None:
        for register, value in ((DMACR, 1), (ADDRESS, BASE + offset), (ADDRESS_MSB, 0), (LENGTH, WORDS * self.bytes)):
            self.soc.write(0, channel + register, value)

    def moved(self) -> list[int]:
        """Words that have moved: out of MM2S, into S2MM."""
        streams = self.soc.streams
        return [streams[self.names[channel]].beats for channel in (MM2S, S2MM)]


@pytest.mark.parametrize("bits", [64, 128])
def test_it_reads_ahead_in_words(tmp_path: Path, bits: int) -> None:
    """What its FIFO holds, dma_depth of its own words, and what has left for the queue behind it and the stream."""
    loop = LoopBack(tmp_path, bits)
    loop.start(MM2S, 0)
    loop.soc.run(20 * READ_AHEAD)
    sent, taken = loop.moved()
    assert (sent, taken) == (SLICE_WORDS + EARLY_WORDS, EARLY_WORDS)
    bursts, outstanding = (sum(counts) for counts in zip(*loop.soc.bursts, strict=True))
    assert outstanding == 0, "MM2S alone has asked, and all is answered"
    assert READ_AHEAD - BURST < BURST * bursts - sent <= READ_AHEAD + QUEUE_WORDS


@pytest.mark.parametrize("bits", [64, 128])
@pytest.mark.parametrize("stalls", [0.0, 0.3])
def test_a_word_a_cycle_or_what_stalls_leave(tmp_path: Path, bits: int, stalls: float) -> None:
    loop = LoopBack(tmp_path, bits, stalls)
    loop.start(S2MM, RESULTS)
    loop.start(MM2S, 0)
    while not loop.moved()[0]:
        loop.soc.run(1)
    begin = loop.soc.cycles
    while loop.moved()[0] < WORDS:
        loop.soc.run(1)
    rate = (WORDS - 1) / (loop.soc.cycles - begin)
    assert rate == pytest.approx(1 - stalls, rel=0.03 if stalls else 0.002)
    loop.soc.run(40 * LATENCY + WORDS)
    np.testing.assert_array_equal(loop.ddr[RESULTS : RESULTS + len(loop.expected)], loop.expected)


def test_which_width() -> None:
    """The narrower channel's, as wide as is simulated; one that is not there has none."""
    assert [dma_width(widths(bits)) for bits in (32, 64, 128, 256)] == [64, 64, 128, 128]
    assert dma_width({}) == dma_width({**widths(128), "c_m_axi_mm2s_data_width": "32"}) == 64
    assert dma_width({**widths(128), "c_m_axi_s2mm_data_width": 32, "C_INCLUDE_S2MM": "0"}) == 128
