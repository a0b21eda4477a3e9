"""What the benches of result_buffer and read_buffer share: reservations, stalls, and what the buffer says of itself."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

# A position is reserved on a `space` that is so many cycles old.
SPACE_AGE = 2
# From the last beat's leaving to `empty`
EMPTY_CYCLES = 3


class BufferBench:
    """Reserves `total` positions of `beats` beats, lets their data come, takes the beats.

    Args:
        dut: result_buffer or read_buffer.
        total, beats: so many.
        drive: sets the inputs of a cycle; gets the cycle of each position's reservation, ascending, and this one.
    """

    def __init__(self, dut, total, beats, drive):
        self.dut, self.total, self.beats, self.drive = dut, total, beats, drive
        self.reserved = []  # cycle of each position's reservation
        self.left = []  # and of each beat's leaving
        self.data = []
        self.fullest = 0

    async def run(self, ready_of, reserve_of):
        """Goes on until all beats have left; what the buffer says is checked in each cycle."""
        dut, depth = self.dut, int(self.dut.DEPTH.value)
        cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
        dut.rst.value = 1
        dut.reserve.value = dut.in_valid.value = dut.m_ready.value = 0
        for _ in range(3):
            await FallingEdge(dut.clk)
        dut.rst.value = 0
        spaces, held = [False] * SPACE_AGE, None
        for cycle in range(400 * self.total):
            ready = ready_of(cycle)
            reserve = len(self.reserved) < self.total and spaces[-SPACE_AGE] and reserve_of(cycle)
            dut.m_ready.value, dut.reserve.value = ready, reserve
            self.drive(self.reserved, cycle)
            await ReadOnly()
            self.check(cycle, depth)
            if held is not None:
                assert dut.m_valid.value and int(dut.m_data.value) == held, "a beat that waits stays"
            held = int(dut.m_data.value) if dut.m_valid.value and not ready else None
            if dut.m_valid.value and ready:
                self.data.append(int(dut.m_data.value))
                self.left.append(cycle)
            if reserve:
                self.reserved.append(cycle)
            spaces.append(bool(dut.space.value))
            self.fullest = max(self.fullest, len(self.reserved) - len(self.left) // self.beats)
            await FallingEdge(dut.clk)
            if len(self.left) == self.total * self.beats and cycle > self.left[-1] + EMPTY_CYCLES:
                return
        raise AssertionError(f"{len(self.left)} of {self.total * self.beats} beats came")

    def check(self, cycle, depth):
        """`empty` exactly, `space` where it must be given."""
        inside = len(self.reserved) * self.beats - len(self.left)
        last = self.left[-1] if self.left else -EMPTY_CYCLES
        assert bool(self.dut.empty.value) == (inside == 0 and cycle >= last + EMPTY_CYCLES), f"{inside} beats inside"
        known = sum(reserved <= cycle - 2 for reserved in self.reserved[-2:]) + len(self.reserved[:-2])
        if cycle > 1 and known - len(self.left) // self.beats <= depth - 4:
            assert self.dut.space.value, f"{known} reserved, {len(self.left)} beats have left"


def random_stalls(rng: random.Random, depth: int, shares):
    """Whether something happens in a cycle, with a share that changes every few depths."""
    return lambda cycle: rng.random() < shares[cycle // (8 * depth) % len(shares)]
