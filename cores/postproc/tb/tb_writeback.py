"""writeback: addresses of random CONV commands one behind the other, its queue of two, what it counts and reports."""

import random
from collections import deque
from dataclasses import dataclass, replace

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly

WORD = 1 << 24


@dataclass(frozen=True)
class Command:
    h: int
    w: int
    images: int
    oc_tiles: int
    base: int
    tile_stride: int
    image_stride: int
    sequence: int

    def addresses(self) -> list[tuple[int, bool]]:
        """Address of each word, and whether it is the last of its output tile."""
        words = []
        for tile in range(self.oc_tiles):
            for image in range(self.images):
                for y in range(self.h):
                    for x in range(self.w):
                        address = self.base + tile * self.tile_stride + image * self.image_stride + y * self.w + x
                        last = (image, y, x) == (self.images - 1, self.h - 1, self.w - 1)
                        words.append((address % WORD, last))
        return words


def random_command(rng: random.Random, depth: int) -> Command:
    """Strides of either sign; three commands in seven lie anywhere, at the memory's end, or a bit beyond it."""
    h, w, images, oc_tiles = (rng.randint(1, 4) for _ in range(4))
    place = rng.randrange(7)
    if place == 0:
        base, *strides = (rng.randrange(WORD) for _ in range(3))
    elif place == 1:
        base, *strides = (depth - rng.randint(0, 2)) % WORD, 0, 0
    elif place == 2:
        base, *strides = (1 << rng.choice([bit for bit in range(24) if 1 << bit >= depth] or [0])), 0, 0
    else:
        base, *strides = rng.randrange(depth), rng.randint(-200, 200), rng.randint(-200, 200)
    return Command(h, w, images, oc_tiles, base, *(stride % WORD for stride in strides), rng.getrandbits(16))


async def start(dut) -> None:
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.cfg_valid.value = dut.in_valid.value = dut.clear.value = 0
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0


