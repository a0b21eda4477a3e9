"""performance_counters: counts, some by two, clears, counts in the cycle of a clear; the upper halves a cycle later."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


async def compare(dut, cycles: int, values: list[int], probability: float) -> None:
    """Random counts and clears; the lower halves are those of a model, the upper ones those of the cycle before."""
    rng = random.Random(cocotb.RANDOM_SEED)
    counters, twice = len(values), int(dut.TWICE.value)
    for _ in range(cycles):
        clear, events = rng.random() < probability, rng.getrandbits(counters)
        dut.clear.value, dut.count.value = clear, events
        before = values
        steps = [(events >> i & 1) << (twice >> i & 1) for i in range(counters)]
        values = [(0 if clear else value) + step for value, step in zip(values, steps, strict=True)]
        await FallingEdge(dut.clk)
        assert int(dut.low.value) == sum((value & 0xFFFF_FFFF) << 32 * i for i, value in enumerate(values))
        assert int(dut.high.value) == sum((value >> 32) << 32 * i for i, value in enumerate(before))


async def start(dut) -> list[int]:
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.clear.value, dut.count.value = 1, 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    return [0] * int(dut.COUNTERS.value)


@cocotb.test()
async def random_events(dut):
    await compare(dut, 500, await start(dut), 0.01)


@cocotb.test()
async def carry_into_the_upper_half(dut):
    """From just below 2**32 and below 2**64 - 2**32, which no test counts up to."""
    for high in (0, 0x7FFF_FFFF, 0xFFFF_FFFE):
        for probability in (0.0, 0.2):
            values = await start(dut)
            dut.clear.value = 0
            await FallingEdge(dut.clk)
            for index in range(len(values)):
                low = 2**32 - 1 - index
                dut.g_counter[index].low_reg.value, dut.g_counter[index].high_reg.value = low, high
                values[index] = high << 32 | low
            await compare(dut, 40, values, probability)
