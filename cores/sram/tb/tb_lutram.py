"""lutram against a model: words are there in the cycle after their write, and reads need no clock."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, Timer


@cocotb.test()
async def random_accesses(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    width, depth = int(dut.WIDTH.value), int(dut.DEPTH.value)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    words: dict[int, int] = {}
    compared = beside_write = 0
    for _ in range(2000):
        await FallingEdge(dut.clk)
        write, address, data = rng.random() < 0.6, rng.randrange(depth), rng.getrandbits(width)
        dut.wr_en.value, dut.wr_addr.value, dut.wr_data.value = write, address, data
        for _ in range(2):
            read = rng.choice((address, rng.randrange(depth)))
            dut.rd_addr.value = read
            await Timer(1, "ns")
            if read in words:
                assert int(dut.rd_data.value) == words[read]
                compared += 1
                beside_write += write and read == address
        if write:
            words[address] = data
    assert compared > 1000 and beside_write > 100
