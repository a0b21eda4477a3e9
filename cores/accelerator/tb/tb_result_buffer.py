"""result_buffer: skewed results in, beats of two columns out, never more positions than it has space for."""

import random

import cocotb
from buffer_bench import BufferBench, random_stalls

SUM_CYCLES = 9  # from a position's reservation to its sum in column 0


def bench(dut, rng, total):
    n, acc_w = int(dut.N.value), int(dut.ACC_W.value)
    positions = [[rng.randrange(-(1 << acc_w - 1), 1 << acc_w - 1) for _ in range(n)] for _ in range(total)]

    def drive(reserved, cycle):
        valid = data = 0
        first = max(0, len(reserved) - SUM_CYCLES - n)
        for position, at in enumerate(reserved[first:], first):
            column = cycle - SUM_CYCLES - at
            if 0 <= column < n:
                valid |= 1 << column
                data |= (positions[position][column] & ((1 << acc_w) - 1)) << column * acc_w
        dut.in_valid.value, dut.in_data.value = valid, data

    mask = 0xFFFFFFFF
    expected = [(p[c] & mask) | (p[c + 1] & mask) << 32 for p in positions for c in range(0, n, 2)]
    return BufferBench(dut, total, n // 2, drive), expected


@cocotb.test()
async def deskews_under_random_stalls(dut):
    rng, depth = random.Random(cocotb.RANDOM_SEED), int(dut.DEPTH.value)
    buffer, expected = bench(dut, rng, 12 * depth)
    await buffer.run(random_stalls(rng, depth, (0.2, 0.9, 1.0)), random_stalls(rng, depth, (1.0, 0.7, 1.0, 0.05)))
    assert buffer.data == expected
    assert buffer.fullest >= depth, "the test must have filled the buffer"


@cocotb.test()
async def a_beat_a_cycle(dut):
    rng, depth = random.Random(cocotb.RANDOM_SEED), int(dut.DEPTH.value)
    buffer, expected = bench(dut, rng, 4 * depth)
    await buffer.run(lambda cycle: True, lambda cycle: True)
    assert buffer.data == expected
    assert buffer.left[-1] - buffer.left[0] == len(expected) - 1, "a bubble in a stream without stalls"
