"""performance_counters: counts, clears, and counts in the cycle of a clear."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


@cocotb.test()
async def random_events(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    counters = int(dut.COUNTERS.value)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    values = [0] * counters
    for cycle in range(500):
        clear, events = cycle == 0 or rng.random() < 0.01, rng.getrandbits(counters)
        dut.clear.value, dut.count.value = clear, events
        await FallingEdge(dut.clk)
        values = [(0 if clear else value) + (events >> i & 1) for i, value in enumerate(values)]
        assert int(dut.value.value) == sum(value << 64 * i for i, value in enumerate(values))


@cocotb.test()
async def carry_into_the_upper_half(dut):
    """From just below 2**32, which no test counts up to."""
    counters = int(dut.COUNTERS.value)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.clear.value, dut.count.value = 0, 0
    await FallingEdge(dut.clk)
    for index in range(counters):
        dut.g_counter[index].value_reg.value = 2**32 - 2
    dut.count.value = (1 << counters) - 1
    for _ in range(4):
        await FallingEdge(dut.clk)
    assert int(dut.value.value) == sum((2**32 + 2) << 64 * index for index in range(counters))
