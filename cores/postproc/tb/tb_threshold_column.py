"""threshold_column: codes of random, extreme and all small sums; sets in their order, rewritten beside their use."""

import random
from collections import Counter, deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from threshold_model import COUNT, GROUPS, HIGHEST, LOWEST, THR_W, Channel, random_channel

SEARCH = 5  # cycles from a sum to its code
IN_USE = 3  # cycles from a sum to the last read of its set
FETCH = 3  # a set lasts that long at the least, and is written that long before its first sum


class Column:
    """Plays one cycle a call and compares every code with the model's, SEARCH cycles after its sum."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.expected: deque[int | None] = deque([None] * (SEARCH - 1))
        self.codes: Counter[tuple[bool, int]] = Counter()
        self.written = 0  # sets

    async def start(self) -> "Column":
        cocotb.start_soon(Clock(self.dut.clk, 10, "ns").start())
        self.dut.rst.value = 1
        self.dut.wr_en.value = self.dut.four_wr_en.value = self.dut.in_valid.value = 0
        for _ in range(3):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0
        return self

    async def cycle(
        self, sample: tuple[int, Channel, int] | None = None, write: tuple[int, int, int] | None = None
    ) -> None:
        """`sample`: set, what the set holds, sum. `write`: set, part of Channel.parts, data."""
        dut = self.dut
        dut.in_valid.value, dut.wr_en.value, dut.four_wr_en.value = sample is not None, False, False
        if sample is not None:
            dut.in_set.value, dut.in_sum.value = sample[0], sample[2] & ((1 << int(dut.ACC_W.value)) - 1)
        if write is not None:
            number, part, data = write
            if part < len(GROUPS):
                dut.wr_en.value, dut.wr_set.value, dut.wr_group.value, dut.wr_data.value = True, number, part, data
            else:
                dut.four_wr_en.value, dut.four_wr_index.value, dut.four_wr_data.value = True, part - len(GROUPS), data
                dut.four_wr_set.value = (number - 1) % int(dut.SETS.value)
        await FallingEdge(dut.clk)
        self.expected.append(None if sample is None else sample[1].code(sample[2]))
        if sample is not None:
            self.codes[sample[1].falls, self.expected[-1]] += 1
        code = self.expected.popleft()
        assert bool(dut.out_valid.value) == (code is not None), "a code comes SEARCH cycles after its sum"
        if code is not None:
            assert int(dut.out_code.value) == code

    async def write(self, channel: Channel) -> int:
        """Writes the next set; returns its number when it may be used."""
        number, self.written = self.written % int(self.dut.SETS.value), self.written + 1
        for part, data in enumerate(channel.parts()):
            await self.cycle(write=(number, part, data))
        for _ in range(FETCH - 1):
            await self.cycle()
        return number

    async def drain(self) -> None:
        for _ in range(SEARCH):
            await self.cycle()


@cocotb.test()
async def all_small_sums(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    column = await Column(dut).start()
    distinct = [Channel(tuple(range(-7, 8)), falls) for falls in (False, True)]
    equal = [Channel((t,) * 15, falls) for t in (-1, 0) for falls in (False, True)]
    ties = [Channel(tuple(sorted(rng.randint(-6, 6) for _ in range(15))), number % 2 == 1) for number in range(20)]
    for channel in distinct + equal + ties:
        number = await column.write(channel)
        for total in range(-10, 11):
            await column.cycle((number, channel, total))
        await column.drain()
    assert set(column.codes) == {(falls, code) for falls in (False, True) for code in range(16)}


@cocotb.test()
async def every_bit_of_every_threshold(dut):
    """Fourteen thresholds lie at the ends, and one has a single bit that counts: sums meet it, and miss it by one."""
    acc_w = int(dut.ACC_W.value)
    column = await Column(dut).start()
    single = [sign * (1 << bit) for bit in range(THR_W - 1) for sign in (1, -1)]
    for place in range(COUNT):
        for index, value in enumerate([*single, LOWEST, HIGHEST]):
            falls = (place + index // 2) % 2 == 1
            channel = Channel((LOWEST,) * place + (value,) + (HIGHEST,) * (COUNT - 1 - place), falls)
            number = await column.write(channel)
            for met in (value - 1, value, value + 1):
                await column.cycle((number, channel, channel.sum_of(met, acc_w)))
            await column.drain()


@cocotb.test()
async def sets_in_use_and_rewritten(dut):
    """Each set as soon as it may follow, or later; meanwhile others are written, as close to it as is allowed."""
    rng = random.Random(cocotb.RANDOM_SEED)
    sets, acc_w = int(dut.SETS.value), int(dut.ACC_W.value)
    column = await Column(dut).start()
    channels: list[Channel] = []  # by the sets' order; the last may be written in part
    complete: list[int] = []  # cycle of each whole set's last write
    first_use: list[int] = []
    last_use: list[int] = []
    left: list[tuple[int, int, int]] = []
    shortest = 0
    extremes = (-(1 << acc_w - 1), (1 << acc_w - 1) - 1)
    for cycle in range(6000):
        coming = len(channels)
        old = coming - sets
        if not left and (old < 0 or (old < len(first_use) - 1 and cycle - last_use[old] >= IN_USE)):
            channels.append(random_channel(rng))
            left = [(coming % sets, part, data) for part, data in enumerate(channels[-1].parts())]
            rng.shuffle(left)
        write = left.pop() if left and rng.random() < 0.7 else None
        used = len(first_use)
        may_follow = used < len(complete) and cycle - complete[used] >= FETCH
        may_follow = may_follow and (not used or cycle - first_use[-1] >= FETCH)
        follows = may_follow and rng.random() < (1.0 if cycle % 400 < 200 else 0.02)
        sample = None
        if follows or (used and rng.random() < 0.9):
            if follows:
                shortest += used > 0 and cycle - first_use[-1] == FETCH
                first_use.append(cycle)
                last_use.append(cycle)
            last_use[-1] = cycle
            channel = channels[len(first_use) - 1]
            any_sum = rng.choice((rng.randrange(extremes[0], extremes[1] + 1), *extremes))
            total = channel.near_sum(rng, acc_w) if rng.random() < 0.7 else any_sum
            sample = ((len(first_use) - 1) % sets, channel, total)
        await column.cycle(sample, write)
        if write is not None and not left:
            complete.append(cycle)
    await column.drain()
    assert len(first_use) > 100 and len(column.codes) == 32
    assert shortest > 20 or sets == 2
