"""result_buffer: skewed results in, beats of two columns out, never more positions than it has space for."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly


@cocotb.test()
async def deskews_under_random_stalls(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    n, acc_w, depth = int(dut.N.value), int(dut.ACC_W.value), int(dut.DEPTH.value)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.reserve.value = dut.in_valid.value = dut.in_data.value = dut.m_ready.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    total, delay = 120, 9  # positions; cycles from a reservation to column 0's result
    positions = [[rng.randrange(-(1 << acc_w - 1), 1 << acc_w - 1) for _ in range(n)] for _ in range(total)]
    position_of: dict[int, int] = {}  # cycle of a reservation: the position that it is for
    beats: list[int] = []
    fullest = 0
    for cycle in range(60 * total):
        ready = rng.random() < (0.2 if cycle < 1500 else 0.9)
        reserve = len(position_of) < total and bool(dut.space.value) and rng.random() < 0.7
        valid = data = 0
        for column in range(n):
            position = position_of.get(cycle - delay - column)
            if position is not None:
                valid |= 1 << column
                data |= (positions[position][column] & ((1 << acc_w) - 1)) << column * acc_w
        dut.m_ready.value, dut.reserve.value, dut.in_valid.value, dut.in_data.value = ready, reserve, valid, data
        await ReadOnly()
        if dut.m_valid.value and ready:
            beats.append(int(dut.m_data.value))
        if reserve:
            position_of[cycle] = len(position_of)
        fullest = max(fullest, len(position_of) - len(beats) // (n // 2))
        await FallingEdge(dut.clk)
        if len(beats) == total * n // 2:
            break
    mask = 0xFFFFFFFF
    assert beats == [(p[c] & mask) | (p[c + 1] & mask) << 32 for p in positions for c in range(0, n, 2)]
    assert fullest >= depth, "the test must have filled the buffer"
    await FallingEdge(dut.clk)
    assert dut.empty.value
