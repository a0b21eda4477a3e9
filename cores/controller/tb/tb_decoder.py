"""decoder: what it takes out of random commands, and when; its errors are tested on the whole accelerator."""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from tilewright.hardware.commands import Begin, Body, Conv, Load, Mode, Thresholds, Weights
from tilewright.hardware.program import encode_program


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
            address = rng.randrange(depth - words) // 2 * 2
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


class Bench:
    """Sends a program a beat at a time; keeps what comes out."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.n, self.depth = int(dut.N.value), int(dut.ACT_DEPTH.value)
        self.group_w = int(dut.GROUP_W.value)

    async def start(self) -> "Bench":
        dut = self.dut
        cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
        dut.rst.value = 1
        dut.s_valid.value = dut.cfg_ready.value = dut.weight_ready.value = dut.thr_ready.value = 0
        dut.act_wr_ready.value = dut.engine_idle.value = dut.convs_issued.value = dut.trailer_done.value = 0
        dut.leftovers.value = dut.leftover_weights.value = dut.engine_error.value = dut.engine_error_code.value = 0
        dut.engine_error_sequence.value = 0
        for _ in range(3):
            await FallingEdge(dut.clk)
        dut.rst.value = 0
        return self

    def encode(self, commands: list[Body]) -> np.ndarray:
        self.program_id = self.rng.getrandbits(32)
        widths = (int(getattr(self.dut, name).value) for name in ("ACT_W", "WGT_W", "ACC_W"))
        self.beats = encode_program([Begin(self.n, *widths, self.program_id), *commands])
        self.sent = self.starts = self.convs_issued = 0
        self.writes: list[tuple[int, int]] = []
        self.weights: list[tuple[int, bool]] = []
        self.thresholds: list[int] = []
        self.settings: list[dict[str, int]] = []
        return self.beats

    async def cycle(self, valid: bool = True, **ready: bool) -> bool:
        """One cycle; returns whether a beat was taken."""
        dut = self.dut
        valid = valid and self.sent < len(self.beats)
        dut.s_valid.value = valid
        dut.s_data.value = int(self.beats[self.sent]) if valid else self.rng.getrandbits(64)
        dut.s_last.value = valid and self.sent == len(self.beats) - 1
        for name in ("act_wr", "weight", "thr", "cfg"):
            getattr(dut, f"{name}_ready").value = ready.get(name, True)
        dut.convs_issued.value = self.convs_issued
        await ReadOnly()
        taken = valid and bool(dut.s_ready.value)
        self.sent += taken
        if dut.act_wr_valid.value and dut.act_wr_ready.value:
            self.writes.append((int(dut.act_wr_addr.value), int(dut.act_wr_data.value)))
        if dut.weight_valid.value and dut.weight_ready.value:
            self.weights.append((int(dut.weight_group.value), bool(dut.weight_end.value)))
        if dut.thr_valid.value and dut.thr_ready.value:
            self.thresholds.append(int(dut.thr_data.value))
        if dut.cfg_valid.value and dut.cfg_ready.value:
            self.settings.append(settings_of(dut))
        await FallingEdge(dut.clk)
        self.starts += bool(dut.program_start.value)
        return taken

    def check(self, commands: list[Body]) -> None:
        """Everything came out, in order, where it belongs."""
        words = self.group_w // (4 * self.n)
        writes, weights, thresholds, settings = [], [], [], []
        for sequence, command in enumerate(commands, 1):
            if isinstance(command, Conv):
                settings.append(expected_settings(command, sequence))
            elif isinstance(command, Thresholds):
                thresholds += command.data.tolist()
            else:
                groups = groups_of(command.data, self.group_w)
                if isinstance(command, Load):
                    writes += [(command.address // words + i, group) for i, group in enumerate(groups)]
                else:
                    weights += [(group, command.last and i == len(groups) - 1) for i, group in enumerate(groups)]
        assert (self.writes, self.weights, self.thresholds) == (writes, weights, thresholds)
        assert self.settings == settings
        assert self.sent == len(self.beats) and self.starts == 1 and not self.dut.error.value
        assert int(self.dut.program_id.value) == self.program_id

    async def finish(self) -> None:
        """The engine becomes idle, the trailer is sent."""
        assert not self.dut.trailer_request.value
        self.dut.engine_idle.value = 1
        for _ in range(2):
            await self.cycle()
        assert self.dut.trailer_request.value
        self.dut.engine_idle.value, self.dut.trailer_done.value = 0, 1
        await self.cycle()
        self.dut.trailer_done.value = 0


@cocotb.test()
async def random_commands_with_random_stalls(dut):
    bench = await Bench(dut).start()
    rng = bench.rng
    for _ in range(12):
        commands = random_commands(rng, bench.n, bench.depth)
        beats = bench.encode(commands)
        # The command that a beat belongs to, and the beat's place in the payload; -1 for the header.
        owner: list[tuple[Body | None, int]] = [(None, 0)] * 3
        for command in commands:
            owner += [(command, place) for place in range(-1, len(command.payload()))]
        owner += [(None, 0)] * 2
        rate = rng.choice([0.4, 0.9])
        groups_due = 0
        for _ in range(100 * len(beats)):
            command, place = owner[min(bench.sent, len(beats) - 1)]
            # CONV commands that the sequencer has taken get issued some time later.
            if bench.convs_issued < len(bench.settings) and rng.random() < 0.1:
                bench.convs_issued += 1
            ready = {name: rng.random() < rate for name in ("act_wr", "weight", "thr", "cfg")}
            taken = await bench.cycle(rng.random() < 0.8, **ready)
            if taken and isinstance(command, Load) and place > 0:
                assert bench.convs_issued >= command.after, "a group was taken too early"
                groups_due += place % (bench.group_w // 64) == 0
            if taken and place == -1:
                assert len(bench.writes) == groups_due, "a command follows a LOAD before its last group is written"
            if bench.sent == len(beats) and len(bench.settings) == sum(isinstance(c, Conv) for c in commands):
                break
        bench.check(commands)
        await bench.finish()


@cocotb.test()
async def stream_goes_on_behind_one_waiting_descriptor(dut):
    """With a sequencer that takes no descriptor the stream goes on up to the second CONV's header."""
    bench = await Bench(dut).start()
    rng, pair = bench.rng, max(1, bench.n // 16)
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
    assert (len(bench.weights), len(bench.thresholds), len(bench.writes)) == (6, 6, 2)
    assert dut.cfg_valid.value and settings_of(dut) == expected_settings(commands[0], 1)
    await bench.cycle(cfg=True)
    assert not dut.cfg_valid.value
    for _ in range(100):
        await bench.cycle(cfg=False)
    assert bench.sent == len(bench.beats) and len(bench.settings) == 1, "the program is taken, one descriptor waits"
    dut.engine_idle.value = 1
    for _ in range(5):
        await bench.cycle(cfg=False)
        assert not dut.trailer_request.value, "a descriptor waits: the program is not finished"
    dut.engine_idle.value = 0
    await bench.cycle(cfg=True)
    bench.check(commands)
    await bench.finish()


@cocotb.test()
async def load_waits_and_holds_the_stream(dut):
    bench = await Bench(dut).start()
    pair = max(1, bench.n // 16)
    load = Load(16, random_beats(bench.rng, 3 * pair), after=5)
    commands = [load, Thresholds(random_beats(bench.rng, 1))]
    bench.encode(commands)
    bench.convs_issued = 4
    for _ in range(50):
        await bench.cycle()
    assert bench.sent == 3 + 2 and dut.loading.value, "header and address are taken, no group"
    bench.convs_issued = 5
    for _ in range(50):
        await bench.cycle(act_wr=False)
    assert bench.sent == 3 + 2 + pair and not bench.writes, "the first group waits for the memory"
    while len(bench.writes) < 2:
        await bench.cycle(valid=True)
    for _ in range(50):
        await bench.cycle(act_wr=False)
    assert bench.sent == 3 + 2 + 3 * pair, "all groups are taken, the last is not written: the next header waits"
    for _ in range(20):
        await bench.cycle()
    bench.check(commands)
    await bench.finish()
