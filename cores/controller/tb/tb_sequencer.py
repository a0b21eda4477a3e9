"""sequencer against plain nested loops: in every cycle what is issued, what is claimed, and which stall is reported."""

import random
from collections import Counter, deque
from dataclasses import dataclass, replace

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from tilewright.hardware.program_format import CONV

RAW, RELU, CODES, READ = range(4)
SETUP = 3  # cycles from a command's acceptance to its first position
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
    nibbles: int = 0
    step: int = 0
    acc_base: int = 0
    acc_stride: int = 0
    resume: int = 0
    hold: int = 0

    @property
    def passes(self) -> int:
        return self.oc_tiles * self.ic_tiles * self.kernel_h * self.kernel_w

    def descriptor(self) -> int:
        """Its beats, the first lowest."""
        names = ("in_h", "in_w", "out_h", "out_w", "ic_tiles", "oc_tiles", "images", "kernel_h", "kernel_w", "stride")
        names += ("origin_y", "origin_x", "acc_base", "after", "mode", "pool", "nibbles", "step", "resume", "hold")
        values = {name: getattr(self, name) for name in names}
        values["act_base"] = (self.memory + (self.origin_y - self.first_row) * self.in_w + self.origin_x) % (1 << 32)
        values["act_tile_stride"], values["act_image_stride"] = self.tile_stride, self.image_stride
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
    shift: bool
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
                    for p, (image, oy, ox) in enumerate(outputs):
                        y, x = oy * c.stride + ky + c.origin_y, ox * c.stride + kx + c.origin_x
                        in_map = 0 <= y < c.in_h and 0 <= x < c.in_w
                        tile = c.memory + image * c.image_stride + ic * c.tile_stride
                        address = tile + (y - c.first_row) * c.in_w + x
                        final = end and oc == c.oc_tiles - 1 and p == len(outputs) - 1
                        shift = bool(c.nibbles) and ic % 2 == 0
                        needed = c.after + (ic if c.step else 0)
                        word = address % (1 << 32) if in_map else None
                        place = c.acc_base + oc * c.acc_stride + p
                        result.append(Position(p == 0, word, first, last, final, place, shift, needed))
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
    memory = rng.choice([0, rng.randrange(depth - image_stride * images)])
    if rng.randrange(4) == 0:  # tiles and images from the last to the first
        memory += (ic_tiles - 1) * tile_stride + (images - 1) * image_stride
        tile_stride, image_stride = -tile_stride, -image_stride
    c = Convolution(
        in_h, in_w, rows, columns, ic_tiles, oc_tiles, images, kernel_h, kernel_w, stride, origin_y, -padding,
        memory, first_row, tile_stride % (1 << 32), image_stride % (1 << 32), 0, mode, pool,
        int(mode != READ and rng.randrange(2)), rng.randrange(2),
    )  # fmt: skip
    return random_sums(rng, c, accumulators)