@cocotb.test()
async def commands_back_to_back(dut):
    rng = random.Random(cocotb.RANDOM_SEED)
    depth = int(dut.ACT_DEPTH.value)
    await start(dut)
    offered = random_command(rng, depth)
    waiting: Command | None = None
    current: deque[tuple[int, bool]] = deque()
    sequence = 0  # of the command whose words arrive
    ended = False  # what tile_done shows in this cycle
    # What came in the cycle before: address and word; then what the outputs show: that, written or not
    came: tuple[int, int, int] | None = None
    written = overflow = False
    fresh = False  # the current command was the next one in the cycle before
    tiles_done = queued = overflows = 0
    for cycle in range(8000):
        rate = (1.0, 0.7, 0.2)[cycle // 500 % 3]
        cfg, word, clear = rng.random() < 0.8 * rate, rng.getrandbits(32), rng.random() < 0.005
        valid = bool(current) and not fresh and rng.random() < rate
        dut.cfg_valid.value, dut.in_valid.value, dut.in_word.value, dut.clear.value = cfg, valid, word, clear
        for name, value in vars(offered).items():
            getattr(dut, f"cfg_{name}").value = value if cfg else rng.getrandbits(len(getattr(dut, f"cfg_{name}")))
        await ReadOnly()
        assert bool(dut.cfg_ready.value) == (waiting is None)
        assert bool(dut.busy.value) == (waiting is not None or bool(current) or came is not None or written or overflow)
        assert bool(dut.tile_done.value) == ended
        assert int(dut.tiles_done.value) == tiles_done
        tiles_done = 0 if clear else tiles_done + ended
        accepted = cfg and waiting is None
        advances = fresh = waiting is not None and not current
        await FallingEdge(dut.clk)
        written, overflow = came is not None and came[0] < depth, came is not None and came[0] >= depth
        assert (bool(dut.wr_valid.value), bool(dut.error_overflow.value)) == (written, overflow)
        assert bool(dut.wr_none.value) == (not written)
        if came is not None and written:
            assert (int(dut.wr_addr.value), int(dut.wr_word.value)) == came[:2]
        if came is not None and overflow:
            assert int(dut.error_sequence.value) == came[2]
        overflows += overflow
        came, ended = None, False
        if valid:
            address, ended = current.popleft()
            came = address, word, sequence
        if advances and waiting is not None:
            current, sequence, waiting = deque(waiting.addresses()), waiting.sequence, None
        if accepted:
            queued += bool(current)
            waiting, offered = offered, random_command(rng, depth)
    assert queued > 20, "a command has waited behind another"
    assert overflows > 20 or depth == WORD, "a word has lain outside"


async def send(dut, command: Command) -> None:
    """Hands a command over, and waits until its first word may come."""
    for name, value in vars(command).items():
        getattr(dut, f"cfg_{name}").value = value
    dut.cfg_valid.value = 1
    await FallingEdge(dut.clk)
    dut.cfg_valid.value = 0
    await ClockCycles(dut.clk, 2, FallingEdge)


@cocotb.test()
async def sizes_of_sixteen_bits(dut):
    """Words without a gap: the first that ends a tile, and the first that ends the command, come when they must."""
    await start(dut)
    size = 0x8103
    for name in ("w", "h", "images", "oc_tiles"):
        one = Command(1, 1, 1, 1, 0, 0, 0, 0)
        dut.clear.value = 1
        await send(dut, replace(one, **{name: size}))
        dut.clear.value = 0
        dut.in_valid.value = 1
        await ClockCycles(dut.clk, size - 1, FallingEdge)
        assert int(dut.tiles_done.value) == (size - 2 if name == "oc_tiles" else 0)
        assert bool(dut.tile_done.value) == (name == "oc_tiles") and dut.busy.value
        await FallingEdge(dut.clk)
        dut.in_valid.value = 0
        assert dut.tile_done.value and dut.busy.value
        await ClockCycles(dut.clk, 2, FallingEdge)
        assert int(dut.tiles_done.value) == (size if name == "oc_tiles" else 1) and not dut.busy.value


@cocotb.test()
async def tiles_of_24_bits(dut):
    await start(dut)
    for before, after in ((0xFFFF, 0x10000), (0x7FFFFF, 0x800000), (WORD - 1, 0)):
        dut.tiles_done.value = before
        await send(dut, Command(1, 1, 1, 1, 0, 0, 0, 0))
        dut.in_valid.value = 1
        await FallingEdge(dut.clk)
        dut.in_valid.value = 0
        assert int(dut.tiles_done.value) == before
        await ClockCycles(dut.clk, 2, FallingEdge)
        assert int(dut.tiles_done.value) == after


@cocotb.test()
async def reset_forgets_both_commands(dut):
    """In every cycle from the first command on, with words coming and on their way; the next command is carried out."""
    await start(dut)
    for wait in range(12):
        for sequence in range(2):
            command = Command(1, 3, 1, 1, 100, 0, 0, sequence)
            for name, value in vars(command).items():
                getattr(dut, f"cfg_{name}").value = value
            dut.cfg_valid.value = 1
            for cycle in range(wait if sequence == 0 else 2):
                dut.in_valid.value = cycle in (3, 4, 5, 8, 9, 10)
                await FallingEdge(dut.clk)
            if sequence == 0:
                dut.in_valid.value, dut.rst.value = wait in (3, 4, 5, 8, 9, 10), 1
                for _ in range(3):
                    await FallingEdge(dut.clk)
                    dut.cfg_valid.value = dut.in_valid.value = dut.rst.value = 0
                    assert dut.cfg_ready.value and dut.wr_none.value
                    assert not dut.busy.value and not dut.wr_valid.value and not dut.tile_done.value
        dut.cfg_valid.value = 0
        await FallingEdge(dut.clk)
        for word in range(3):
            dut.in_valid.value, dut.in_word.value = 1, word
            await FallingEdge(dut.clk)
            if word:
                assert dut.wr_valid.value and int(dut.wr_addr.value) == 99 + word and int(dut.wr_word.value) == word - 1
        dut.in_valid.value, dut.rst.value = 0, 1
        await FallingEdge(dut.clk)
        dut.rst.value = 0
