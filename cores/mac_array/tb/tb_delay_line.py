"""delay_line: words come out CYCLES cycles later; a resettable line is cleared."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly


@cocotb.test()
async def delays(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    cycles, resettable = int(dut.CYCLES.value), bool(int(dut.RESETTABLE.value))
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 0
    line: list[int | None] = [None] * cycles
    getattr(dut, "in").value = 0
    await FallingEdge(dut.clk)
    for _ in range(300):
        word, reset = rng.getrandbits(len(dut.out)), rng.random() < 0.1
        getattr(dut, "in").value, dut.rst.value = word, reset
        await ReadOnly()
        out = word if cycles == 0 else line[-1]
        if out is not None:
            assert int(dut.out.value) == out
        await FallingEdge(dut.clk)
        line = [word, *line[:-1]] if cycles else []
        if reset and resettable:
            line = [0] * cycles