class Bench:
    """Plays a cycle a call. `expect` compares everything with the model; without it only the errors are kept."""

    INPUTS = ("tile_ready", "set_ready", "result_space", "result_empty", "read_space")

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.depth, self.accumulators = int(dut.ACT_DEPTH.value), int(dut.ACC_DEPTH.value)
        self.offered: Convolution | None = None
        self.command: Convolution | None = None
        self.positions: deque[Position] = deque()  # of the command, not yet issued
        self.setup = 0  # cycles until the first of them may be
        self.tiles_left = 0  # weight tiles until the one with the end mark
        self.tiles_done = 0
        self.convs_issued = 0
        self.stalls: Counter[str] = Counter()
        self.errors: set[str] = set()

    async def start(self) -> "Bench":
        dut = self.dut
        cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
        dut.cfg_valid.value = dut.tile_last.value = dut.tiles_done.value = dut.clear.value = 0
        for name in self.INPUTS:
            getattr(dut, name).value = 0
        await self.reset()
        return self

    async def reset(self) -> None:
        self.dut.rst.value = 1
        for _ in range(3):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0
        self.positions.clear()
        self.convs_issued = 0
        self.errors.clear()

    def offer(self, c: Convolution) -> None:
        dut, self.offered = self.dut, c
        dut.cfg_data.value = c.descriptor()
        dut.cfg_valid.value = 1

    def cause(self, inputs: dict[str, bool]) -> str | None:
        """What holds up the next position, by the order of the checks."""
        position, mode = self.positions[0], self.command.mode
        read, codes = mode == READ, mode == CODES
        if position.start and not read and not inputs["tile_ready"]:
            return "weights"
        if position.start and (self.tiles_done < position.needed or (read and not inputs["result_empty"])):
            return "activations"
        if position.start and position.last and codes and not inputs["set_ready"]:
            return "thresholds"
        if not inputs["read_space"] if read else position.last and not codes and not inputs["result_space"]:
            return "output"
        return None

    def claims(self, issued: Position | None) -> dict[str, bool]:
        """What goes with a position in the cycle in which it is decided on."""
        mode = self.command.mode if self.command else RAW
        read, start, last = mode == READ, bool(issued and issued.start), bool(issued and issued.last)
        return {
            "tile_take": start and not read,
            "set_take": start and last and mode == CODES,
            "result_reserve": last and mode in (RAW, RELU),
            "read_reserve": issued is not None and read,
        }

    def flags(self, issued: Position | None) -> dict[str, bool]:
        """The outputs of a position, in the cycle after it was decided on."""
        if issued is None or self.command is None:
            return dict.fromkeys(("valid", "read", "swap", "final"), False)
        mode = self.command.mode
        return {
            "valid": mode != READ, "read": mode == READ, "swap": issued.start and mode != READ, "final": issued.final,
            "zero": issued.address is None, "first": issued.first, "last": issued.last, "relu": mode == RELU,
            "codes": mode == CODES, "pool": bool(self.command.pool), "shift": issued.shift,
        }  # fmt: skip

    async def cycle(self, inputs: dict[str, bool], expect: bool = True) -> Position | None:
        """Returns the position that is decided on in this cycle, by the model."""
        dut = self.dut
        for name, value in inputs.items():
            getattr(dut, name).value = value
        dut.tiles_done.value = self.tiles_done
        dut.tile_last.value = self.tiles_left == 1
        await ReadOnly()
        idle, active = not self.positions, bool(self.positions) and self.setup == 0
        stall = self.cause(inputs) if active else None
        issued = self.positions.popleft() if active and stall is None else None
        accepted = bool(dut.cfg_valid.value and dut.cfg_ready.value)
        if expect:
            reported = {name for name in STALLS if getattr(dut, f"stall_{name}").value}
            assert reported == ({stall} if stall else set()), f"{self.command}: {self.tiles_done} tiles, {issued}"
            claims = self.claims(issued)
            assert {name: bool(getattr(dut, name).value) for name in claims} == claims
            assert bool(dut.cfg_ready.value) == idle
            assert int(dut.convs_issued.value) == self.convs_issued
        self.stalls[stall or "none"] += 1
        self.tiles_left -= bool(dut.tile_take.value)
        self.setup = max(0, self.setup - 1)
        await FallingEdge(dut.clk)
        if expect:
            flags = self.flags(issued)
            got = {name: bool(getattr(dut, f"issue_{name}").value) for name in flags}
            assert got == flags, f"{self.command}: {issued}"
            if issued is not None and issued.address is not None:
                assert int(dut.issue_act_addr.value) == issued.address, f"{self.command}: {issued}"
            if issued is not None and self.command.mode != READ:
                assert int(dut.issue_acc_addr.value) == issued.accumulator
        names = ("act_overflow", "acc_overflow", "weights_short", "weights_long")
        self.errors |= {name for name in names if getattr(dut, f"error_{name}").value}
        self.convs_issued += bool(issued and issued.final)
        if accepted:
            dut.cfg_valid.value = 0
            self.command, self.setup = self.offered, SETUP - 1
            self.positions, self.tiles_left = deque(positions_of(self.command)), self.command.passes
        return issued

    async def run(self, c: Convolution, stall: float) -> int:
        """Offers a command in this cycle and plays it to its last position; returns the cycles from first to last."""
        self.offer(c)
        cycles = 0
        while True:
            inputs = {name: self.rng.random() >= stall for name in self.INPUTS}
            if stall and self.rng.random() < 0.1:
                self.tiles_done += 1
            issued = await self.cycle(inputs)
            cycles += issued is not None or cycles > 0
            if issued is not None and issued.final:
                return cycles


