"""act_buffer: groups in, words out after LATENCY cycles, zeros on demand."""

import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


@cocotb.test()
async def random_words(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    word_w, depth, banks = int(dut.WORD_W.value), int(dut.DEPTH.value), int(dut.BANKS.value)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    words = [rng.getrandbits(word_w) for _ in range(depth)]
    dut.rst.value, dut.wr_en.value, dut.rd_zero.value, dut.rd_addr.value = 0, 1, 0, 0
    for group in range(depth // banks):
        dut.wr_addr.value = group
        dut.wr_data.value = sum(words[group * banks + k] << k * word_w for k in range(banks))
        await FallingEdge(dut.clk)
    dut.wr_en.value = 0
    expected: deque[int | None] = deque([None] * int(dut.LATENCY.value))
    for _ in range(500):
        address, zero = rng.randrange(depth), rng.random() < 0.3
        dut.rd_addr.value, dut.rd_zero.value = address, zero
        expected.append(0 if zero else words[address])
        want = expected.popleft()
        if want is not None:
            assert int(dut.rd_data.value) == want
        await FallingEdge(dut.clk)
