"""The ports of cores/soc/rtl/soc.v: the accelerator behind the DMA, and the interrupt controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from tilewright.boards.design import ACCELERATOR, DMA, INTC
from tilewright.hardware import pg021
from tilewright.sim.library import StreamCount
from tilewright.sim.ports import InterruptPort, ReaderPort, SlavePort, SocPorts, StreamPort, WriterPort


class Slave(IntEnum):
    """The AXI4-Lite slaves."""

    DMA = 0
    ACCELERATOR = 1
    INTC = 2


OWN_PORTS = SocPorts(
    slaves=(
        SlavePort("s_axil_dma", DMA, "S_AXI_LITE", "axi_dma", 10),
        SlavePort("s_axil_acc", ACCELERATOR, "s_axil", "accelerator", 16),
        SlavePort("s_axil_intc", INTC, "s_axi", "axi_intc", 9),
    ),
    readers=(
        ReaderPort("m_axi_mm2s", "", False, True, 0x5245_4144_0000_0000),
        ReaderPort("m_axi_sg", "SG ", False, True, 0x5345_4700_5200_0000),
    ),
    writers=(
        WriterPort("m_axi_s2mm", "", False, True, 0x5752_4954_4500_0000),
        WriterPort("m_axi_sg", "SG ", False, True, 0x5345_4700_5700_0000),
    ),
    streams=(
        StreamPort("program", "program", Slave.DMA, pg021.MM2S),
        StreamPort("result", "result", Slave.DMA, pg021.S2MM),
    ),
    interrupts=(
        InterruptPort("mm2s_introut", "mm2s"),
        InterruptPort("s2mm_introut", "s2mm"),
        InterruptPort("accelerator_irq", "accelerator"),
        InterruptPort("irq", "controller", INTC),
    ),
    moved="top.engine_moved",
    begins="top.program_beat",
)


@dataclass(frozen=True)
class Streams:
    """What has moved between DMA and accelerator; counted as :class:`tilewright.sim.library.StreamCount` says.

    Attributes:
        program_beats: beats of 64 bits that the accelerator took from MM2S, two in a stream word.
        result_beats: beats that S2MM took from the accelerator.
        program_last: whether one of the program's beats ended a packet (TLAST).
        result_last: the same of the results.
    """

    program_beats: int
    result_beats: int
    program_last: bool
    result_last: bool

    @classmethod
    def of(cls, counts: Mapping[str, StreamCount]) -> Streams:
        """Return the counts of the two streams by their names."""
        program, result = counts["program"], counts["result"]
        return cls(program.beats, result.beats, program.last, result.last)
