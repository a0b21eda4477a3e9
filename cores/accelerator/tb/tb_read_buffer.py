"""read_buffer: words in, stream words out, packed and in order under random stalls; never more places than it has."""

import random

import cocotb
from buffer_bench import BufferBench, random_stalls

STREAM_BITS = 128
WORD_CYCLES = 3  # from a word's issue to its coming


def bench(dut, rng, lengths):
    """Commands of so many words each, and the stream words that they must give."""
    word_w = int(dut.WORD_W.value)
    each = max(1, STREAM_BITS // word_w)
    commands = [[rng.getrandbits(word_w) for _ in range(length)] for length in lengths]
    sent = iter([(word, place + 1 == len(command)) for command in commands for place, word in enumerate(command)])
    begins = [place % each == 0 for command in commands for place in range(len(command))]

    def drive(issued, cycle):
        comes = cycle - WORD_CYCLES in issued[-WORD_CYCLES - 1 :]
        word, last = next(sent) if comes else (rng.getrandbits(word_w), rng.getrandbits(1))
        dut.in_valid.value, dut.in_word.value, dut.in_last.value = comes, word, last

    expected = []
    for command in commands:
        whole = sum(word << word_w * place for place, word in enumerate(command))
        bits = -(-len(command) * word_w // STREAM_BITS) * STREAM_BITS
        expected += [whole >> low & (1 << STREAM_BITS) - 1 for low in range(0, bits, STREAM_BITS)]
    return BufferBench(dut, begins, max(1, word_w // STREAM_BITS), drive), expected


@cocotb.test()
async def commands_of_any_length_under_random_stalls(dut):
    rng, depth = random.Random(cocotb.RANDOM_SEED), int(dut.DEPTH.value)
    lengths = [rng.choice([1, 2, 3, 4, 5, 7, 8, 30]) for _ in range(12 * depth)]
    buffer, expected = bench(dut, rng, lengths)
    await buffer.run(random_stalls(rng, depth, (0.1, 0.9, 0.4)), random_stalls(rng, depth, (1.0, 0.8, 1.0, 0.2)))
    assert buffer.data == expected
    assert buffer.fullest >= depth, "the test must have filled the buffer"


@cocotb.test()
async def a_word_a_cycle(dut):
    """In, where the way out keeps up; and no bubble in what has been waited for."""
    rng = random.Random(cocotb.RANDOM_SEED)
    buffer, expected = bench(dut, rng, [200])
    await buffer.run(lambda cycle: True, lambda cycle: True)
    assert buffer.data == expected
    if int(dut.WORD_W.value) <= STREAM_BITS:
        assert buffer.issued[-1] - buffer.issued[0] == 199, "a word that waits"
    assert buffer.left[0] - buffer.issued[0] == WORD_CYCLES + 1 + max(1, 128 // int(dut.WORD_W.value)) + (
        int(dut.WORD_W.value) > 128
    )


@cocotb.test()
async def a_stream_word_a_cycle(dut):
    """As far as the smallest buffer allows: it fills while nothing is taken."""
    rng, depth = random.Random(cocotb.RANDOM_SEED), int(dut.DEPTH.value)
    each = max(1, STREAM_BITS // int(dut.WORD_W.value))
    buffer, expected = bench(dut, rng, [depth * each])
    await buffer.run(lambda cycle: cycle > 8 * depth, lambda cycle: True)
    assert buffer.data == expected
    assert buffer.left[-1] - buffer.left[0] == len(expected) - 1, "a bubble in what has been waited for"
