"""act_buffer: words, groups and images' words at random, words first, none lost; reads LATENCY cycles later; zeros."""

import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly


@cocotb.test()
async def three_writers_and_a_reader(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    word_w, depth, banks = int(dut.WORD_W.value), int(dut.DEPTH.value), int(dut.BANKS.value)
    used = min(depth, 64)  # few words, so that most reads meet a written one
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = dut.wr_valid.value = dut.ld_valid.value = dut.im_valid.value = 0
    await FallingEdge(dut.clk)
    words: dict[int, int] = {}
    expected: deque[int | None] = deque([None] * (int(dut.LATENCY.value) - 1))
    group: tuple[int, list[int]] | None = None
    image: tuple[int, int] | None = None
    waited = compared = images = 0
    for cycle in range(4000):
        want = expected.popleft() if cycle else None
        if want is not None:
            assert int(dut.rd_data.value) == want
            compared += 1
        write = rng.random() < (0.9 if cycle % 400 < 100 else 0.4)
        address, word = rng.randrange(used), rng.getrandbits(word_w)
        if group is None and rng.random() < 0.6:
            group = (rng.randrange(used // banks), [rng.getrandbits(word_w) for _ in range(banks)])
        if image is None and rng.random() < 0.5:
            image = (rng.randrange(used), rng.getrandbits(word_w))
        read, zero = rng.randrange(used), rng.random() < 0.2
        dut.wr_valid.value, dut.wr_none.value = write, not write
        dut.wr_addr.value, dut.wr_word.value = address, word
        dut.ld_valid.value = group is not None
        if group is not None:
            dut.ld_addr.value, dut.ld_data.value = group[0], sum(w << k * word_w for k, w in enumerate(group[1]))
        dut.im_valid.value = image is not None
        if image is not None:
            dut.im_addr.value, dut.im_word.value = image
        dut.rd_addr.value, dut.rd_zero.value = read, zero
        await ReadOnly()
        assert bool(dut.ld_ready.value) == (not write), "a group waits while a word is written, and only then"
        assert bool(dut.im_ready.value) == (not write and group is None), "an image's word waits for both"
        expected.append(0 if zero else words.get(read))
        await FallingEdge(dut.clk)
        if write:
            words[address] = word
            waited += group is not None
        elif group is not None:
            words.update((group[0] * banks + k, w) for k, w in enumerate(group[1]))
            group = None
        elif image is not None:
            words[image[0]] = image[1]
            image, images = None, images + 1
    assert images > 200
    assert waited > 500 and compared > 2000
