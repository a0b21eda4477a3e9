"""The C interface of the simulated system on chip, as host/tilewright/sim/library.py binds it."""

import numpy as np
import pytest

from tilewright.compiler.layer import Run, compile_raw_and_relu, expected_results
from tilewright.hardware import registers
from tilewright.hardware.pg021 import ADDRESS, ADDRESS_MSB, DMACR, DMASR, LENGTH, MM2S, S2MM
from tilewright.network.layer import ConvLayer
from tilewright.sim import SocParameters, build
from tilewright.sim.hardware import OwnHardware
from tilewright.sim.library import Soc
from tilewright.sim.own_ports import OWN_PORTS, Slave, Streams

BASE, SIZE, PAGE = 0x8_0000_0000, 1 << 20, 4096
RESULTS = SIZE // 2
ISR, IPR, IER, IAR, IVR, MER = 0x00, 0x04, 0x08, 0x0C, 0x18, 0x1C


class Board:
    """The system with memory that is all allocated."""

    def __init__(self, seed: int = 1, stall_probability: float = 0.1) -> None:
        self.ddr = np.zeros(SIZE, np.uint8)
        library = build.build_library(OwnHardware(SocParameters()))
        pages = np.ones(SIZE // PAGE, np.uint8)
        stalls = stall_probability
        self.soc = Soc(library, OWN_PORTS, self.ddr, BASE, pages, latency=40, stall_probability=stalls, seed=seed)

    def transfer(self, channel: int, offset: int, length: int) -> None:
        """Start a transfer of the DMA, with its interrupt."""
        self.soc.write(Slave.DMA, channel + DMACR, 0x1001)
        self.soc.write(Slave.DMA, channel + ADDRESS, BASE + offset & 0xFFFF_FFFF)
        self.soc.write(Slave.DMA, channel + ADDRESS_MSB, BASE + offset >> 32)
        self.soc.write(Slave.DMA, channel + LENGTH, length)

    def run_until(self, line: str) -> None:
        for _ in range(200):
            if self.soc.interrupts[line]:
                return
            self.soc.run(100)
        raise AssertionError(f"{line} stays low")


@pytest.fixture
def board() -> Board:
    return Board()


def layer() -> ConvLayer:
    rng = np.random.default_rng(3)
    weights = rng.integers(-8, 8, (8, 8, 3, 3)).astype(np.int8)
    return ConvLayer("random", weights, rng.integers(0, 16, (1, 8, 4, 4)).astype(np.uint8), 1, 1)


def test_interrupts_reach_the_controller(board: Board) -> None:
    program = compile_raw_and_relu(layer(), SocParameters().array)
    expected = expected_results([Run(layer()), Run(layer(), True)], program)
    beats = program.beats
    board.ddr[: beats.nbytes] = beats.view(np.uint8)
    soc = board.soc
    assert not any(soc.interrupts.values())
    soc.write(Slave.INTC, IER, 0b11)
    soc.write(Slave.INTC, MER, 3)
    board.transfer(S2MM, RESULTS, expected.nbytes)
    board.transfer(MM2S, 0, beats.nbytes)
    board.run_until("s2mm")
    soc.run(4)
    assert soc.interrupts == {"mm2s": True, "s2mm": True, "accelerator": False, "controller": True}
    assert soc.read(Slave.INTC, IPR) == 0b11
    for number, channel in enumerate((MM2S, S2MM)):
        assert soc.read(Slave.INTC, IVR) == number
        soc.write(Slave.DMA, channel + DMASR, 0x1000)
        soc.write(Slave.INTC, IAR, 1 << number)
    soc.run(4)
    assert not any(soc.interrupts.values())
    assert soc.read(Slave.INTC, ISR) == 0
    assert np.array_equal(board.ddr[RESULTS : RESULTS + expected.nbytes].view(np.uint64), expected)
    assert Streams.of(soc.streams) == Streams(len(beats), len(expected), program_last=True, result_last=True)


def test_streams_are_counted_from_the_start_of_a_transfer(board: Board) -> None:
    assert Streams.of(board.soc.streams) == Streams(0, 0, program_last=False, result_last=False)
    beats = compile_raw_and_relu(layer(), SocParameters().array).beats
    board.ddr[: beats.nbytes] = beats.view(np.uint8)
    for _ in range(2):
        board.transfer(MM2S, 0, 64)
        board.run_until("mm2s")
        board.soc.run(50)
        # S2MM takes four beats before its transfer: the trailer
        assert Streams.of(board.soc.streams) == Streams(8, 4, program_last=True, result_last=True)
        board.soc.write(Slave.DMA, MM2S + DMASR, 0x1000)
        board.soc.write(Slave.DMA, MM2S + DMACR, 4)
        board.soc.write(Slave.ACCELERATOR, registers.REG_CONTROL, 1)
        assert Streams.of(board.soc.streams) == Streams(0, 0, program_last=False, result_last=False)


def test_stall_state_repeats_the_cycles() -> None:
    beats = np.arange(512, dtype=np.uint64)
    durations = []
    first, second = Board(seed=1, stall_probability=0.4), Board(seed=2, stall_probability=0.4)
    second.soc.stall_state = first.soc.stall_state
    assert second.soc.stall_state == first.soc.stall_state
    for board in (first, second):
        board.ddr[: beats.nbytes] = beats.view(np.uint8)
        board.transfer(MM2S, 0, beats.nbytes)
        while not board.soc.interrupts["mm2s"]:
            board.soc.run(1)
        durations.append(board.soc.cycles)
    assert durations[0] == durations[1]
    assert second.soc.stall_state == first.soc.stall_state
