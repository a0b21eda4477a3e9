"""stream_words: packets come out word by word, whatever stalls; half a word ends those that end with a low half."""

import random
from itertools import pairwise

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly


class Bench:
    def __init__(self, dut) -> None:
        self.dut, self.rng = dut, random.Random(cocotb.RANDOM_SEED)
        self.width = int(dut.STREAM_W.value)
        self.beats: list[tuple[int, bool]] = []
        self.expected: list[tuple[int, bool, bool]] = []
        self.got: list[tuple[int, bool, bool]] = []
        self.offered = False
        self.waiting = None

    async def start(self) -> "Bench":
        dut = self.dut
        cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
        dut.rst.value, dut.s_valid.value, dut.m_ready.value = 1, 0, 0
        for _ in range(3):
            await FallingEdge(dut.clk)
        dut.rst.value = 0
        return self

    def packet(self, count: int) -> None:
        beats = [self.rng.getrandbits(self.width) for _ in range(count)]
        self.beats += [(beat, index == count - 1) for index, beat in enumerate(beats)]
        each = 128 // self.width
        for at in range(0, count, each):
            word = sum(beat << self.width * k for k, beat in enumerate(beats[at : at + each]))
            self.expected.append((word, at + each > count, at + each >= count))

    async def cycle(self, rate: float, ready: bool) -> tuple[bool, bool]:
        """Whether a beat was taken, and a word; TVALID stays until it is."""
        dut, rng = self.dut, self.rng
        self.offered = bool(self.beats) and (self.offered or rng.random() < rate)
        dut.s_valid.value, dut.m_ready.value = self.offered, ready
        dut.s_data.value, dut.s_last.value = self.beats[0] if self.offered else (rng.getrandbits(self.width), 1)
        await ReadOnly()
        taken = self.offered and bool(dut.s_ready.value)
        word = None
        if dut.m_valid.value:
            half = bool(dut.m_half.value)
            word = int(dut.m_data.value) & (1 << (64 if half else 128)) - 1, half, bool(dut.m_last.value)
            assert self.waiting in (None, word), "a word that waits stays"
        moved = ready and word is not None
        self.waiting = None if moved else word
        if moved:
            self.got.append(word)
        if taken:
            self.beats.pop(0)
            self.offered = False
        await FallingEdge(dut.clk)
        return taken, moved


@cocotb.test()
async def packets_survive_random_stalls(dut):
    bench = await Bench(dut).start()
    for rate, chance in [(1.0, 0.3), (0.3, 1.0), (0.5, 0.5), (1.0, 1.0), (1.0, 0.8)]:
        for _ in range(60):
            bench.packet(bench.rng.randint(1, 7))
        cycles, before = 0, -2
        while len(bench.got) < len(bench.expected):
            _, moved = await bench.cycle(rate, bench.rng.random() < chance)
            if moved:
                assert bench.width == 128 or cycles - before >= 2, "a word right behind another"
                before = cycles
            cycles += 1
            assert cycles < 5000
        assert bench.got == bench.expected


@cocotb.test()
async def no_bubbles(dut):
    """Also behind a stall, in which the low half of the next word is taken."""
    bench = await Bench(dut).start()
    each = 128 // bench.width
    bench.packet(100 * each)
    moved = []
    for cycle in range(100 * each + 40):
        if (await bench.cycle(1.0, not 50 <= cycle < 70))[1]:
            moved.append(cycle)
    steps = [b - a for a, b in pairwise(moved)]
    assert len(moved) == 100 and sorted(set(steps))[:1] == [each] and sum(step > each for step in steps) == 1


@cocotb.test()
async def reset_drops_what_is_there(dut):
    bench = await Bench(dut).start()
    for _ in range(40):
        bench.packet(bench.rng.randint(1, 9))
        for _ in range(bench.rng.randint(1, 9)):
            await bench.cycle(0.8, bool(bench.rng.randrange(2)))
        dut.rst.value, dut.s_valid.value = 1, 0
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        bench.beats, bench.expected, bench.got, bench.offered, bench.waiting = [], [], [], False, None
        bench.packet(4)
        for _ in range(12):
            await bench.cycle(1.0, True)
        assert bench.got == bench.expected
