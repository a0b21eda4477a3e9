"""decoder: what it takes out of random commands, and when; what it does with programs that are wrong.

Errors that the engine finds are tested on the whole accelerator too.
"""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from tilewright.hardware.commands import Begin, Body, Conv, Load, Mode, Thresholds, Weights
from tilewright.hardware.program import encode_frame, encode_program, seal_program
from tilewright.hardware.registers import ErrorCode


def random_beats(rng: random.Random, count: int) -> np.ndarray:
    return np.array([rng.getrandbits(64) for _ in range(count)], dtype=np.uint64)


def random_conv(rng: random.Random) -> Conv:
    """Any descriptor that the decoder lets pass."""
    mode = Mode(rng.randrange(4))
    hold = mode is Mode.RAW and bool(rng.randrange(2))
    pool = (mode is Mode.CODES or hold) and bool(rng.randrange(2))
    size = rng.choice([rng.randint(1, 9), rng.randint(1, 0xFFFF)])
    return Conv(
        *(rng.choice([1, size, 0xFFFF]) for _ in range(2)),
        *(2 * rng.randint(1, 0x7FFF) if pool else rng.randint(1, 0xFFFF) for _ in range(2)),
        *(rng.randint(1, 0xFFFF) for _ in range(3)),
        *(rng.randint(1, 7) for _ in range(2)),
        rng.randint(1, 2),
        *(rng.getrandbits(32) for _ in range(3)),
        *(rng.randint(-0x8000, 0x7FFF) for _ in range(2)),
        mode,
        *(rng.getrandbits(32) for _ in range(4)),
        pool,
        *(bool(rng.randrange(2)) for _ in range(2)),
        *(rng.getrandbits(16) for _ in range(2)),
        mode is not Mode.READ and bool(rng.randrange(2)),
        hold,
    )


