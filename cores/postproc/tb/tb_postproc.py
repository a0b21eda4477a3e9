"""postproc: skewed sums of random CONV commands in, words at addresses out, thresholds streamed beside them."""

import random
from collections import deque
from dataclasses import dataclass, replace

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from threshold_model import Channel, random_channel

from tilewright.hardware.program_format import CONV

# From a command taken to its first position, at the least: the sequencer leaves more
START_CYCLES = 2
# A pass lasts that long at the least
PASS_CYCLES = 4
# From the claim of a set to its first sum, at the least: the array takes more
ARRAY_CYCLES = 3
WINDOW = ((0, 0), (0, 1), (1, 0), (1, 1))
ADDRESSES = 1 << 24


@dataclass
class Command:
    """A CONV command's outputs; h and w are those of the map that is written."""

    h: int
    w: int
    images: int
    oc_tiles: int
    base: int
    tile_stride: int
    image_stride: int
    pool: bool
    channels: list[list[Channel]]  # [tile][column]
    sums: list[list[list[int]]]  # [tile][position in the order of the array][column]

    def descriptor(self) -> int:
        """The beats of its CONV command, the first lowest, as far as they concern the module."""
        values = {
            "out_h": self.h << self.pool, "out_w": self.w << self.pool, "images": self.images,
            "oc_tiles": self.oc_tiles, "out_base": self.base,
            "out_tile_stride": self.tile_stride, "out_image_stride": self.image_stride,
            "pool": self.pool,
        }  # fmt: skip
        return join(list(CONV.encode(values)), 64)

    def words(self) -> list[tuple[int, int]]:
        """(address, word) in order, within the memory or not."""
        members = len(WINDOW) if self.pool else 1
        result = []
        for tile, (channels, sums) in enumerate(zip(self.channels, self.sums, strict=True)):
            codes = [[channel.code(s) for channel, s in zip(channels, row, strict=True)] for row in sums]
            for index in range(len(sums) // members):
                image, place = divmod(index, self.h * self.w)
                window = codes[index * members : (index + 1) * members]
                word = sum(max(column) << 4 * c for c, column in enumerate(zip(*window, strict=True)))
                address = self.base + tile * self.tile_stride + image * self.image_stride + place
                result.append((address % ADDRESSES, word))
        return result


def random_command(rng: random.Random, n: int, acc_w: int) -> Command:
    pool = bool(rng.randrange(2))
    h, w, images, oc_tiles = rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 2), rng.randint(1, 3)
    channels = [[random_channel(rng) for _ in range(n)] for _ in range(oc_tiles)]
    limit = 1 << acc_w - 1
    sums = [
        [
            [c.near_sum(rng, acc_w) if rng.random() < 0.8 else rng.randrange(-limit, limit) for c in tile]
            for _ in range(images * h * w * (len(WINDOW) if pool else 1))
        ]
        for tile in channels
    ]
    if rng.random() < 0.3:
        place = [rng.randrange(ADDRESSES) for _ in range(3)]
    else:
        place = [rng.randint(2300, 4000), rng.randint(-1000, 1000) % ADDRESSES, rng.randint(-100, 100) % ADDRESSES]
    return Command(h, w, images, oc_tiles, *place, pool, channels, sums)


def join(values: list[int], bits: int) -> int:
    return sum((value & ((1 << bits) - 1)) << bits * index for index, value in enumerate(values))


