"""watchdog: one pulse after LIMIT quiet cycles of waiting; a movement, and a cycle without waiting, start anew."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge


@cocotb.test()
async def pulses_only_when_nothing_moves(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    limit = int(dut.LIMIT.value)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    pulses = []
    cycle = 0

    async def watch():
        nonlocal cycle
        while True:
            await RisingEdge(dut.clk)
            cycle += 1
            if dut.stuck.value:
                pulses.append(cycle)

    async def hold(waiting: int, moved: int, cycles: int) -> None:
        dut.waiting.value, dut.moved.value = waiting, moved
        await ClockCycles(dut.clk, cycles)
        await FallingEdge(dut.clk)

    dut.rst.value = dut.waiting.value = 1
    dut.moved.value = 0
    await FallingEdge(dut.clk)
    cocotb.start_soon(watch())
    await hold(1, 0, limit + 10)
    assert not pulses, "reset holds it"
    dut.rst.value = 0
    for restart in [(1, 1), (0, 0), (0, 1)]:
        for _ in range(2):
            await hold(*restart, 1)
            await hold(1, 0, rng.randint(limit - 20, limit - 1))
    await hold(0, 0, 2 * limit)
    assert not pulses, f"nothing was quiet for {limit} cycles while something waited"
    for rounds in (1, 2):
        await hold(1, 1, rng.randint(1, 5))
        pulses.clear()
        first = cycle
        await hold(1, 0, rounds * (limit + 5))
        delays = [pulse - first for pulse in pulses]
        assert len(delays) == rounds, f"{delays}: a pulse of one cycle, and another one each {limit} cycles later"
        assert limit < delays[0] <= limit + 3
