"""image_folder against Python: layers and fields by chance under stalls, what it refuses, when it waits, its cycles."""

import random
from dataclasses import replace

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge
from image_command import ImageCommand, free_command, layer_command

from tilewright.compiler.timing.image import ImageTiming
from tilewright.hardware.commands import Image
from tilewright.hardware.parameters import ArrayParameters

LIMIT = 60000


class Bench:
    """Sends commands and keeps what is written; probabilities are those of a stream word and of a free write port."""

    def __init__(self, dut, rng: random.Random) -> None:
        self.dut, self.rng = dut, rng
        self.n, self.depth, self.line = (int(getattr(dut, name).value) for name in ("N", "ACT_DEPTH", "IMAGE_LINE"))
        self.writes: list[tuple[int, int]] = []
        self.sending: float = 1.0
        self.writing: float | None = 1.0  # None: a test drives the port

    async def start(self) -> None:
        dut = self.dut
        cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
        dut.s_valid.value = dut.s_header.value = dut.wr_ready.value = dut.convs_issued.value = 0
        await self.reset()
        cocotb.start_soon(self.watch())

    async def reset(self) -> None:
        self.dut.s_valid.value = 0
        self.dut.rst.value = 1
        for _ in range(3):
            await FallingEdge(self.dut.clk)
        self.dut.rst.value = 0
        self.writes.clear()
        await FallingEdge(self.dut.clk)

    async def watch(self) -> None:
        """The write port: what stands there stays until it is taken."""
        dut, held = self.dut, None
        while True:
            await FallingEdge(dut.clk)
            valid = int(dut.wr_valid.value)
            now = (int(dut.wr_addr.value), int(dut.wr_word.value)) if valid else None
            assert held is None or now == held, "a word that waits has changed"
            if self.writing is None:
                continue
            ready = self.rng.random() < self.writing
            dut.wr_ready.value = ready
            if now is not None and ready:
                self.writes.append(now)
            held = None if ready or int(dut.rst.value) else now

    async def send(self, words: list[int], last: int | None = None) -> None:
        """Sends stream words, the header's first; last: which has s_last, the last unless said."""
        dut = self.dut
        for header in (self.rng.getrandbits(128), words[0]):
            dut.s_word.value, dut.s_header.value = header, 1
            await FallingEdge(dut.clk)
        dut.s_header.value = 0
        for place, word in enumerate(words[1:], 1):
            while self.rng.random() >= self.sending:
                await FallingEdge(dut.clk)
            dut.s_word.value, dut.s_last.value = word, place == (len(words) - 1 if last is None else last)
            dut.s_valid.value = 1
            for _ in range(LIMIT):
                ready = int(dut.s_ready.value)
                await FallingEdge(dut.clk)
                if ready:
                    break
            else:
                raise AssertionError("a word is never taken")
            dut.s_valid.value = 0
            dut.s_word.value = self.rng.getrandbits(128)

    async def idle(self) -> int:
        """Waits until nothing is under way, the next header before it; returns the cycles."""
        for cycle in range(LIMIT):
            self.dut.s_header.value = busy = int(self.dut.busy_reg.value)
            if not busy:
                return cycle
            await FallingEdge(self.dut.clk)
        raise AssertionError("busy for ever")

    async def fails(self) -> None:
        """Waits for bad_length."""
        for _ in range(LIMIT):
            if int(self.dut.bad_length.value):
                await self.reset()
                return
            await FallingEdge(self.dut.clk)
        raise AssertionError("a wrong length is never seen")

    def pixels(self, command: ImageCommand):
        rng = np.random.default_rng(self.rng.getrandbits(32))
        return rng.integers(0, 256, (command.images, command.rows, command.row_bytes), dtype=np.uint8)

    async def run(self, command: ImageCommand) -> None:
        pixels = self.pixels(command)
        await self.send(command.words(pixels))
        assert int(self.dut.busy_reg.value)
        await self.idle()
        expected = command.writes(pixels, self.n)
        assert len(self.writes) == len(expected), f"{len(self.writes)} words, {len(expected)} expected: {command}"
        for place, (got, right) in enumerate(zip(self.writes, expected, strict=True)):
            assert got == right, f"write {place}: {got[0]}, {got[1]:x}, expected {right[0]}, {right[1]:x}: {command}"
        self.writes.clear()
        state = [int(getattr(self.dut, name).value) for name in ("refused", "bad_length", "overflow")]
        assert state == [0, 0, 0]


