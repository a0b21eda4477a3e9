"""read_buffer: words in, beats out in order under random stalls, and never more words than it has space for."""

import random

import cocotb
from buffer_bench import BufferBench, random_stalls

WORD_CYCLES = 3  # from a word's reservation to its coming


def bench(dut, rng, total):
    word_w = int(dut.WORD_W.value)
    words = [rng.getrandbits(word_w) for _ in range(total)]
    sent = iter(words)

    def drive(reserved, cycle):
        comes = cycle - WORD_CYCLES in reserved[-WORD_CYCLES - 1 :]
        dut.in_valid.value, dut.in_word.value = comes, next(sent) if comes else rng.getrandbits(word_w)

    beats = max(1, word_w // 64)
    mask = (1 << 64) - 1
    return BufferBench(dut, total, beats, drive), [word >> 64 * half & mask for word in words for half in range(beats)]


@cocotb.test()
async def words_under_random_stalls(dut):
    rng, depth = random.Random(cocotb.RANDOM_SEED), int(dut.DEPTH.value)
    buffer, expected = bench(dut, rng, 40 * depth)
    await buffer.run(random_stalls(rng, depth, (0.1, 0.9, 0.4)), random_stalls(rng, depth, (1.0, 0.8, 1.0, 0.2)))
    assert buffer.data == expected
    assert buffer.fullest >= depth, "the test must have filled the buffer"


@cocotb.test()
async def a_beat_a_cycle(dut):
    """As far as the smallest buffer allows: it fills while nothing is taken."""
    rng, depth = random.Random(cocotb.RANDOM_SEED), int(dut.DEPTH.value)
    buffer, expected = bench(dut, rng, depth - 1)
    await buffer.run(lambda cycle: cycle > 4 * depth, lambda cycle: True)
    assert buffer.data == expected
    assert buffer.left[-1] - buffer.left[0] == len(expected) - 1, "a bubble in what has been waited for"
