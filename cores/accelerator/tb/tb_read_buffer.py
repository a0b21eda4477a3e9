"""read_buffer: words in, beats out in order under random stalls, and never more words than it has space for."""

import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly


@cocotb.test()
async def words_under_random_stalls(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    word_w, depth = int(dut.WORD_W.value), int(dut.DEPTH.value)
    beats_a_word = max(1, word_w // 64)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.reserve.value = dut.in_valid.value = dut.m_ready.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    words = [rng.getrandbits(word_w) for _ in range(8 * depth)]
    coming: deque[int] = deque([0] * 3)  # a reservation's word comes three cycles after it
    reserved = sent = full = 0
    beats: list[int] = []
    held: int | None = None
    for cycle in range(100 * depth):
        ready = rng.random() < (0.1, 0.9, 0.4)[cycle // (8 * depth) % 3]
        reserve = reserved < len(words) and bool(dut.space.value) and rng.random() < 0.8
        coming.append(reserve)
        arrives = coming.popleft()
        dut.reserve.value, dut.m_ready.value, dut.in_valid.value = reserve, ready, arrives
        dut.in_word.value = words[sent] if arrives else rng.getrandbits(word_w)
        await ReadOnly()
        left = reserved - len(beats) // beats_a_word
        assert bool(dut.space.value) == (left < depth), f"{left} words are reserved"
        assert bool(dut.empty.value) == (left == 0)
        full += left == depth
        if held is not None:
            assert dut.m_valid.value and int(dut.m_data.value) == held, "a beat that waits stays"
        held = int(dut.m_data.value) if dut.m_valid.value and not ready else None
        if dut.m_valid.value and ready:
            beats.append(int(dut.m_data.value))
        reserved, sent = reserved + reserve, sent + arrives
        await FallingEdge(dut.clk)
        if len(beats) == len(words) * beats_a_word:
            break
    mask = (1 << 64) - 1
    assert beats == [word >> 64 * half & mask for word in words for half in range(beats_a_word)]
    assert full > 10, "the test must have filled the buffer"
    await FallingEdge(dut.clk)
    assert dut.empty.value and not dut.m_valid.value
