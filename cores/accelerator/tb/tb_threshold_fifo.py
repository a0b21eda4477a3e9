"""threshold_fifo: every beat in order, whatever stalls; places given back exactly; `held` while one is on its way."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly


@cocotb.test()
async def beats_and_places_with_random_stalls(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    width, depth = int(dut.STREAM_W.value), int(dut.DEPTH.value) // 2
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value, dut.s_valid.value, dut.m_ready.value = 1, 0, 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    await FallingEdge(dut.clk)
    for rate_in, rate_out in [(1.0, 0.3), (0.3, 1.0), (0.6, 0.6), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]:
        sent, pushes, got = [], [], []
        places, full, back = depth, False, 0
        filling = max(300, 4 * depth)
        for cycle in range(filling + 2 * depth + 30):
            if not pushes and places and rng.random() < rate_in and cycle < filling:
                word = rng.getrandbits(128)
                sent += [word & (1 << 64) - 1, word >> 64]
                pushes = [word] if width == 128 else sent[-2:]
                places -= 1
            ready = rng.random() < rate_out or cycle >= filling
            dut.s_valid.value, dut.m_ready.value = bool(pushes), ready
            dut.s_data.value = pushes.pop(0) if pushes else rng.getrandbits(width)
            await ReadOnly()
            if ready and dut.m_valid.value:
                got.append(int(dut.m_data.value))
            places += bool(dut.freed.value)
            full |= places == 0
            back += bool(dut.freed.value)
            assert places <= depth, "a place is given back twice"
            assert width == 128 or 2 * back <= len(got), "a place is given back before its second beat has left"
            waits = len(sent) > len(got)
            await FallingEdge(dut.clk)
            assert dut.held.value or not waits, "a beat is on its way"
        assert got == sent and places == depth and not dut.held.value
        assert full or rate_in < 1.0 or rate_out == 1.0, "it was full"


@cocotb.test()
async def a_beat_a_cycle(dut):
    """Without stalls, while words come at the stream's rate."""
    width, beats = int(dut.STREAM_W.value), 40
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value, dut.s_valid.value, dut.m_ready.value = 1, 0, 1
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    await FallingEdge(dut.clk)
    moved = []
    for cycle in range(beats + 20):
        dut.s_valid.value = cycle < beats and (width == 64 or cycle % 2 == 0)
        dut.s_data.value = cycle
        await ReadOnly()
        if dut.m_valid.value:
            moved.append(cycle)
        await FallingEdge(dut.clk)
    way = int(dut.LATENCY.value) + 2 + (width == 128)
    assert moved == list(range(way, way + beats))