async def bench_of(dut) -> Bench:
    bench = Bench(dut, random.Random(cocotb.RANDOM_SEED))
    await bench.start()
    return bench


@cocotb.test()
async def layers_under_stalls(dut):
    bench = await bench_of(dut)
    for number in range(20):
        bench.sending, bench.writing = ((1.0, 1.0), (0.3, 1.0), (1.0, 0.3), (0.5, 0.6))[number % 4]
        await bench.run(layer_command(bench.rng, bench.n, bench.depth, bench.line))


@cocotb.test()
async def any_fields(dut):
    bench = await bench_of(dut)
    for number in range(12):
        bench.sending, bench.writing = ((1.0, 1.0), (0.5, 0.5))[number % 2]
        await bench.run(free_command(bench.rng, bench.n, bench.depth, bench.line))


@cocotb.test()
async def waits_for_commands(dut):
    """Nothing is written before so many CONV commands have read; the ring takes eight rows meanwhile."""
    bench = await bench_of(dut)
    base = layer_command(bench.rng, bench.n, bench.depth, bench.line)
    command = replace(base, after=0x12345, rows=20, row_bytes=40, images=1)
    pixels = bench.pixels(command)
    sending = cocotb.start_soon(bench.send(command.words(pixels)))
    for issued in (0, 0x12344, 0x2345):
        dut.convs_issued.value = issued
        for _ in range(100):
            await FallingEdge(dut.clk)
        assert not bench.writes and int(dut.busy_reg.value)
    assert int(dut.s_ready.value) == 0
    dut.convs_issued.value = 0x12345
    await sending
    await bench.idle()
    assert bench.writes == command.writes(pixels, bench.n)
    # The next header comes before this command begins
    command = replace(base, after=0x12346, rows=8, row_bytes=40, images=1)
    pixels = bench.pixels(command)
    bench.writes.clear()
    await bench.send(command.words(pixels))
    for _ in range(20):
        dut.s_header.value, dut.s_word.value = 1, bench.rng.getrandbits(128)
        await FallingEdge(dut.clk)
    dut.convs_issued.value = 0x12346
    await bench.idle()
    assert bench.writes == command.writes(pixels, bench.n)


@cocotb.test()
async def refuses_fields(dut):
    """Each field that no hardware can carry out, and the greatest that it can."""
    bench = await bench_of(dut)
    base = replace(layer_command(bench.rng, bench.n, bench.depth, bench.line), rows=3, out_h=1, out_w=1, padding=0)
    line = bench.line
    wrong = [{name: 0} for name in ("images", "rows", "row_bytes", "out_h", "out_w", "run_bytes", "kernel_h", "stride")]
    wrong += [{"stride": 3}]
    wrong += [{"row_bytes": line + 1}, {"row_bytes": 1 << 15}, {"first_byte": line}, {"first_byte": -line - 1}]
    wrong += [{name: size} for name in ("run_bytes", "step_bytes") for size in (line, 1 << 15)]
    names = ("address", "tile_stride", "low_stride", "image_stride")
    wrong += [{name: size} for name in names for size in (1 << (bench.depth - 1).bit_length(), 1 << 23)]
    for change in wrong:
        words = replace(base, **change).words(bench.pixels(base))
        await bench.send(words)  # taken all the same
        assert int(dut.refused.value) and not int(dut.overflow.value), change
        assert not bench.writes
        await bench.reset()
        await bench.run(base)
    words = base.words(bench.pixels(base))
    words[2] |= 1 << 64 + bench.rng.randrange(64)
    await bench.send(words)
    assert int(dut.refused.value), "the beat of zeros"


@cocotb.test()
async def refuses_lengths(dut):
    """Data that end before the images, or behind them."""
    bench = await bench_of(dut)
    for _ in range(10):
        command = layer_command(bench.rng, bench.n, bench.depth, bench.line)
        words = command.words(bench.pixels(command))
        await bench.send([*words, *[0] * bench.rng.randint(1, 300)])
        await bench.fails()
        if len(words) > 4:
            await bench.send(words[: bench.rng.randint(4, len(words) - 1)])
            await bench.fails()
        await bench.run(command)


