"""postproc: skewed sums of random CONV commands in, words at addresses out, thresholds streamed beside them."""

import random
from collections import deque
from dataclasses import dataclass

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from threshold_model import Channel, random_channel

POOL = 2
WINDOW = ((0, 0), (0, 1), (1, 0), (1, 1))


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

    def words(self) -> list[tuple[int, int]]:
        """(address, word) in order."""
        members = len(WINDOW) if self.pool else 1
        result = []
        for tile, (channels, sums) in enumerate(zip(self.channels, self.sums, strict=True)):
            codes = [[channel.code(s) for channel, s in zip(channels, row, strict=True)] for row in sums]
            for index in range(len(sums) // members):
                image, place = divmod(index, self.h * self.w)
                window = codes[index * members : (index + 1) * members]
                word = sum(max(column) << 4 * c for c, column in enumerate(zip(*window, strict=True)))
                result.append((self.base + tile * self.tile_stride + image * self.image_stride + place, word))
        return result


def random_command(rng: random.Random, n: int, acc_w: int) -> Command:
    pool = bool(rng.randrange(2))
    h, w, images, oc_tiles = rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 2), rng.randint(1, 3)
    channels = [[random_channel(rng) for _ in range(n)] for _ in range(oc_tiles)]
    limit = 1 << acc_w - 1
    sums = [
        [
            [c.near_sum(rng) if rng.random() < 0.8 else rng.randrange(-limit, limit) for c in tile]
            for _ in range(images * h * w * (len(WINDOW) if pool else 1))
        ]
        for tile in channels
    ]
    base, strides = rng.randrange(4000), (rng.randrange(1000), rng.randrange(100))
    return Command(h, w, images, oc_tiles, base, *strides, pool, channels, sums)


def join(values: list[int], bits: int) -> int:
    return sum((value & ((1 << bits) - 1)) << bits * index for index, value in enumerate(values))


class Issuer:
    """The array's side: hands over commands, claims a set with a tile's first position, sends positions."""

    def __init__(self, commands: list[Command]) -> None:
        self.commands = deque(commands)
        self.positions: deque[tuple[bool, list[int], bool]] = deque()  # first of its tile, sums, pooled
        self.set = 0

    def accept(self) -> None:
        command = self.commands.popleft()
        self.positions.extend((p == 0, row, command.pool) for tile in command.sums for p, row in enumerate(tile))


@cocotb.test()
async def random_commands_with_random_stalls(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    n, acc_w, set_w = int(dut.N.value), int(dut.ACC_W.value), int(dut.SETS.value).bit_length() - 1
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.s_thr_valid.value = dut.set_take.value = dut.in_valid.value = dut.cfg_valid.value = dut.clear.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    commands = [random_command(rng, n, acc_w) for _ in range(20)]
    beats = deque(b for command in commands for tile in command.channels for channel in tile for b in channel.beats())
    expected = deque(entry for command in commands for entry in command.words())
    tiles = sum(command.oc_tiles for command in commands)
    issuer = Issuer(commands)
    history: deque[tuple[list[int], int, bool] | None] = deque([None] * n, maxlen=n)  # column c's position at c
    for cycle in range(20000):
        rate_in, rate_out = ((0.95, 1.0), (0.5, 0.9), (1.0, 0.4))[cycle // 300 % 3]
        issue = bool(issuer.positions) and rng.random() < rate_out
        if issue and issuer.positions[0][0] and not dut.set_ready.value:
            issue = False
        claim = issue and issuer.positions[0][0]
        if claim:
            issuer.set = int(dut.set.value)
        entry = None
        if issue:
            _, row, pool = issuer.positions.popleft()
            entry = (row, issuer.set, pool)
        history.appendleft(entry)
        columns = [(h[0][c], h[1]) if h else (rng.getrandbits(acc_w), 0) for c, h in enumerate(history)]
        dut.in_valid.value = join([h is not None for h in history], 1)
        dut.in_data.value, dut.in_set.value = join([c[0] for c in columns], acc_w), join([c[1] for c in columns], set_w)
        dut.in_pool.value = history[-1][2] if history[-1] else rng.randrange(2)
        dut.set_take.value = claim
        thr_valid = bool(beats) and rng.random() < rate_in
        dut.s_thr_valid.value, dut.s_thr_data.value = thr_valid, beats[0] if beats else 0
        offer = not issue and not issuer.positions and bool(issuer.commands) and rng.random() < rate_out
        dut.cfg_valid.value = offer
        if offer:
            for name in ("h", "w", "images", "oc_tiles", "base", "tile_stride", "image_stride"):
                getattr(dut, f"cfg_{name}").value = getattr(issuer.commands[0], name)
        await ReadOnly()
        accepted, thr_taken = offer and bool(dut.cfg_ready.value), thr_valid and bool(dut.s_thr_ready.value)
        await FallingEdge(dut.clk)
        if accepted:
            issuer.accept()
        if thr_taken:
            beats.popleft()
        if dut.wr_valid.value:
            assert (int(dut.wr_addr.value), int(dut.wr_word.value)) == expected.popleft()
        assert not dut.error_overflow.value
        if not expected and not issuer.commands:
            break
    assert not expected and not beats and not issuer.positions
    await FallingEdge(dut.clk)
    assert int(dut.tiles_done.value) == tiles and not dut.busy.value and not dut.thr_pending.value
    dut.clear.value = 1
    await FallingEdge(dut.clk)
    assert int(dut.tiles_done.value) == 0
