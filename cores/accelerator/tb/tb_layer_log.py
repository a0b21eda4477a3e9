"""layer_log: entries as they were written, one behind the other; a full log counts on and changes nothing; clear."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


@cocotb.test()
async def entries(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    depth, latency, width = int(dut.DEPTH.value), int(dut.LATENCY.value), len(dut.counters)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.clear.value, dut.write.value, dut.rd_index.value = 1, 0, 0
    for _ in range(2):
        await FallingEdge(dut.clk)
    dut.clear.value = 0

    async def write(count: int, log: list[int]) -> None:
        before = False
        while count or before:
            valid, entry = count > 0 and rng.random() < 0.6, rng.getrandbits(width)
            dut.write.value, dut.counters.value = valid, entry
            await FallingEdge(dut.clk)
            if before:
                log.append(entry)
            assert int(dut.count.value) == len(log)
            count, before = count - valid, valid

    async def compare(log: list[int]) -> None:
        there = min(depth, len(log))
        for index in (0, there - 1, *rng.sample(range(there), min(there, 40))):
            dut.rd_index.value = index
            for _ in range(latency):
                await FallingEdge(dut.clk)
            assert int(dut.rd_entry.value) == log[index], f"entry {index} of {len(log)}"

    for total in (1, depth // 2, depth, depth + 7):
        log: list[int] = []
        await write(total, log)
        await compare(log)
        dut.clear.value, dut.write.value = 1, rng.randrange(2)
        await FallingEdge(dut.clk)
        dut.clear.value = dut.write.value = 0
        for _ in range(2):
            assert int(dut.count.value) == 0
            await FallingEdge(dut.clk)


@cocotb.test()
async def the_count_stops_at_its_end(dut):
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.clear.value = dut.write.value = 0
    await FallingEdge(dut.clk)
    dut.write.value = 1
    await FallingEdge(dut.clk)
    dut.count.value = 0xFFFC  # as if so many had been written
    for expected in (0xFFFD, 0xFFFE, 0xFFFF, 0xFFFF, 0xFFFF):
        await FallingEdge(dut.clk)
        assert int(dut.count.value) == expected
