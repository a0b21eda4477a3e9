"""result_buffer: skewed results in, stream words of four columns out, never more positions than it has space for."""

import random

import cocotb
from buffer_bench import BufferBench, random_stalls

SUM_CYCLES = 9  # from a position's issue to its sum in column 0


def bench(dut, rng, total):
    n, acc_w, pairs = int(dut.N.value), int(dut.ACC_W.value), int(dut.DSP_COLUMNS.value)
    delays = [column // 2 if column < pairs else column - pairs // 2 for column in range(n)]
    positions = [[rng.randrange(-(1 << acc_w - 1), 1 << acc_w - 1) for _ in range(n)] for _ in range(total)]

    def drive(issued, cycle):
        valid, data = 0, rng.getrandbits(n * acc_w)
        first = max(0, len(issued) - SUM_CYCLES - n)
        for position, at in enumerate(issued[first:], first):
            for column in range(n):
                if cycle == at + SUM_CYCLES + delays[column]:
                    valid |= 1 << column
                    data &= ~(((1 << acc_w) - 1) << column * acc_w)
                    data |= (positions[position][column] & ((1 << acc_w) - 1)) << column * acc_w
        dut.in_valid.value, dut.in_data.value = valid, data

    expected = [
        sum((p[c + place] & 0xFFFFFFFF) << 32 * place for place in range(4)) for p in positions for c in range(0, n, 4)
    ]
    return BufferBench(dut, [True] * total, n // 4, drive), expected, SUM_CYCLES + delays[-1]


@cocotb.test()
async def deskews_under_random_stalls(dut):
    rng, depth = random.Random(cocotb.RANDOM_SEED), int(dut.DEPTH.value)
    buffer, expected, _ = bench(dut, rng, 12 * depth)
    await buffer.run(random_stalls(rng, depth, (0.2, 0.9, 1.0)), random_stalls(rng, depth, (1.0, 0.7, 1.0, 0.05)))
    assert buffer.data == expected
    assert buffer.fullest >= depth, "the test must have filled the buffer"


@cocotb.test()
async def a_word_a_cycle(dut):
    rng, depth = random.Random(cocotb.RANDOM_SEED), int(dut.DEPTH.value)
    buffer, expected, way = bench(dut, rng, 8 * depth)
    await buffer.run(lambda cycle: True, lambda cycle: True)
    assert buffer.data == expected
    assert buffer.left[0] - buffer.issued[0] == way + int(dut.LATENCY.value) + 3
    assert buffer.left[-1] - buffer.left[0] == len(expected) - 1, "a bubble in a stream without stalls"