@cocotb.test()
async def words_beyond_the_memory(dut):
    """From the first one on they are dropped, those before it are written, and it is said."""
    bench = await bench_of(dut)
    most = (1 << (bench.depth - 1).bit_length()) - 1  # that a field may hold
    for number in range(12):
        bench.writing = (1.0, 0.4)[number % 2]
        command = layer_command(bench.rng, bench.n, bench.depth, bench.line)
        size = command.images * command.image_stride
        command = replace(command, address=bench.depth - bench.rng.randint(0, size - 1))
        if number % 3 == 0:  # the low words alone
            command = replace(
                command, address=0, low_stride=min(bench.depth - bench.rng.randint(0, command.out_w), most)
            )
        if number % 3 == 1:  # the high words first
            command = replace(command, address=min(bench.depth - bench.rng.choice((0, 0, 1)), most), low_stride=0)
        pixels = bench.pixels(command)
        await bench.send(command.words(pixels))
        await bench.idle()
        expected = command.writes(pixels, bench.n)
        beyond = next((k for k, write in enumerate(expected) if write[0] >= bench.depth), len(expected))
        inside = expected[:beyond]
        assert bench.writes == inside
        assert int(dut.overflow.value) == (len(inside) < len(expected))
        await bench.reset()


@cocotb.test()
async def a_word_a_cycle(dut):
    """Where a tile has no more pieces than words, words leave in every cycle of a row."""
    bench = await bench_of(dut)
    command = replace(
        layer_command(bench.rng, bench.n, bench.depth, bench.line),
        **{"address": 0, "images": 1, "rows": 3, "row_bytes": 96, "out_h": 1, "out_w": 30, "kernel_h": 1, "padding": 0},
        **{"run_bytes": 8, "step_bytes": 3, "first_byte": 0, "tile_stride": 30, "low_stride": 30, "image_stride": 60},
    )
    sending = cocotb.start_soon(bench.send(command.words(bench.pixels(command))))
    while not int(dut.wr_valid.value):
        await RisingEdge(dut.clk)
    cycles = 0
    while len(bench.writes) < 60:
        await FallingEdge(dut.clk)
        cycles += 1
    assert cycles <= 61
    await sending
    await bench.idle()


@cocotb.test()
async def cycles_of_the_estimate(dut):
    """When words are taken, and when it ends, as host/tilewright/compiler/timing says, whatever holds up the words."""
    bench = await bench_of(dut)
    bench.writing = None
    array = ArrayParameters(n=bench.n, act_depth=bench.depth, image_line=bench.line)
    for number in range(12):
        command = layer_command(bench.rng, bench.n, bench.depth, bench.line)
        if number % 4 == 3:
            command = free_command(bench.rng, bench.n, bench.depth, bench.line)
        share = (1.0, 1.0, 0.5, 0.1)[number % 4]
        free = [number % 2 == 0 or bench.rng.random() < share for _ in range(LIMIT)]
        pitch, issued = bench.rng.choice((1, 2)), bench.rng.choice((0, 0, 50, 300))
        await compare_cycles(bench, replace(command, after=1 if issued else 0), array, free, pitch, issued)


async def compare_cycles(bench, command, array, free, pitch: int, issued: int) -> None:
    """One command: a word every `pitch` cycles at most, words taken where `free` says, the CONV command at `issued`."""
    dut, words = bench.dut, command.words(bench.pixels(command))
    taken: list[int] = []
    dut.convs_issued.value = 0
    for cycle in range(LIMIT):
        dut.wr_ready.value = free[cycle]
        dut.convs_issued.value = cycle >= issued
        ready = int(dut.s_ready.value)
        if cycle > 2 and len(taken) == len(words) and not int(dut.busy_reg.value):
            break
        offer = len(taken) < len(words) and (not taken or cycle >= taken[-1] + pitch)
        dut.s_header.value, dut.s_valid.value = offer and not taken, offer and bool(taken)
        if offer:
            dut.s_word.value, dut.s_last.value = words[len(taken)], len(taken) == len(words) - 1
            if ready or not taken:
                taken.append(cycle)
        await FallingEdge(dut.clk)

    def write(at: int) -> int:
        return next(place for place in range(at, LIMIT) if free[place])

    def take(first: int, count: int):
        start = max(first, supply[-1] + pitch)
        supply.extend(range(start, start + count * pitch, pitch))
        return supply[-count:]

    fields = {name: getattr(command, name) for name in ImageCommand.__dataclass_fields__}
    image = Image(data=np.zeros(0, np.uint64), **fields)
    supply = taken[:3]
    timing = ImageTiming(image, array, None if all(free) else write)
    last, end = timing.run(taken[2], issued if command.after else -1000, take)
    assert (supply, last, end) == (taken, taken[-1], cycle), f"{command}, pitch {pitch}, issued {issued}"