class Bench:
    """The array's side, a cycle a call: hands over commands, claims a set with a tile's first position, sends sums."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        names = ("N", "DSP_COLUMNS", "ACC_W", "ACT_DEPTH", "SETS")
        self.n, pairs, self.acc_w, self.depth, sets = (int(getattr(dut, name).value) for name in names)
        # A column follows column 0; two of the first ones share their cycle.
        self.delays = [ARRAY_CYCLES + (c // 2 if c < pairs else c - pairs // 2) for c in range(self.n)]
        self.set_w = sets.bit_length() - 1
        commands = [random_command(self.rng, self.n, self.acc_w) for _ in range(20 if self.n <= 16 else 3)]
        commands[0] = replace(commands[0], base=(self.rng.randrange(1, 256) << 16) + self.rng.randrange(2000))
        self.tiles = sum(command.oc_tiles for command in commands)
        self.commands = deque(commands)
        self.beats = deque(
            b for command in commands for tile in command.channels for channel in tile for b in channel.beats()
        )
        self.expected = deque(entry for command in commands for entry in command.words())
        self.positions: deque[tuple[bool, list[int], bool]] = deque()  # first of its tile, sums, pooled
        self.outside = 0  # words that did not belong into the memory
        self.set = 0
        self.start_in = 0  # cycles in which the command that was taken issues no position
        self.claim_in = 0  # cycles in which no set is claimed
        # The position that the columns of each delay have: (sums, set, pooled)
        stages = self.delays[-1] + 1
        self.history: deque[tuple[list[int], int, bool] | None] = deque([None] * stages, maxlen=stages)

    async def start(self) -> "Bench":
        dut = self.dut
        cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
        dut.rst.value = 1
        dut.s_thr_valid.value = dut.set_take.value = dut.in_valid.value = dut.cfg_valid.value = dut.clear.value = 0
        dut.cfg_sequence.value = 0
        for _ in range(3):
            await FallingEdge(dut.clk)
        dut.rst.value = 0
        return self

    def drive_position(self, rate: float) -> None:
        """Issues a position or not; each column sees it by its delay later."""
        dut = self.dut
        issue = self.start_in == 0 and bool(self.positions) and self.rng.random() < rate
        self.start_in = max(0, self.start_in - 1)
        claim = issue and self.positions[0][0]
        self.claim_in = max(0, self.claim_in - 1)
        if claim and (self.claim_in or not dut.set_ready.value):
            issue = claim = False
        if claim:
            self.set = int(dut.set.value)
            self.claim_in = PASS_CYCLES
        dut.set_take.value = claim
        self.history.appendleft((self.positions[0][1], self.set, self.positions[0][2]) if issue else None)
        if issue:
            self.positions.popleft()
        entries = [self.history[delay] for delay in self.delays]
        sums = [entry[0][c] if entry else self.rng.getrandbits(self.acc_w) for c, entry in enumerate(entries)]
        dut.in_valid.value = join([entry is not None for entry in entries], 1)
        dut.in_data.value = join(sums, self.acc_w)
        dut.in_set.value = join([entry[1] if entry else 0 for entry in entries], self.set_w)
        dut.in_pool.value = self.history[-1][2] if self.history[-1] else self.rng.randrange(2)

    async def cycle(self, rate_in: float, rate_out: float) -> None:
        dut = self.dut
        offer = not self.positions and bool(self.commands) and self.rng.random() < rate_out
        self.drive_position(rate_out)
        dut.cfg_valid.value = offer
        if offer:
            dut.cfg_data.value = self.commands[0].descriptor()
        beat = bool(self.beats) and self.rng.random() < rate_in
        dut.s_thr_valid.value, dut.s_thr_data.value = beat, self.beats[0] if beat else self.rng.getrandbits(64)
        await ReadOnly()
        accepted, taken = offer and bool(dut.cfg_ready.value), beat and bool(dut.s_thr_ready.value)
        await FallingEdge(dut.clk)
        if accepted:
            command = self.commands.popleft()
            self.start_in = START_CYCLES - 1
            self.positions.extend((p == 0, row, command.pool) for tile in command.sums for p, row in enumerate(tile))
        if taken:
            self.beats.popleft()
        if dut.wr_valid.value:
            assert (int(dut.wr_addr.value), int(dut.wr_word.value)) == self.expected.popleft()
        elif dut.error_overflow.value:
            assert self.expected.popleft()[0] >= self.depth
            self.outside += 1


@cocotb.test()
async def random_commands_with_random_stalls(dut):
    bench = await Bench(dut).start()
    for cycle in range(20000):
        # With slow sums the thresholds get ahead, up to all the sets.
        await bench.cycle(*((1.0, 0.02), (0.95, 1.0), (0.5, 0.9), (1.0, 0.4))[cycle // 500 % 4])
        if not bench.expected:
            break
    assert not bench.expected and not bench.beats and not bench.positions
    assert bench.outside or bench.n > 16, "few commands: perhaps none leaves the memory"
    await FallingEdge(dut.clk)
    assert int(dut.tiles_done.value) == bench.tiles and not dut.busy.value and not dut.thr_pending.value
    dut.clear.value = 1
    await FallingEdge(dut.clk)
    assert int(dut.tiles_done.value) == 0
