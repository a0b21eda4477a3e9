"""What the benches of the buffers of results share: positions as the sequencer issues them, and what a buffer says."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

# From the last stream word's leaving to `empty`
EMPTY_CYCLES = 3


class BufferBench:
    """Issues positions, lets their data come, takes the stream words.

    Args:
        dut: result_buffer or read_buffer.
        begins: for each position whether it takes a place.
        words: stream words of a place.
        drive: sets the inputs of a cycle; gets the cycle of each position's issue, ascending, and this one.
    """

    def __init__(self, dut, begins, words, drive):
        self.dut, self.begins, self.words, self.drive = dut, begins, words, drive
        self.total = sum(begins) * words
        self.issued = []  # cycle of each position's issue
        self.left = []  # and of each stream word's leaving
        self.data = []
        self.reserved = self.fullest = 0

    async def run(self, ready_of, issue_of):
        """Goes on until all stream words have left; what the buffer says is checked in each cycle."""
        dut, depth = self.dut, int(self.dut.DEPTH.value)
        cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
        dut.rst.value = 1
        dut.reserve.value = dut.in_valid.value = dut.m_ready.value = 0
        for _ in range(3):
            await FallingEdge(dut.clk)
        dut.rst.value = 0
        places, decided, held = depth, False, None
        for cycle in range(400 * len(self.begins)):
            ready = ready_of(cycle)
            issue, reserve = decided, decided and self.begins[len(self.issued)]
            following = len(self.issued) + issue
            begins = following < len(self.begins) and self.begins[following]
            decided = following < len(self.begins) and (places > 0 or not begins) and issue_of(cycle)
            dut.m_ready.value, dut.reserve.value = ready, reserve
            if issue:
                self.issued.append(cycle)
            self.drive(self.issued, cycle)
            await ReadOnly()
            self.check(cycle)
            if held is not None:
                assert dut.m_valid.value and int(dut.m_data.value) == held, "a word that waits stays"
            held = int(dut.m_data.value) if dut.m_valid.value and not ready else None
            if dut.m_valid.value and ready:
                self.data.append(int(dut.m_data.value))
                self.left.append(cycle)
            self.reserved += reserve
            places += bool(dut.freed.value) - (decided and begins)
            self.fullest = max(self.fullest, self.reserved - len(self.left) // self.words)
            await FallingEdge(dut.clk)
            if len(self.left) == self.total and cycle > self.left[-1] + EMPTY_CYCLES:
                assert places == depth
                return
        raise AssertionError(f"{len(self.left)} of {self.total} stream words came")

    def check(self, cycle):
        """`empty` exactly."""
        inside = self.reserved * self.words - len(self.left)
        last = self.left[-1] if self.left else -EMPTY_CYCLES
        assert bool(self.dut.empty.value) == (inside == 0 and cycle >= last + EMPTY_CYCLES), f"{inside} words inside"


def random_stalls(rng: random.Random, depth: int, shares):
    """Whether something happens in a cycle, with a share that changes every few depths."""
    return lambda cycle: rng.random() < shares[cycle // (8 * depth) % len(shares)]
