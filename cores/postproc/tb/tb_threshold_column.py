"""threshold_column: codes of random, extreme and all small sums; sets interleaved, and rewritten beside their use."""

import random
from collections import Counter, deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from threshold_model import COUNT, HIGHEST, LOWEST, THR_W, Channel, random_channel

SEARCH = 5  # cycles from a sum to its code
IN_USE = 3  # cycles from a sum to the last read of its set


class Column:
    """Plays one cycle a call and compares every code with the model's, SEARCH cycles after its sum."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.expected: deque[int | None] = deque([None] * (SEARCH - 1))
        self.codes: Counter[tuple[bool, int]] = Counter()

    async def start(self) -> "Column":
        cocotb.start_soon(Clock(self.dut.clk, 10, "ns").start())
        self.dut.rst.value, self.dut.wr_en.value, self.dut.in_valid.value = 1, 0, 0
        for _ in range(3):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0
        return self

    async def cycle(
        self, sample: tuple[int, Channel, int] | None = None, write: tuple[int, int, int] | None = None
    ) -> None:
        """`sample`: set, what the set holds, sum. `write`: set, group, data."""
        dut = self.dut
        dut.in_valid.value, dut.wr_en.value = sample is not None, write is not None
        if sample is not None:
            dut.in_set.value, dut.in_sum.value = sample[0], sample[2] & ((1 << int(dut.ACC_W.value)) - 1)
        if write is not None:
            dut.wr_set.value, dut.wr_group.value, dut.wr_data.value = write
        await FallingEdge(dut.clk)
        self.expected.append(None if sample is None else sample[1].code(sample[2]))
        if sample is not None:
            self.codes[sample[1].falls, self.expected[-1]] += 1
        code = self.expected.popleft()
        assert bool(dut.out_valid.value) == (code is not None), "a code comes SEARCH cycles after its sum"
        if code is not None:
            assert int(dut.out_code.value) == code

    async def write(self, number: int, channel: Channel) -> None:
        for group, data in enumerate(channel.groups()):
            await self.cycle(write=(number, group, data))

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
        await column.write(0, channel)
        for total in range(-10, 11):
            await column.cycle((0, channel, total))
        await column.drain()
    assert set(column.codes) == {(falls, code) for falls in (False, True) for code in range(16)}


@cocotb.test()
async def every_bit_of_every_threshold(dut):
    """Fourteen thresholds lie at the ends, and one has a single bit that counts: sums meet it, and miss it by one."""
    acc_w = int(dut.ACC_W.value)
    column = await Column(dut).start()
    single = [sign * (1 << bit) for bit in range(THR_W - 1) for sign in (1, -1)]
    for place in range(COUNT):
        for number, value in enumerate([*single, LOWEST, HIGHEST]):
            falls = (place + number // 2) % 2 == 1
            channel = Channel((LOWEST,) * place + (value,) + (HIGHEST,) * (COUNT - 1 - place), falls)
            await column.write(0, channel)
            for met in (value - 1, value, value + 1):
                await column.cycle((0, channel, channel.sum_of(met, acc_w)))
            await column.drain()


@cocotb.test()
async def sets_in_use_and_rewritten(dut):
    """Sums of any complete set in any order; meanwhile another set is written, as close to its use as is allowed."""
    rng = random.Random(cocotb.RANDOM_SEED)
    sets, acc_w = int(dut.SETS.value), int(dut.ACC_W.value)
    column = await Column(dut).start()
    held: dict[int, Channel] = {}
    last_use = dict.fromkeys(range(sets), -IN_USE)
    coming: Channel | None = None
    left: list[tuple[int, int, int]] = []
    rewritten = 0
    extremes = (-(1 << acc_w - 1), (1 << acc_w - 1) - 1)
    for cycle in range(4000):
        free = [number for number in range(sets) if cycle - last_use[number] >= IN_USE]
        if not left and free and (len(held) < sets or rng.random() < 0.3):
            target = rng.choice(free)
            rewritten += held.pop(target, None) is not None
            coming = random_channel(rng)
            left = [(target, group, data) for group, data in enumerate(coming.groups())]
            rng.shuffle(left)
        write = left.pop() if left and rng.random() < 0.7 else None
        sample = None
        if held and rng.random() < 0.9:
            number = rng.choice(list(held))
            any_sum = rng.choice((rng.randrange(extremes[0], extremes[1] + 1), *extremes))
            sample = (number, held[number], held[number].near_sum(rng, acc_w) if rng.random() < 0.7 else any_sum)
            last_use[number] = cycle
        await column.cycle(sample, write)
        if write is not None and not left and coming is not None:
            held[write[0]] = coming
    await column.drain()
    assert rewritten > 100 and len(column.codes) == 32
