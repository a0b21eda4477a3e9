"""sequencer against plain nested loops: in every cycle what is issued, what is claimed, and which stall is reported."""

import random
from collections import Counter, deque
from dataclasses import dataclass, replace

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from tilewright.hardware.program_format import CONV

RAW, RELU, CODES, READ = range(4)
PASS = 4  # cycles of a pass at the least
ADDRESSES = 1 << 24
NONE = 65535  # as raise_from: no input tile raises
STALLS = ("weights", "activations", "thresholds", "output")


@dataclass(frozen=True)
class Convolution:
    """A CONV command. Memory holds the map's rows from `first_row` on, the first image's first tile at `memory`."""

    in_h: int
    in_w: int
    out_h: int
    out_w: int
    ic_tiles: int
    oc_tiles: int
    images: int
    kernel_h: int
    kernel_w: int
    stride: int
    origin_y: int
    origin_x: int
    memory: int
    first_row: int
    tile_stride: int
    image_stride: int
    after: int = 0
    mode: int = RAW
    pool: int = 0
    step: int = 0
    acc_base: int = 0
    acc_stride: int = 0
    resume: int = 0
    hold: int = 0
    oc_stride: int = 0
    raise_from: int = NONE
    raise_each: int = 0

    @property
    def passes(self) -> int:
        return self.oc_tiles * self.ic_tiles * self.kernel_h * self.kernel_w

    def descriptor(self) -> int:
        """Its beats, the first lowest."""
        names = ("in_h", "in_w", "out_h", "out_w", "ic_tiles", "oc_tiles", "images", "kernel_h", "kernel_w", "stride")
        names += ("origin_y", "origin_x", "acc_base", "after", "mode", "pool", "step", "resume", "hold")
        names += ("raise_from", "raise_each")
        values = {name: getattr(self, name) for name in names}
        values["act_base"] = (self.memory + (self.origin_y - self.first_row) * self.in_w + self.origin_x) % ADDRESSES
        values["act_tile_stride"], values["act_image_stride"] = self.tile_stride, self.image_stride
        values["act_oc_stride"] = self.oc_stride
        values["acc_tile_stride"] = self.acc_stride
        return sum(beat << 64 * index for index, beat in enumerate(CONV.encode(values)))


@dataclass(frozen=True)
class Position:
    """What is issued for one position; `needed` are the output tiles that must be written before its pass starts."""

    start: bool
    address: int | None  # None: outside the map
    first: bool
    last: bool
    final: bool
    accumulator: int
    raises: bool
    needed: int