def random_commands(rng: random.Random, n: int, depth: int) -> list[Body]:
    """Any commands in any order: the decoder does not ask whether they make sense together.

    A LOAD waits for as many CONV commands as come before it, or fewer.
    """
    pair = max(1, n // 16)
    commands: list[Body] = []
    convs = 0
    for _ in range(rng.randint(5, 20)):
        kind = rng.choice([Load, Load, Conv, Weights, Weights, Thresholds])
        count = rng.choice([1, rng.randint(1, 12)])
        if kind is Load:
            words = count * pair * 16 // n
            address = rng.choice([rng.randrange(depth - words) // 2 * 2, depth - words])
            after = rng.choice([0, convs, rng.randint(0, convs)])
            commands.append(Load(address, random_beats(rng, count * pair), after))
        elif kind is Conv:
            commands.append(random_conv(rng))
            convs += 1
        elif kind is Weights:
            commands.append(Weights(random_beats(rng, count * pair), last=bool(rng.randrange(2))))
        else:
            commands.append(Thresholds(random_beats(rng, count)))
    return commands


def groups_of(beats, group_w: int) -> list[int]:
    """Beats as groups of group_w bits, the low beat first."""
    step = group_w // 64
    return [sum(int(beat) << 64 * k for k, beat in enumerate(beats[i : i + step])) for i in range(0, len(beats), step)]


def settings_of(dut) -> tuple[int, int]:
    """The descriptor's beats, the first lowest, and its sequence number."""
    return int(dut.cfg_data.value), int(dut.cfg_sequence.value)


def expected_settings(conv: Conv, sequence: int) -> tuple[int, int]:
    return groups_of(conv.payload(), 64 * len(conv.payload()))[0], sequence


class Sink:
    """A memory that takes every push; the places of `step` words are freed together, a cycle before it says so."""

    def __init__(self, depth: int, step: int) -> None:
        self.depth, self.step = depth, step
        self.words: list[tuple[int, bool]] = []
        self.level = 0
        self.freed = False

    def cycle(self, word: tuple[int, bool] | None, pop: bool) -> None:
        if word is not None:
            self.words.append(word)
            self.level += 1
        assert self.level <= self.depth, "a word is pushed that does not fit"
        self.freed = pop and self.level >= self.step
        self.level -= self.step * self.freed


class Bench:
    """Sends a program a beat at a time; keeps what comes out."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.n, self.depth = int(dut.N.value), int(dut.ACT_DEPTH.value)
        self.group_w = int(dut.GROUP_W.value)
        self.pair = self.group_w // 64  # beats a group
        self.words = self.group_w // (4 * self.n)  # activation words a group
        self.weights = Sink(int(dut.WGT_DEPTH.value), int(dut.TILE_GROUPS.value))
        self.thresholds = Sink(int(dut.THR_DEPTH.value), 1)

    async def start(self) -> "Bench":
        dut = self.dut
        cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
        dut.s_valid.value = dut.cfg_ready.value = dut.weight_freed.value = dut.thr_freed.value = 0
        dut.act_wr_ready.value = dut.engine_idle.value = dut.convs_issued.value = dut.trailer_done.value = 0
        dut.leftovers.value = dut.leftover_weights.value = dut.engine_error.value = dut.engine_error_code.value = 0
        dut.engine_error_sequence.value = 0
        await self.reset()
        return self

    async def reset(self) -> None:
        """For one cycle, as a soft reset does; what is there is not taken."""
        dut = self.dut
        dut.s_valid.value, dut.s_last.value, dut.rst.value = 1, 0, 1
        dut.s_data.value = 0x00000002_0000_00_01
        dut.engine_error.value, dut.engine_error_code.value = 1, ErrorCode.ACC_OVERFLOW
        await FallingEdge(dut.clk)
        dut.rst.value = 0
        for sink in (self.weights, self.thresholds):
            sink.level, sink.freed = 0, False
        dut.weight_freed.value = dut.thr_freed.value = 0
        dut.engine_idle.value = dut.engine_error.value = dut.leftovers.value = 0

    def begin(self) -> Begin:
        self.program_id = self.rng.getrandbits(32)
        widths = (int(getattr(self.dut, name).value) for name in ("ACT_W", "WGT_W", "ACC_W"))
        return Begin(self.n, *widths, self.program_id)

    def encode(self, commands: list[Body]) -> np.ndarray:
        """A program to be sent from now on."""
        return self.send(encode_program([self.begin(), *commands]))

    def send(self, beats: np.ndarray) -> np.ndarray:
        self.beats, self.packet = beats, [int(beat) for beat in beats]
        self.sent = self.starts = self.convs_issued = 0
        self.writes: list[tuple[int, int]] = []
        self.weights.words, self.thresholds.words = [], []
        self.settings: list[tuple[int, int]] = []
        return beats

    async def cycle(self, valid: bool = True, act_wr: bool = True, cfg: bool = True, pop: float = 1.0) -> bool:
        """One cycle; returns whether a beat was taken. Behind the packet comes what must wait for the trailer."""
        dut = self.dut
        ended = self.sent == len(self.packet)
        dut.s_valid.value = valid
        valid = valid and not ended
        dut.s_data.value = self.packet[self.sent] if valid else self.rng.getrandbits(64)
        dut.s_last.value = self.sent == len(self.packet) - 1 if valid else self.rng.randrange(2)
        dut.act_wr_ready.value, dut.cfg_ready.value = act_wr, cfg
        dut.weight_freed.value, dut.thr_freed.value = self.weights.freed, self.thresholds.freed
        dut.convs_issued.value = self.convs_issued
        await ReadOnly()
        assert not (ended and dut.s_valid.value and dut.s_ready.value), "a beat behind TLAST is taken"
        taken = valid and bool(dut.s_ready.value)
        self.sent += taken
        if act_wr and dut.act_wr_valid.value:
            self.writes.append((int(dut.act_wr_addr.value), int(dut.act_wr_data.value)))
        word = (int(dut.weight_group.value), bool(dut.weight_end.value)) if dut.weight_valid.value else None
        self.weights.cycle(word, self.rng.random() < pop)
        beat = (int(dut.thr_data.value), False) if dut.thr_valid.value else None
        self.thresholds.cycle(beat, self.rng.random() < pop)
        if cfg and dut.cfg_valid.value:
            self.settings.append(settings_of(dut))
        await FallingEdge(dut.clk)
        self.starts += bool(dut.program_start.value)
        return taken

    async def random_cycle(self, rate: float, pop: float = 0.7) -> bool:
        """CONV commands that the sequencer has taken get issued some time later."""
        if self.convs_issued < len(self.settings) and self.rng.random() < 0.1:
            self.convs_issued += 1
        chances = [self.rng.random() < rate for _ in range(3)]
        return await self.cycle(*chances, pop=pop)

    def expected(self, commands: Sequence[Body]) -> tuple[list, list, list, list]:
        """What comes out: writes, weights, thresholds, descriptors."""
        writes, weights, thresholds, settings = [], [], [], []
        for sequence, command in enumerate(commands, 1):
            if isinstance(command, Conv):
                settings.append(expected_settings(command, sequence))
            elif isinstance(command, Thresholds):
                thresholds += [(beat, False) for beat in command.data.tolist()]
            else:
                groups = groups_of(command.data, self.group_w)
                if isinstance(command, Load):
                    writes += [(command.address // self.words + i, group) for i, group in enumerate(groups)]
                else:
                    weights += [(group, command.last and i == len(groups) - 1) for i, group in enumerate(groups)]
        return writes, weights, thresholds, settings

    def got(self) -> tuple[list, list, list, list]:
        return self.writes, self.weights.words, self.thresholds.words, self.settings

    def check(self, commands: list[Body]) -> None:
        """Everything came out, in order, where it belongs."""
        assert self.got() == self.expected(commands)
        assert self.sent == len(self.beats) and self.starts == 1 and not self.dut.error.value
        assert int(self.dut.program_id.value) == self.program_id

    async def finish(self) -> None:
        """The engine becomes idle, the trailer is sent."""
        dut = self.dut
        for _ in range(8):
            await self.cycle()
        assert not dut.trailer_request.value, "the engine is not idle"
        dut.engine_idle.value = 1
        for _ in range(2):
            await self.cycle()
        assert not dut.error.value
        end = len(self.beats) - 2
        assert int(dut.last_opcode.value) == 0x0F
        assert int(dut.last_sequence.value) == int(self.beats[end]) >> 16 & 0xFFFF
        await self.trailer(int(self.beats[end + 1]))
        dut.engine_idle.value = 0

    async def trailer(self, crcs: int | None = None) -> None:
        """It is asked for until it is sent, with both CRC-32s of what was read as END has them."""
        for _ in range(self.rng.randint(1, 5)):
            assert self.dut.trailer_request.value
            got = int(self.dut.program_crc.value) << 32 | int(self.dut.images_crc.value)
            assert crcs is None or got == crcs, f"{got:#x}, not {crcs:#x}"
            await self.cycle(valid=False)
        self.dut.trailer_done.value = 1
        await self.cycle(valid=False)
        self.dut.trailer_done.value = 0
        assert not self.dut.trailer_request.value

    async def fail(self, code: int, sequence: int) -> None:
        """The program that is being sent ends in this error, and the next one, whatever it is, too; then reset."""
        dut = self.dut
        for repeat in range(2):
            for _ in range(40 * len(self.packet) + 100):
                if dut.trailer_request.value:
                    break
                await self.random_cycle(0.7)
            assert dut.trailer_request.value and self.sent == len(self.packet), "the input is drained to TLAST"
            got = ErrorCode(int(dut.error_code.value)), int(dut.error_sequence.value)
            assert dut.error.value and got == (code, sequence), f"{got}, not {(code, sequence)}"
            assert self.starts <= 1, "a program begins once"
            assert repeat or int(dut.last_sequence.value) == sequence or code in ENGINE_CODES
            for _ in range(4):
                await self.cycle(valid=False)
            await self.trailer()
            if repeat == 0:
                outcome = self.writes, self.settings
                self.encode([random_conv(self.rng), Load(0, random_beats(self.rng, self.pair))])
        assert self.got() == ([], [], [], []) and self.starts == 0, "the error stays"
        await self.reset()
        self.writes, self.settings = outcome


ENGINE_CODES = {ErrorCode.NEVER_READY, ErrorCode.ACC_OVERFLOW, ErrorCode.WEIGHTS_SHORT}


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def random_commands_with_random_stalls(dut):
    bench = await Bench(dut).start()
    rng = bench.rng
    for _ in range(16):
        commands = random_commands(rng, bench.n, bench.depth)
        beats = bench.encode(commands)
        # The command that a beat belongs to, and its place; -1 for the header.
        owner: list[tuple[Body | None, int]] = [(None, 0)] * 3
        for command in commands:
            owner += [(command, place) for place in range(-1, len(command.payload()))]
        owner += [(None, 0)] * 2
        rate = rng.choice([0.4, 0.9, 1.0])
        pop = rng.choice([0.1, 0.4, 1.0])
        groups_due = 0
        for _ in range(100 * len(beats)):
            command, place = owner[min(bench.sent, len(beats) - 1)]
            taken = await bench.random_cycle(rate, pop)
            if taken and isinstance(command, Load) and place > 0:
                assert bench.convs_issued >= command.after, "a group is taken too early"
                groups_due += place % bench.pair == 0
            if taken and isinstance(command, Weights | Conv) and place >= 0:
                assert len(bench.writes) == groups_due, "weights or a descriptor come before a LOAD's last group"
            if bench.sent == len(beats) and len(bench.settings) == sum(isinstance(c, Conv) for c in commands):
                break
        for _ in range(4):
            await bench.cycle()
        bench.check(commands)
        await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_place_is_used_and_no_more(dut):
    """Nothing is freed: the stream stops when the memory is full, and goes on when it is not."""
    bench = await Bench(dut).start()
    for sink, each in ((bench.weights, bench.pair), (bench.thresholds, 1)):
        words = random_beats(bench.rng, (sink.depth + 2 * sink.step) * each)
        commands = [Weights(words, last=False) if sink is bench.weights else Thresholds(words)]
        beats = bench.encode(commands)
        for _ in range(len(beats) + 20):
            await bench.cycle(pop=0.0)
        assert sink.level == sink.depth and bench.sent == 4 + sink.depth * each
        while bench.sent < len(beats):
            await bench.cycle()
        for _ in range(4):
            await bench.cycle()
        bench.check(commands)
        await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_beat_a_cycle(dut):
    """Without stalls a LOAD's data wait two cycles, and the beats of a CONV that follows another one.

    A descriptor is there two cycles after its last beat; six after END the trailer is asked for.
    """
    bench = await Bench(dut).start()
    rng = bench.rng
    dut.engine_idle.value = 1
    for _ in range(4):
        commands = random_commands(rng, bench.n, bench.depth)
        for index, command in enumerate(commands):
            if isinstance(command, Load):
                commands[index] = Load(command.address, command.data, 0)
        beats = bench.encode(commands)
        waits = sum(2 * isinstance(command, Load) for command in commands)
        waits += sum(isinstance(first, Conv) and isinstance(second, Conv) for first, second in pairwise(commands))
        cycles = 0
        while bench.sent < len(beats):
            cycles += 1
            await bench.cycle()
        assert cycles == len(beats) + waits
        for wait in range(6):
            assert bool(dut.trailer_request.value) == (wait == 5)
            await bench.cycle()
        bench.check(commands)
        await bench.trailer()
    conv = random_conv(rng)
    bench.encode([conv])
    while bench.sent < 3 + 8:
        await bench.cycle(cfg=False)
    for wait in range(2):
        assert bool(dut.cfg_valid.value) == (wait == 1)
        await bench.cycle(valid=False, cfg=False)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def stream_goes_on_behind_one_waiting_descriptor(dut):
    """With a sequencer that takes no descriptor the stream goes on up to the second CONV's header."""
    bench = await Bench(dut).start()
    rng, pair = bench.rng, bench.pair
    between = [
        Weights(random_beats(rng, 4 * pair), last=True),
        Thresholds(random_beats(rng, 5)),
        Load(0, random_beats(rng, 2 * pair)),
        Thresholds(random_beats(rng, 1)),
        Weights(random_beats(rng, 2 * pair), last=False),
    ]
    commands = [random_conv(rng), *between, random_conv(rng), Weights(random_beats(rng, 2 * pair), last=True)]
    bench.encode(commands)
    for _ in range(100):
        await bench.cycle(cfg=False)
    before = 3 + 8 + sum(1 + len(command.payload()) for command in between)
    assert bench.sent == before + 1, "the second CONV's header is taken, its descriptor is not"
    assert (len(bench.weights.words), len(bench.thresholds.words), len(bench.writes)) == (6, 6, 2)
    assert dut.cfg_valid.value and settings_of(dut) == expected_settings(commands[0], 1)
    await bench.cycle(cfg=True)
    assert not dut.cfg_valid.value
    for _ in range(100):
        await bench.cycle(cfg=False)
    assert bench.sent == len(bench.beats) and len(bench.settings) == 1, "the program is taken, one descriptor waits"
    dut.engine_idle.value = 1
    for _ in range(10):
        await bench.cycle(cfg=False)
        assert not dut.trailer_request.value, "a descriptor waits: the program is not finished"
    await bench.cycle(cfg=True)
    await bench.cycle()  # now the engine says that it is busy
    dut.engine_idle.value = 0
    bench.check(commands)
    await bench.finish()


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def load_waits_and_holds_the_stream(dut):
    bench = await Bench(dut).start()
    pair = bench.pair
    load = Load(16, random_beats(bench.rng, 4 * pair), after=5)
    for behind in (Weights(random_beats(bench.rng, pair), last=True), random_conv(bench.rng)):
        commands = [load, Thresholds(random_beats(bench.rng, 1)), behind]
        bench.encode(commands)
        bench.convs_issued = 4
        for _ in range(50):
            await bench.cycle()
        assert bench.sent == 3 + 2 and dut.loading.value, "header and address are taken, no group"
        bench.convs_issued = 5
        for _ in range(50):
            await bench.cycle(act_wr=False)
        assert bench.sent == 3 + 2 + 2 * pair and not bench.writes, "two groups wait for the memory"
        while len(bench.writes) < 3:
            await bench.cycle()
        for _ in range(50):
            await bench.cycle(act_wr=False)
        assert bench.sent == 3 + 2 + 4 * pair + 3, "the last is not written: what may read it waits behind its header"
        assert not dut.loading.value
        for _ in range(30):
            await bench.cycle()
        bench.check(commands)
        await bench.finish()


class Fault(NamedTuple):
    """A program with a mistake in command `number`; `partly` if what is before it in a LOAD is right."""

    beats: np.ndarray
    code: ErrorCode
    sequence: int
    number: int
    partly: bool = False


class Faults:
    """Ways to spoil a program that is right."""

    def __init__(self, bench: Bench) -> None:
        self.rng, self.bench = bench.rng, bench
        self.begin = bench.begin()
        rng, pair = bench.rng, bench.pair
        load = Load(rng.randrange(bench.depth // 2) * 2 % 64, random_beats(rng, 3 * pair))
        weights, thresholds = Weights(random_beats(rng, 4 * pair), last=True), Thresholds(random_beats(rng, 3))
        kinds = [load, random_conv(rng), weights, thresholds]
        self.commands: list[Body] = [*rng.sample(kinds, 4), *random_commands(rng, bench.n, bench.depth)[:6]]
        self.commands = [replace_after(command) for command in self.commands]
        self.beats = encode_program([self.begin, *self.commands])
        self.images = encode_frame([self.begin, *self.commands]).images
        lengths = [3, *(1 + len(command.payload()) for command in self.commands), 2]
        self.starts = [sum(lengths[:index]) for index in range(len(lengths))]

    def number(self, *kinds: type[Body]) -> int:
        """Of a command of these kinds."""
        return self.rng.choice([i for i, command in enumerate(self.commands, 1) if isinstance(command, kinds)])

    def changed(self, number: int, beat: int, value: Callable[[int], int], code: ErrorCode, sequence=None) -> Fault:
        """A beat of a command, 0 its header, becomes another."""
        beats, at = self.beats.copy(), self.starts[number] + beat
        beats[at] = np.uint64(value(int(beats[at])))
        beats = seal_program(beats, self.images)
        return Fault(beats, code, number if sequence is None else sequence, number)

    def opcode(self) -> Fault:
        number = self.rng.randrange(len(self.commands) + 2)
        opcode = self.rng.choice([0, 6, 7, 0x0E, 0x11, 0x1F, 0x82, 0xFF])
        code = ErrorCode.UNKNOWN_OPCODE if number else ErrorCode.BAD_MAGIC
        return self.changed(number, 0, lambda beat: beat & ~0xFF | opcode, code)

    def no_begin(self) -> Fault:
        beats = self.beats[self.starts[self.rng.randint(1, len(self.commands) + 1)] :]
        code = self.rng.choice([ErrorCode.BAD_MAGIC, ErrorCode.TLAST_EARLY])
        beats = beats[:1] if code == ErrorCode.TLAST_EARLY else beats
        return Fault(beats, code, int(beats[0]) >> 16 & 0xFFFF, 0)

    def second_begin(self) -> Fault:
        at = self.rng.randint(0, len(self.commands))
        beats = encode_program([self.begin, *self.commands[:at], self.bench.begin(), *self.commands[at:]])
        return Fault(beats, ErrorCode.BAD_SEQUENCE, at + 1, at + 1)

    def sequence(self) -> Fault:
        number, bit = self.rng.randrange(len(self.commands) + 2), self.rng.randrange(16)
        return self.changed(number, 0, lambda beat: beat ^ 1 << 16 + bit, ErrorCode.BAD_SEQUENCE, number ^ 1 << bit)

    def flags(self) -> Fault:
        number = self.rng.randrange(len(self.commands) + 2)
        weights = 0 < number <= len(self.commands) and isinstance(self.commands[number - 1], Weights)
        bit = self.rng.choice([1 if weights else 0, self.rng.randrange(1, 8)])
        return self.changed(number, 0, lambda beat: beat | 1 << 8 + bit, ErrorCode.BAD_DESCRIPTOR)

    def length(self) -> Fault:
        any_command = self.rng.randrange(len(self.commands) + 2)
        number = self.rng.choice([any_command, *(self.number(kind) for kind in (Load, Weights, Conv))])
        kind = type(self.commands[number - 1]) if 0 < number <= len(self.commands) else None
        right = int(self.beats[self.starts[number]]) >> 32
        wrong = {Load: [0, 1], Weights: [0], Thresholds: [0]}.get(kind)
        if wrong is None:
            wrong = [right + 1, right - 1, right | 1 << self.rng.randrange(4, 32), right | 1 << 31, 0]
        elif self.bench.pair == 2 and kind is not Thresholds:
            wrong = [*wrong, *[right ^ 1] * 3]
        length = self.rng.choice(wrong)
        return self.changed(number, 0, lambda beat: beat & 0xFFFFFFFF | length << 32, ErrorCode.BAD_LENGTH)

    def two_in_a_header(self) -> Fault:
        number = self.rng.randint(1, len(self.commands))
        xor, code = self.rng.choice(
            [
                (1 << 16 | 0x80, ErrorCode.UNKNOWN_OPCODE),
                (1 << 16 | 0x8000, ErrorCode.BAD_SEQUENCE),
                (1 << 16 | 0x80, ErrorCode.TLAST_EARLY),
            ]
        )
        fault = self.changed(number, 0, lambda beat: beat ^ xor, code, number ^ 1)
        if code == ErrorCode.TLAST_EARLY:
            return fault._replace(beats=fault.beats[: self.starts[number] + 1])
        return fault

    def magic(self) -> Fault:
        return self.changed(0, 1, lambda beat: beat ^ 1 << self.rng.randrange(32), ErrorCode.BAD_MAGIC)

    def version(self) -> Fault:
        return self.changed(0, 1, lambda beat: beat ^ 1 << self.rng.randrange(32, 64), ErrorCode.BAD_FORMAT)

    def parameters(self) -> Fault:
        return self.changed(0, 2, lambda beat: beat ^ 1 << self.rng.randrange(32), ErrorCode.BAD_PARAMETERS)

    def odd_address(self) -> Fault:
        if self.bench.words == 1:
            return self.magic()
        return self.changed(self.number(Load), 1, lambda beat: beat | 1, ErrorCode.BAD_DESCRIPTOR)

    def address(self) -> Fault:
        address = self.rng.choice([self.bench.depth, 2 * self.bench.depth, 1 << 31, 0xFFFFFFFE])
        return self.changed(self.number(Load), 1, lambda beat: beat >> 32 << 32 | address, ErrorCode.ACT_OVERFLOW)

    def end_of_memory(self) -> Fault:
        """The last groups find no place."""
        loads = [i for i, c in enumerate(self.commands, 1) if isinstance(c, Load) and len(c.data) > self.bench.pair]
        number = self.rng.choice(loads)
        data = self.commands[number - 1].data
        data = data[: -self.bench.pair * self.rng.randrange(1, len(data) // self.bench.pair)]
        address = self.bench.depth - self.bench.words * len(data) // self.bench.pair
        self.commands[number - 1] = Load(address, data)
        fault = self.changed(number, 1, lambda beat: beat >> 32 << 32 | address, ErrorCode.ACT_OVERFLOW)
        return fault._replace(partly=True)

    def descriptor(self, way: int | None = None) -> Fault:
        def zero(beat: int, bit: int, width: int) -> tuple[int, Callable[[int], int]]:
            return beat, lambda value: value & ~((1 << width) - 1 << bit)

        number = self.number(Conv)
        conv = self.commands[number - 1]
        zeros = [(0, 0, 16), (0, 16, 16), (0, 32, 16), (0, 48, 16), (1, 0, 16), (1, 16, 16), (1, 32, 16), (1, 48, 3)]
        ways = [zero(*field) for field in [*zeros, (1, 52, 3), (1, 56, 2)]]
        ways += [(1, lambda value, bit=bit: value | 1 << bit) for bit in (51, 55, *range(58, 64))]
        ways += [(1, lambda value: value | 3 << 56)]
        ways += [(6, lambda value, bit=bit: value | 1 << bit) for bit in range(39, 64)]
        ways += [(6, lambda value, mode=mode: value & ~(3 << 32) | mode << 32 | 1 << 38) for mode in (1, 2, 3)]
        ways += [(6, lambda value: value | 3 << 32 | 1 << 37)]
        if conv.mode is not Mode.CODES:
            ways += [(6, lambda value: value & ~(1 << 38) | 1 << 34)]
        if conv.pool:
            ways += [(0, lambda value, bit=bit: value | 1 << bit) for bit in (32, 48)] * 5
        beat, value = self.rng.choice(ways) if way is None else ways[way % len(ways)]
        return self.changed(number, 1 + beat, value, ErrorCode.BAD_DESCRIPTOR)

    def tlast_early(self) -> Fault:
        count = self.rng.randrange(1, len(self.beats) - 1)
        number = max(i for i, start in enumerate(self.starts) if start < count)
        return Fault(self.beats[:count], ErrorCode.TLAST_EARLY, number, number, partly=True)

    def tlast_missing(self) -> Fault:
        """Whatever the CRC-32 is."""
        beats = np.append(self.beats, random_beats(self.rng, self.rng.randint(1, 9)))
        beats[len(self.beats) - 1] ^= np.uint64(self.rng.randrange(2))
        return Fault(beats, ErrorCode.TLAST_MISSING, len(self.commands) + 1, len(self.commands) + 1)

    def crc(self) -> Fault:
        number = self.number(Load)
        start = self.starts[number]
        ends = [start + 2, start + len(self.commands[number - 1].payload())]  # its first and its last image beat
        ways = [self.starts[self.number(Weights, Thresholds)] + 1, len(self.beats) - 1, *ends]
        at = self.rng.choice(ways)
        beats = self.beats.copy()
        beats[at] ^= np.uint64(1 << self.rng.randrange(64))
        load = self.commands[number - 1]
        self.commands[number - 1] = Load(load.address, beats[ends[0] : ends[1] + 1])  # which is written
        return Fault(beats, ErrorCode.BAD_CRC, len(self.commands) + 1, len(self.commands) + 1)

    KINDS = (
        opcode, no_begin, second_begin, sequence, flags, flags, two_in_a_header, two_in_a_header, length, length,
        length, magic, version, parameters, odd_address, address, end_of_memory, descriptor,
        tlast_early, tlast_early, tlast_missing, crc, crc,
    )  # fmt: skip
    # Those that neither move beats nor need the CRC-32 as it is
    STEADY = (sequence, flags, parameters, address, descriptor, opcode)


def replace_after(command: Body) -> Body:
    """A LOAD that waits for nothing."""
    return Load(command.address, command.data, 0) if isinstance(command, Load) else command


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_fault_is_named_and_the_stream_drained(dut):
    """Nothing comes of the wrong command and those behind it, all of the LOADs before."""
    bench = await Bench(dut).start()
    for kind in Faults.KINDS * 5:
        faults = Faults(bench)
        fault = kind(faults)
        bench.send(fault.beats)
        await bench.fail(fault.code, fault.sequence)
        right = max(0, fault.number - 1)
        before, through = (bench.expected(faults.commands[:count]) for count in (right, right + fault.partly))
        name = kind.__name__
        assert bench.writes[: len(before[0])] == before[0], f"{name}: what earlier LOADs bring is written"
        assert bench.writes == through[0][: len(bench.writes)], f"{name}: a wrong LOAD writes"
        assert bench.settings == before[3][: len(bench.settings)], f"{name}: a wrong descriptor is handed over"
        commands = [replace_after(command) for command in random_commands(bench.rng, bench.n, bench.depth)[:5]]
        bench.encode(commands)
        while bench.sent < len(bench.beats):
            await bench.cycle()
        await bench.finish()
        bench.check(commands)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_field_of_a_descriptor(dut):
    bench = await Bench(dut).start()
    for way in range(55):
        faults = Faults(bench)
        fault = faults.descriptor(way)
        bench.send(fault.beats)
        await bench.fail(fault.code, fault.sequence)
        before = bench.expected(faults.commands[: fault.number - 1])
        assert bench.settings == before[3][: len(bench.settings)], f"{way}: a wrong descriptor is handed over"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def the_first_of_two_faults_is_kept(dut):
    bench = await Bench(dut).start()
    for _ in range(50):
        faults = Faults(bench)
        ways = [way(faults) for way in bench.rng.sample(Faults.STEADY, 2)]
        places = [int(np.flatnonzero(way.beats != faults.beats)[0]) for way in ways]
        if places[0] == places[1]:
            continue
        beats = ways[0].beats ^ faults.beats ^ ways[1].beats
        bench.send(seal_program(beats, faults.images))
        await bench.fail(*ways[places[0] > places[1]][1:3])


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def errors_of_the_engine(dut):
    """They are kept with the number that the engine gives; one that no CONV command explains is the stream's."""
    bench = await Bench(dut).start()
    rng = bench.rng
    for idle in (False, True):
        for code in sorted(ENGINE_CODES):
            bench.encode([Thresholds(random_beats(rng, 4)), Load(0, random_beats(rng, bench.pair), after=1)])
            for _ in range(rng.randint(40, 50)):
                await bench.cycle()
            dut.engine_error.value, dut.engine_idle.value = 1, idle
            dut.engine_error_code.value, dut.engine_error_sequence.value = code, 77
            await bench.cycle()
            dut.engine_error.value, dut.engine_error_code.value = 0, 0
            await bench.fail(code, 2 if idle and code == ErrorCode.NEVER_READY else 77)
    # One that comes with a beat's error is of an earlier command; one that comes later is not kept.
    for late in (False, True):
        faults = Faults(bench)
        number = bench.rng.randint(1, len(faults.commands))
        fault = faults.changed(number, 0, lambda beat: beat ^ 1 << 16, ErrorCode.BAD_SEQUENCE, number ^ 1)
        bench.send(fault.beats)
        while bench.sent <= faults.starts[number]:
            await bench.cycle()
        for _ in range(1 + late):
            await bench.cycle()
        dut.engine_error.value, dut.engine_error_code.value = 1, ErrorCode.ACC_OVERFLOW
        await bench.cycle()
        dut.engine_error.value = 0
        await bench.fail(*(fault[1:3] if late else (ErrorCode.ACC_OVERFLOW, 77)))
    for weights in (False, True):
        bench.encode([Thresholds(random_beats(rng, 4))])
        for _ in range(30):
            await bench.cycle()
        dut.leftovers.value, dut.leftover_weights.value = 1, weights
        dut.engine_idle.value = 1
        await bench.fail(ErrorCode.WEIGHTS_LONG if weights else ErrorCode.THRESHOLDS_LONG, 2)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_at_any_time(dut):
    """Of what was there before nothing stays: the next program is taken as the first."""
    bench = await Bench(dut).start()
    for _ in range(40):
        faults = Faults(bench)
        beats = bench.send(bench.rng.choice(Faults.KINDS)(faults).beats)
        count = bench.rng.randint(1, len(beats))
        while bench.sent < count and not dut.error.value:
            await bench.cycle(pop=0.8)
        for _ in range(bench.rng.randrange(5)):
            await bench.cycle(valid=False)
        await bench.reset()
        for _ in range(3):
            await bench.cycle(valid=False)
        assert not dut.error.value and not dut.trailer_request.value
        assert (int(dut.last_opcode.value), int(dut.program_id.value)) == (0, 0)
        commands = [Thresholds(random_beats(bench.rng, 1)), *(replace_after(c) for c in faults.commands[:2])]
        bench.encode(commands)
        while bench.sent < len(bench.beats):
            await bench.cycle()
        await bench.finish()
        bench.check(commands)
