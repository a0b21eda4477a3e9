"""max_pool: windows and single words mixed, with gaps; a reset forgets a window."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge


@cocotb.test()
async def windows_and_single_words(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    n, code_w = int(dut.N.value), int(dut.CODE_W.value)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value, dut.in_valid.value = 1, 0
    for _ in range(2):
        await FallingEdge(dut.clk)
    window: list[list[int]] = []
    cut = pooled = single = 0
    for _ in range(4000):
        reset, valid = rng.random() < 0.02, rng.random() < 0.8
        pool = bool(window) or rng.random() < 0.6
        word = [rng.getrandbits(code_w) for _ in range(n)]
        dut.rst.value, dut.in_valid.value, dut.in_pool.value = reset, valid, pool
        dut.in_word.value = sum(code << code_w * c for c, code in enumerate(word))
        expected = None
        if reset:
            cut += bool(window)
            window = []
        elif valid and pool:
            window.append(word)
            if len(window) == 4:
                expected = [max(codes) for codes in zip(*window, strict=True)]
                window = []
                pooled += 1
        elif valid:
            expected = word
            single += 1
        await FallingEdge(dut.clk)
        assert bool(dut.out_valid.value) == (expected is not None)
        if expected is not None:
            assert int(dut.out_word.value) == sum(code << code_w * c for c, code in enumerate(expected))
    assert min(cut, pooled, single) > 20