def output_order(c: Convolution) -> list[tuple[int, int, int]]:
    """Image, row and column of each output, window by window where pooled."""
    if not c.pool:
        return [(image, oy, ox) for image in range(c.images) for oy in range(c.out_h) for ox in range(c.out_w)]
    return [
        (image, 2 * wy + dy, 2 * wx + dx)
        for image in range(c.images)
        for wy in range(c.out_h // 2)
        for wx in range(c.out_w // 2)
        for dy in range(2)
        for dx in range(2)
    ]


def positions_of(c: Convolution) -> list[Position]:
    outputs = output_order(c)
    result = []
    for oc in range(c.oc_tiles):
        for ic in range(c.ic_tiles):
            for ky in range(c.kernel_h):
                for kx in range(c.kernel_w):
                    first = (ic, ky, kx) == (0, 0, 0) and not c.resume
                    end = (ic, ky, kx) == (c.ic_tiles - 1, c.kernel_h - 1, c.kernel_w - 1)
                    last = end and not c.hold
                    later = bool(c.raise_each) and ic > c.raise_from
                    raises = (ky, kx) == (0, 0) and (ic == c.raise_from or later)
                    for p, (image, oy, ox) in enumerate(outputs):
                        y, x = oy * c.stride + ky + c.origin_y, ox * c.stride + kx + c.origin_x
                        in_map = 0 <= y < c.in_h and 0 <= x < c.in_w
                        tile = c.memory + image * c.image_stride + ic * c.tile_stride + oc * c.oc_stride
                        address = tile + (y - c.first_row) * c.in_w + x
                        final = end and oc == c.oc_tiles - 1 and p == len(outputs) - 1
                        needed = c.after + (ic if c.step else 0)
                        word = address % ADDRESSES if in_map else None
                        place = c.acc_base + oc * c.acc_stride + p
                        result.append(Position(p == 0, word, first, last, final, place, raises, needed))
    return result


def random_sums(rng: random.Random, c: Convolution, accumulators: int) -> Convolution:
    """The command with any accumulators, those of its output tiles apart or the same, resumed, held, or both."""
    if c.mode == READ:
        return c
    count = c.images * c.out_h * c.out_w
    acc_stride = rng.choice([0, rng.randint(0, (accumulators - count) // c.oc_tiles)])
    acc_base = rng.choice([0, rng.randint(0, accumulators - count - (c.oc_tiles - 1) * acc_stride)])
    hold = int(c.mode == RAW and (c.pool or rng.randrange(2)))
    return replace(c, acc_base=acc_base, acc_stride=acc_stride, resume=rng.randrange(2), hold=hold)


def random_raise(rng: random.Random, c: Convolution) -> Convolution:
    """The command with any first input tile that raises, of its own or beyond them."""
    raise_from = rng.choice([NONE, 0, rng.randrange(c.ic_tiles), c.ic_tiles - 1, c.ic_tiles, 1 << rng.randrange(16)])
    return replace(c, raise_from=raise_from, raise_each=rng.randrange(2))


def random_convolution(rng: random.Random, mode: int, pool: int, depth: int, accumulators: int) -> Convolution:
    """Some output rows of a layer, of which memory holds only the rows that they need; at most 400 positions."""
    while True:
        in_h, in_w, stride, padding = rng.randint(1, 9), rng.randint(1, 9), rng.choice([1, 2]), rng.randrange(4)
        kernel_h, kernel_w = (1, 1) if mode == READ else (rng.randint(1, 7), rng.randint(1, 7))
        out_h = (in_h + 2 * padding - kernel_h) // stride + 1 >> pool
        out_w = (in_w + 2 * padding - kernel_w) // stride + 1 >> pool
        if out_h < 1 or out_w < 1:
            continue
        first = rng.randrange(out_h)
        rows, columns = rng.randint(1, out_h - first) << pool, out_w << pool
        first <<= pool
        origin_y = first * stride - padding
        held = range(max(0, origin_y), min(in_h, origin_y + (rows - 1) * stride + kernel_h))
        images, ic_tiles, oc_tiles = rng.randint(1, 2), rng.randint(1, 4), 1 if mode == READ else rng.randint(1, 3)
        taps = kernel_h * kernel_w
        if images * rows * columns <= accumulators and oc_tiles * ic_tiles * taps * images * rows * columns <= 400:
            break
    first_row = held.start if held else 0
    tile_stride = len(held) * in_w + rng.randrange(3)
    image_stride = tile_stride * ic_tiles + rng.randrange(3)
    room = depth - image_stride * images
    oc_stride = rng.choice([0, tile_stride, rng.randrange(room)]) % (room // oc_tiles)
    memory = rng.choice([0, rng.randrange(room - oc_stride * (oc_tiles - 1))])
    if rng.randrange(4) == 0:  # tiles and images from the last to the first
        memory += (ic_tiles - 1) * tile_stride + (images - 1) * image_stride
        tile_stride, image_stride = -tile_stride, -image_stride
    if rng.randrange(4) == 0:  # what output tiles read, from the last to the first
        memory, oc_stride = memory + (oc_tiles - 1) * oc_stride, -oc_stride
    c = Convolution(
        in_h, in_w, rows, columns, ic_tiles, oc_tiles, images, kernel_h, kernel_w, stride, origin_y, -padding,
        memory, first_row, tile_stride % ADDRESSES, image_stride % ADDRESSES, 0, mode, pool, rng.randrange(2),
        oc_stride=oc_stride % ADDRESSES,
    )  # fmt: skip
    return random_raise(rng, random_sums(rng, c, accumulators))


@dataclass
class Places:
    """Places of a buffer: those taken, as the sequencer counts them, and what the buffer says."""

    depth: int
    taken: int = 0  # decided on
    held: int = 0  # reserved in the buffer
    freed: bool = False

    def available(self) -> bool:
        return self.taken < self.depth

    def step(self, rng: random.Random, rate: float, decided: bool, reserved: bool) -> None:
        """A cycle has passed; gives back a place in the next one, or not."""
        self.taken += decided - self.freed
        self.held += reserved - self.freed
        self.freed = self.held > 0 and rng.random() < rate


class Bench:
    """Drives the module a cycle at a time and predicts it; what it waits for comes at once, or late."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.depth, self.accumulators = int(dut.ACT_DEPTH.value), int(dut.ACC_DEPTH.value)
        self.out_depth, self.read_depth = int(dut.OUT_DEPTH.value), int(dut.READ_DEPTH.value)
        self.read_words = int(dut.READ_WORDS.value)
        self.tiles_done = 0
        self.stalls: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """As after a reset."""
        self.offered: Convolution | None = None
        self.command: Convolution | None = None
        self.passes: deque[list[Position]] = deque()  # of the command, not yet taken
        self.due: deque[Position] = deque()  # of the pass that was taken
        self.accepted_ago = self.taken_ago = 100
        self.start_ok = False
        self.causes: deque[str | None] = deque([None, None], maxlen=2)
        self.known_tiles_done = self.tiles_done
        self.raw, self.words = Places(self.out_depth), Places(self.read_depth)
        self.read = 0  # words of the READ that have gone
        self.empty = True
        self.tile_ready, self.tile_loads = False, True
        self.sets, self.set_ready = 0, deque([False, False], maxlen=2)
        self.tiles_left = 0  # weight tiles until the one with the end mark
        self.convs_issued: deque[int] = deque([0, 0, 0], maxlen=3)
        self.sequence = 0
        self.errors: set[str] = set()

    async def start(self) -> "Bench":
        dut = self.dut
        cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
        for name in ("cfg_valid", "tile_ready", "tile_last", "set_ready", "result_freed", "read_freed", "clear"):
            getattr(dut, name).value = 0
        dut.result_empty.value = dut.tiles_done.value = 0
        await self.reset()
        return self

    async def reset(self) -> None:
        self.dut.rst.value = 1
        for _ in range(3):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0
        self.clear()
        await FallingEdge(self.dut.clk)

    def offer(self, c: Convolution) -> None:
        self.offered, self.sequence = c, self.rng.getrandbits(16)
        self.dut.cfg_data.value, self.dut.cfg_sequence.value, self.dut.cfg_valid.value = (
            c.descriptor(),
            self.sequence,
            1,
        )

    def begins(self) -> bool:
        """Whether the word that is due takes a place."""
        return self.read % self.read_words == 0

    def blocked(self) -> bool:
        """Whether the position that is due finds no place for what it brings."""
        if not self.due:
            return False
        if self.command.mode == READ:
            return self.begins() and not self.words.available()
        return self.due[0].last and self.command.mode != CODES and not self.raw.available()

    def cause(self) -> str | None:
        """What the next pass waits for, by the order of the checks; None: nothing, or there is none."""
        position, read = self.passes[0][0], self.command.mode == READ
        if self.taken_ago < 3 or not (read or self.tile_ready):
            return "activations" if read else "weights"
        if self.known_tiles_done < position.needed or (read and not self.empty):
            return "activations"
        if position.last and self.command.mode == CODES and not self.set_ready[0]:
            return "thresholds"
        return None

    def flags(self, issued: Position | None, begins: bool) -> dict[str, bool]:
        """The outputs of a position, in the cycle after it was decided on."""
        if issued is None or self.command is None:
            return dict.fromkeys(
                ("issue_valid", "issue_read", "issue_swap", "issue_final", "result_reserve", "read_reserve"), False
            )
        mode = self.command.mode
        flags = {
            "valid": mode != READ, "read": mode == READ, "swap": issued.start and mode != READ, "final": issued.final,
            "zero": issued.address is None, "first": issued.first, "last": issued.last, "relu": mode == RELU,
            "codes": mode == CODES, "pool": bool(self.command.pool),
        }  # fmt: skip
        if mode != READ:
            flags["raise"] = issued.raises
        return {f"issue_{name}": value for name, value in flags.items()} | {
            "result_reserve": issued.last and mode in (RAW, RELU),
            "read_reserve": mode == READ and begins,
        }

    def drive(self) -> None:
        dut = self.dut
        dut.tile_ready.value, dut.tile_last.value = self.tile_ready, self.tiles_left == 1
        dut.set_ready.value, dut.result_empty.value = self.set_ready[0], self.empty
        dut.result_freed.value, dut.read_freed.value = self.raw.freed, self.words.freed
        dut.tiles_done.value = self.tiles_done

    def answer(self, rate: float, issued: Position | None) -> None:
        """What weights, thresholds and buffers do at the end of a cycle, while its outputs are still there."""
        dut, rng = self.dut, self.rng
        taken, swapped = bool(dut.tile_take.value), bool(dut.issue_swap.value)
        self.tiles_left -= taken
        self.tile_loads |= swapped
        if taken:
            self.tile_ready = False
        elif self.tile_loads and rng.random() < rate:
            self.tile_ready, self.tile_loads = True, False
        self.sets += (self.sets == 0 and rng.random() < rate / 60) - bool(dut.set_take.value)
        self.set_ready.append(self.sets > 0)
        mode = self.command.mode if self.command else RAW
        self.empty = self.raw.held == 0
        raw = issued is not None and issued.last and mode in (RAW, RELU)
        freeing = rate if rate == 1 else rate / 6
        self.raw.step(rng, freeing, raw, bool(dut.result_reserve.value))
        read = issued is not None and mode == READ
        self.words.step(rng, freeing, read and self.begins(), bool(dut.read_reserve.value))
        self.read += read
        self.known_tiles_done = self.tiles_done

    async def cycle(self, rate: float, expect: bool = True) -> Position | None:
        """A cycle in which others answer with this probability; returns the position that goes, by the model."""
        dut = self.dut
        self.drive()
        await ReadOnly()
        idle, blocked = not self.passes and not self.due, self.blocked()
        stall = "output" if blocked else None if self.due else self.causes[0]
        issued = None if blocked or not self.due else self.due.popleft()
        take = self.start_ok and not self.due
        waits = len(self.passes) > 1 if take else bool(self.passes) and self.accepted_ago >= 2
        cause = self.cause() if waits and not take else None
        self.start_ok = waits and not take and cause is None
        self.causes.append(("activations" if self.command.mode == READ else "weights") if waits and take else cause)
        accepted = bool(dut.cfg_valid.value and dut.cfg_ready.value)
        self.convs_issued.append((self.convs_issued[-1] + bool(issued and issued.final)) % (1 << 24))
        if expect:
            reported = {name for name in STALLS if getattr(dut, f"stall_{name}").value}
            assert reported == ({stall} if stall else set()), f"{self.command}: {self.tiles_done} tiles, {issued}"
            assert bool(dut.cfg_ready.value) == idle
            assert int(dut.convs_issued.value) == self.convs_issued[0]
        self.stalls[stall or "none"] += 1
        begins = self.begins()
        self.answer(rate, issued)
        self.accepted_ago, self.taken_ago = self.accepted_ago + 1, self.taken_ago + 1
        claims = {"tile_take": take and self.command.mode != READ, "set_take": False}
        if take:
            claims["set_take"] = self.passes[0][0].last and self.command.mode == CODES
            self.due.extend(self.passes.popleft())
            self.taken_ago = 1
        await FallingEdge(dut.clk)
        if expect:
            self.check(claims | self.flags(issued, begins), issued)
        names = ("act_overflow", "acc_overflow", "weights_short", "weights_long")
        self.errors |= {name for name in names if getattr(dut, f"error_{name}").value}
        if accepted:
            dut.cfg_valid.value = 0
            self.command, self.accepted_ago, self.read = self.offered, 1, 0
            positions = positions_of(self.command)
            each = len(positions) // self.command.passes
            self.passes = deque(positions[i : i + each] for i in range(0, len(positions), each))
            self.tiles_left = self.command.passes
        return issued

    def check(self, flags: dict[str, bool], issued: Position | None) -> None:
        dut = self.dut
        got = {name: bool(getattr(dut, name).value) for name in flags}
        assert got == flags, f"{self.command}: {issued}"
        if issued is not None and issued.address is not None:
            assert int(dut.issue_act_addr.value) == issued.address, f"{self.command}: {issued}"
        if issued is not None and self.command.mode != READ:
            assert int(dut.issue_acc_addr.value) == issued.accumulator

    async def run(self, c: Convolution, rate: float) -> int:
        """Offers a command in this cycle and plays it to its last position; returns the cycles from first to last."""
        self.offer(c)
        cycles = 0
        while True:
            if rate < 1 and self.rng.random() < 0.1:
                self.tiles_done += 1
            issued = await self.cycle(rate)
            cycles += issued is not None or cycles > 0
            if issued is not None and issued.final:
                return cycles


@cocotb.test()
async def random_commands(dut):
    bench = await Bench(dut).start()
    rng = bench.rng
    for number in range(54):
        # A READ behind results, which it waits for
        mode, pool = ((RAW, 0), (RAW, 1), (CODES, 0), (CODES, 1), (RELU, 0), (READ, 0))[number % 6]
        rate = (1.0, 0.7, 0.3)[number // 6 % 3]
        c = random_convolution(rng, mode, pool, bench.depth, bench.accumulators)
        # Without stalls everything is written; with them some of it is written while the command runs.
        c = replace(c, after=max(0, bench.tiles_done + rng.randint(-2, 4)) if rate < 1 else 0)
        bench.tiles_done += c.ic_tiles if rate == 1 else 0
        bench.sets = c.oc_tiles if rate == 1 else 0
        bench.set_ready.extend(2 * [bench.sets > 0])
        each = len(positions_of(c)) // c.passes
        cycles = await bench.run(c, rate)
        least = each * c.passes if each >= PASS else PASS * (c.passes - 1) + each
        assert rate < 1 or cycles == least, f"{c}: {cycles - least} bubbles without a stall"
        for _ in range(rng.choice([0, 0, 1, 5])):  # the next command at once, or later
            await bench.cycle(rate)
    await bench.run(
        Convolution(10, 12, 10, 12, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 120, 120), 0.3
    )  # fills the results' places
    assert not bench.errors, f"{bench.errors}"
    assert all(bench.stalls[name] for name in STALLS), f"{bench.stalls}"
    dut.clear.value = 1
    await FallingEdge(dut.clk)
    dut.clear.value = 0
    assert int(dut.convs_issued.value) == 0


@cocotb.test()
async def never_before_its_activations(dut):
    """Each input tile waits for one output tile more; nothing is issued until the very tile is written."""
    bench = await Bench(dut).start()
    bench.sets = 2
    c = Convolution(2, 2, 2, 2, 3, 2, 1, 2, 1, 1, -1, 0, 100, 0, 4, 12, after=7, mode=CODES, step=1)
    bench.offer(c)
    for tiles in (0, 6, 7, 8, 9):
        bench.tiles_done = tiles
        for _ in range(60):
            await bench.cycle(1.0)
        tile = max(0, tiles - 6)
        # Every output tile needs all of its input tiles: the first one stops where its next input tile is missing.
        left = len(bench.due) + sum(map(len, bench.passes))
        assert left == (len(positions_of(c)) - tile * 8 if tile < 3 else 0)
    assert bench.stalls["activations"] > 100


@cocotb.test()
async def passes_of_one_position(dut):
    """The next one waits until what is known about it is its own, a READ's, too, which waits for no weights."""
    bench = await Bench(dut).start()
    for mode in (RAW, READ):
        await bench.run(Convolution(1, 1, 1, 1, 4, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 4, mode=mode), 1.0)


@cocotb.test()
async def raises_far_from_the_first_tile(dut):
    """Input tiles beyond 256, counted anew for each output tile; and none where raise_from is 65535."""
    bench = await Bench(dut).start()
    c = Convolution(1, 1, 1, 1, 262, 2, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, hold=1, resume=1)
    for raise_from, raise_each in ((257, 0), (258, 1), (NONE, 1)):
        await bench.run(replace(c, raise_from=raise_from, raise_each=raise_each), 1.0)


@cocotb.test()
async def counts_of_24_bits(dut):
    """Every bit of `after` counts; convs_issued goes on from any number, and from the last to 0."""
    bench = await Bench(dut).start()
    c = Convolution(2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 4, 4, hold=1)
    for bit in range(24):
        bench.tiles_done = (1 << bit) - 1
        bench.offer(replace(c, after=1 << bit))
        for _ in range(20):
            await bench.cycle(1.0)
        assert len(bench.passes) == 1, "nothing is issued"
        bench.tiles_done |= 1 << bit
        for _ in range(20):
            await bench.cycle(1.0)
        assert not bench.passes and not bench.due
    for count in (0xFFFF, 0x7FFFFF, 0xFFFFFF):
        dut.convs_issued.value = count
        await bench.cycle(1.0, expect=False)
        bench.convs_issued.extend(3 * [count])
        await bench.run(c, 1.0)
        for _ in range(4):
            await bench.cycle(1.0)
        assert int(dut.convs_issued.value) == (count + 1) % (1 << 24)


@cocotb.test()
async def overflows_and_wrong_numbers_of_weights(dut):
    bench = await Bench(dut).start()
    good = Convolution(4, 4, 4, 4, 2, 1, 1, 3, 3, 1, -1, -1, 0, 0, 16, 32)
    read = replace(good, kernel_h=1, kernel_w=1, origin_y=0, origin_x=0, mode=READ)

    async def fails(change: dict[str, int], error: str, tiles: int = 0, command: Convolution = good) -> None:
        c = replace(command, **change)
        bench.offer(c)
        for cycle in range(3000):
            await bench.cycle(1.0, expect=False)
            if cycle == 0:
                bench.tiles_left += tiles
            if bench.errors:
                break
        assert int(dut.error_sequence.value) == bench.sequence
        assert bench.errors == {error}, f"{change}, {tiles} tiles more: expected {error}, got {bench.errors}"
        await bench.reset()

    rows = bench.accumulators // 4 + 1
    await fails({"memory": bench.depth - 31}, "act_overflow")
    await fails({"memory": ADDRESSES - 1}, "act_overflow")
    for bit in range((bench.depth - 1).bit_length(), 24):
        await fails({"memory": 1 << bit}, "act_overflow")
    await fails({"tile_stride": bench.depth}, "act_overflow")
    await fails({"oc_tiles": 2, "oc_stride": bench.depth}, "act_overflow")
    await fails({"memory": bench.depth - 31}, "act_overflow", command=read)
    await fails({"out_h": rows, "in_h": rows + 2, "tile_stride": 0}, "acc_overflow")
    await fails({"acc_base": bench.accumulators - 15}, "acc_overflow")
    await fails({"acc_base": 0xFFFF}, "acc_overflow")
    await fails({"oc_tiles": 2, "acc_stride": bench.accumulators - 15}, "acc_overflow")
    await fails({"oc_tiles": 5, "acc_stride": 0xFFFF}, "acc_overflow")
    await fails({}, "weights_short", tiles=-1)
    await fails({}, "weights_long", tiles=1)
    await bench.run(good, 1.0)
    await bench.run(replace(read, in_h=rows, out_h=rows, tile_stride=0), 1.0)  # a READ needs no accumulators
    for _ in range(3):
        await bench.cycle(1.0)
    assert not bench.errors
