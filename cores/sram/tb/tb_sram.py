"""sram against a model: random writes and reads, held reads, a read and a write of one address in one cycle."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


@cocotb.test()
async def random_accesses(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    width, latency = int(dut.WIDTH.value), int(dut.LATENCY.value)
    depth = min(int(dut.DEPTH.value), 32)  # few words, so that most reads meet a written one
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    words: dict[int, int] = {}
    latch = output = None  # contents of the memory's latch and of the output register; None: not yet known
    enabled_before = False
    compared = 0
    for _ in range(2000):
        await FallingEdge(dut.clk)
        expected = latch if latency == 1 else output
        if expected is not None:
            assert int(dut.rd_data.value) == expected
            compared += 1
        write, read = rng.random() < 0.6, rng.random() < 0.7
        write_addr, read_addr, data = rng.randrange(depth), rng.randrange(depth), rng.getrandbits(width)
        dut.wr_en.value, dut.wr_addr.value, dut.wr_data.value = write, write_addr, data
        dut.rd_en.value, dut.rd_addr.value = read, read_addr
        if enabled_before:
            output = latch
        if read:
            latch = words.get(read_addr)
        if write:
            words[write_addr] = data
        enabled_before = read
    assert compared > 1000
