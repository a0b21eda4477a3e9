"""stream_credits: available exactly while a place is left."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly


@cocotb.test()
async def exact_at_any_rate(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value, dut.take.value, dut.give.value = 1, 0, 0
    for _ in range(2):
        await FallingEdge(dut.clk)
    assert not dut.available.value
    dut.rst.value = 0
    await FallingEdge(dut.clk)
    count, step = int(dut.COUNT.value), int(dut.STEP.value)
    left, seen = count, set()
    for cycle in range(4000):
        assert bool(dut.available.value) == (left > 0), f"{left} left"
        take_rate, give_rate = ((1.0, 0.3), (0.3, 1.0), (1.0, 1.0), (0.5, 0.5))[cycle // 100 % 4]
        take = left > 0 and rng.random() < take_rate
        give = count - left >= step and rng.random() < give_rate
        dut.take.value, dut.give.value = take, give
        await ReadOnly()
        left += step * give - take
        assert bool(dut.next_available.value) == (left > 0)
        seen.add(left)
        await FallingEdge(dut.clk)
    assert {0, count} <= seen