@cocotb.test()
async def random_commands(dut):
    bench = await Bench(dut).start()
    rng = bench.rng
    for number in range(54):
        mode, pool = ((RAW, 0), (RAW, 1), (RELU, 0), (CODES, 0), (CODES, 1), (READ, 0))[number % 6]
        stall = (0.0, 0.3, 0.6)[number // 6 % 3]
        c = random_convolution(rng, mode, pool, bench.depth, bench.accumulators)
        # Without stalls everything is written; with them some of it is written while the command runs.
        c = replace(c, after=max(0, bench.tiles_done + rng.randint(-2, 4)) if stall else 0)
        bench.tiles_done += 0 if stall else c.ic_tiles
        count = len(positions_of(c))
        cycles = await bench.run(c, stall)
        assert stall or cycles == count, f"{c}: {cycles - count} bubbles without a stall"
        for _ in range(rng.choice([0, 0, 1, 5])):  # the next command at once, or later
            await bench.cycle(dict.fromkeys(bench.INPUTS, True))
    assert not bench.errors, f"{bench.errors}"
    assert all(bench.stalls[name] for name in STALLS), f"{bench.stalls}"
    dut.clear.value = 1
    await FallingEdge(dut.clk)
    dut.clear.value = bench.convs_issued = 0
    await bench.cycle(dict.fromkeys(bench.INPUTS, True))


@cocotb.test()
async def never_before_its_activations(dut):
    """Each input tile waits for one output tile more; nothing is issued until the very tile is written."""
    bench = await Bench(dut).start()
    everything = dict.fromkeys(bench.INPUTS, True)
    c = Convolution(2, 2, 2, 2, 3, 2, 1, 2, 1, 1, -1, 0, 100, 0, 4, 12, after=7, mode=CODES, step=1)
    bench.offer(c)
    for tiles in (0, 6, 7, 8, 9):
        bench.tiles_done = tiles
        for _ in range(60):
            await bench.cycle(everything)
        tile = max(0, tiles - 6)
        # Every output tile needs all of its input tiles: the first one stops where its next input tile is missing.
        assert len(bench.positions) == (len(positions_of(c)) - tile * 8 if tile < 3 else 0)
    assert bench.stalls["activations"] > 100


@cocotb.test()
async def overflows_and_wrong_numbers_of_weights(dut):
    bench = await Bench(dut).start()
    good = Convolution(4, 4, 4, 4, 2, 1, 1, 3, 3, 1, -1, -1, 0, 0, 16, 32)
    read = replace(good, kernel_h=1, kernel_w=1, origin_y=0, origin_x=0, mode=READ)

    async def fails(change: dict[str, int], error: str, tiles: int = 0, command: Convolution = good) -> None:
        c = replace(command, **change)
        bench.offer(c)
        for cycle in range(3000):
            await bench.cycle(dict.fromkeys(bench.INPUTS, True), expect=False)
            if cycle == 0:
                bench.tiles_left += tiles
            if bench.errors:
                break
        assert bench.errors == {error}, f"{change}, {tiles} tiles more: expected {error}, got {bench.errors}"
        await bench.reset()

    rows = bench.accumulators // 4 + 1
    await fails({"memory": bench.depth - 31}, "act_overflow")
    await fails({"memory": (1 << 32) - 1}, "act_overflow")
    await fails({"tile_stride": bench.depth}, "act_overflow")
    await fails({"memory": bench.depth - 31}, "act_overflow", command=read)
    await fails({"out_h": rows, "in_h": rows + 2, "tile_stride": 0}, "acc_overflow")
    await fails({"acc_base": bench.accumulators - 15}, "acc_overflow")
    await fails({"acc_base": 0xFFFF}, "acc_overflow")
    await fails({"oc_tiles": 2, "acc_stride": bench.accumulators - 15}, "acc_overflow")
    await fails({"oc_tiles": 5, "acc_stride": 0xFFFF}, "acc_overflow")
    await fails({}, "weights_short", tiles=-1)
    await fails({}, "weights_long", tiles=1)
    bench.tiles_done = 0
    await bench.run(good, 0.0)
    await bench.run(replace(read, in_h=rows, out_h=rows, tile_stride=0), 0.0)  # a READ needs no accumulators
    await bench.cycle(dict.fromkeys(bench.INPUTS, True))
    assert not bench.errors
