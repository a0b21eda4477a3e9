"""What the decoder's tests share: random commands, and a bench that sends them and keeps what comes out."""

import random
from collections.abc import Sequence
from typing import NamedTuple

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from tilewright.hardware.commands import Begin, Body, Conv, Image, Load, Mode, Thresholds, Weights
from tilewright.hardware.program import encode_program
from tilewright.hardware.program_format import BEGIN, CONV, IMAGE, Opcode
from tilewright.hardware.registers import DecoderState, ErrorCode

# Words of 128 bits; LOAD, WEIGHTS and THRESHOLDS have one before their data
BEGIN_WORDS = (1 + BEGIN.beats) // 2
CONV_WORDS = (1 + CONV.beats) // 2
IMAGE_WORDS = (1 + IMAGE.beats) // 2  # of fields

# Errors that the engine tells the decoder of
ENGINE_CODES = {ErrorCode.NEVER_READY, ErrorCode.ACC_OVERFLOW, ErrorCode.WEIGHTS_SHORT}


def random_beats(rng: random.Random, count: int) -> np.ndarray:
    return np.array([rng.getrandbits(64) for _ in range(count)], dtype=np.uint64)


def random_conv(rng: random.Random) -> Conv:
    """Any descriptor that the decoder lets pass."""
    mode = Mode(rng.randrange(4))
    hold = mode is Mode.RAW and bool(rng.randrange(2))
    pool = (mode is Mode.CODES or hold) and bool(rng.randrange(2))
    size = rng.choice([rng.randint(1, 9), rng.randint(1, 0xFFFF)])
    counts = {name: rng.randint(1, 0xFFFF) for name in ("ic_tiles", "oc_tiles", "images")}
    addresses = (
        "act_base", "act_tile_stride", "act_image_stride", "act_oc_stride",
        "out_base", "out_tile_stride", "out_image_stride", "after",
    )  # fmt: skip
    return Conv(
        **{name: rng.choice([1, size, 0xFFFF]) for name in ("in_h", "in_w")},
        **{name: 2 * rng.randint(1, 0x7FFF) if pool else rng.randint(1, 0xFFFF) for name in ("out_h", "out_w")},
        **counts,
        **{name: rng.randint(1, 7) for name in ("kernel_h", "kernel_w")},
        stride=rng.randint(1, 2),
        **{name: rng.getrandbits(24) for name in addresses},
        **{name: rng.randint(-0x8000, 0x7FFF) for name in ("origin_y", "origin_x")},
        **{name: rng.getrandbits(16) for name in ("acc_base", "acc_tile_stride", "raise_from")},
        mode=mode,
        pool=pool,
        hold=hold,
        resume=mode is not Mode.READ and bool(rng.randrange(2)),
        **{name: bool(rng.randrange(2)) for name in ("step", "raise_each")},
    )


def random_image(rng: random.Random) -> Image:
    """Any fields and data: image_folder alone knows what they mean."""
    names = (
        "address", "images", "rows", "row_bytes", "out_h", "out_w", "tile_stride", "low_stride", "image_stride",
        "run_bytes", "step_bytes", "first_byte", "kernel_h", "stride", "padding", "after",
    )  # fmt: skip
    values = {name: rng.getrandbits(IMAGE.fields[name].bits.width) for name in names}
    values["first_byte"] -= 0x8000
    return Image(**values, data=random_beats(rng, 2 * rng.choice([1, rng.randint(1, 12)])))


def random_commands(rng: random.Random, n: int, depth: int) -> list[Body]:
    """Any commands in any order: the decoder does not ask whether they make sense together.

    A LOAD waits for as many CONV commands as come before it, or fewer. Rows and words are whole: for N = 64, 256 bits.
    """
    align, whole = alignment(n), max(1, n // 32)
    commands: list[Body] = []
    convs = 0
    for _ in range(rng.randint(5, 20)):
        kind = rng.choice([Load, Load, Conv, Weights, Weights, Thresholds, Image])
        count = rng.choice([1, rng.randint(1, 6)]) * whole  # of 128 bits
        if kind is Load:
            last = depth - count * align // whole
            address = rng.choice([rng.randrange(last) // align * align, last])
            after = rng.choice([0, convs, rng.randint(0, convs)])
            commands.append(Load(address, random_beats(rng, 2 * count), after))
        elif kind is Conv:
            commands.append(random_conv(rng))
            convs += 1
        elif kind is Image:
            commands.append(random_image(rng))
        elif kind is Weights:
            commands.append(Weights(random_beats(rng, 2 * count), last=bool(rng.randrange(2))))
        else:
            commands.append(Thresholds(random_beats(rng, 2 * count)))
    return commands


def alignment(n: int) -> int:
    """Words that addresses of LOAD commands are multiples of: 128 bits, or one."""
    return max(1, 32 // n)


def without_waiting(command: Body) -> Body:
    """A LOAD that waits for nothing."""
    return Load(command.address, command.data, 0) if isinstance(command, Load) else command


def groups_of(beats, group_w: int) -> list[int]:
    """Beats as groups of group_w bits, the low beat first; of the last some may lack."""
    step = group_w // 64
    return [sum(int(beat) << 64 * k for k, beat in enumerate(beats[i : i + step])) for i in range(0, len(beats), step)]


def settings_of(dut) -> tuple[int, int]:
    """The descriptor's beats, the first lowest, and its sequence number."""
    return int(dut.cfg_data.value), int(dut.cfg_sequence.value)


def expected_settings(conv: Conv, sequence: int) -> tuple[int, int]:
    return groups_of(conv.payload(), 64 * len(conv.payload()))[0], sequence


def words_of(command: Body) -> int:
    """Of 128 bits, its header's included."""
    return (1 + len(command.payload())) // 2


def states_of(command: Body) -> list[DecoderState]:
    """The states in which a command's words are taken."""
    if isinstance(command, Image):
        fields = [DecoderState.HEADER, DecoderState.IMAGE_ROWS, DecoderState.IMAGE_KERNEL]
        return [*fields, *[DecoderState.IMAGE_DATA] * (words_of(command) - IMAGE_WORDS)]
    kinds = {Conv: DecoderState.DESCRIPTOR, Load: DecoderState.LOAD_DATA, Weights: DecoderState.WEIGHTS}
    others = kinds.get(type(command), DecoderState.THRESHOLDS)
    return [DecoderState.HEADER, *[others] * (words_of(command) - 1)]


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


class ImageFault(NamedTuple):
    """What image_folder says of an IMAGE command: which one, what, and how many cycles behind its fields."""

    command: int
    output: str
    cycles: int


class Folder:
    """Stands for image_folder, whose outputs are registers.

    It is busy from behind the first word on until `hold` cycles behind the last word. Once it has said what is
    `wrong`, it takes what comes, and stays busy but for an overflow.
    """

    OUTPUTS = ("refused", "bad_length", "overflow")

    def __init__(self, dut) -> None:
        self.dut = dut
        self.hold = 0
        self.wrong: ImageFault | None = None
        self.in_reset = False
        self.reset()

    def reset(self) -> None:
        self.words: list[int] = []
        self.commands: list[list[int]] = []
        self.left: int | None = None  # cycles until it is not busy, if its last word has come
        self.busy = self.ends = False
        self.due: int | None = None  # cycles until what is wrong is said
        self.dead = ""

    def drive(self, ready: bool) -> None:
        """What it says in this cycle; ready: whether it takes a word, if it is busy."""
        dut = self.dut
        dut.image_done.value = self.ends
        dut.image_ready.value = self.ready = ready or not self.busy or bool(self.dead)
        for name in self.OUTPUTS:
            getattr(dut, f"image_{name}").value = name == self.dead

    def cycle(self) -> None:
        """At the end of a cycle."""
        dut = self.dut
        taken = bool(dut.image_valid.value) and self.ready
        in_reset, self.in_reset = self.in_reset, bool(dut.error.value)  # by the accelerator, a cycle behind
        if self.in_reset:
            self.busy, self.due, self.dead, self.left, self.words, self.ends = False, None, "", None, [], False
            assert not (taken and in_reset), "a word is given behind an error"
            return
        if self.due is not None:
            self.due -= 1
            if self.due == 0:
                assert self.wrong
                self.due, self.dead = None, self.wrong.output
        if self.left:
            self.left -= 1
        if dut.image_header.value and not self.busy:
            self.words = [int(dut.s_data.value)]
        if taken:
            self.words.append(int(dut.s_data.value))
            self.busy = True
            if len(self.words) == IMAGE_WORDS and self.wrong and self.wrong.command == len(self.commands):
                self.due = self.wrong.cycles
            if dut.image_last.value:
                self.commands.append(self.words)
                self.left = self.hold
        if self.ends:
            self.busy, self.left = False, None
        self.ends = self.left == 0 and self.due is None and self.dead in ("", "overflow")


class Bench:
    """Sends a program a word at a time, with a STREAM_W of 64 every second cycle at most; keeps what comes out.

    What is cut behind an odd number of beats ends with half a word.
    """

    def __init__(self, dut) -> None:
        self.dut = dut
        self.rng = random.Random(cocotb.RANDOM_SEED)
        self.n, self.depth = int(dut.N.value), int(dut.ACT_DEPTH.value)
        self.group_w = int(dut.GROUP_W.value)
        self.whole = max(1, self.n // 32)  # words of 128 bits of the data of LOAD and WEIGHTS that belong together
        self.stream_w = int(dut.STREAM_W.value)
        self.pitch = 128 // self.stream_w  # cycles from a word to the next
        self.taken = False
        self.stale = 0  # beat that is in the high half behind half a word
        self.words = self.group_w // (4 * self.n)  # activation words a group
        self.align = alignment(self.n)
        self.folder = Folder(dut)
        self.weights = Sink(int(dut.WGT_DEPTH.value), int(dut.TILE_GROUPS.value))
        self.thresholds = Sink(int(dut.THR_DEPTH.value) * 64 // self.stream_w, 128 // self.stream_w)

    async def start(self) -> "Bench":
        dut = self.dut
        cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
        dut.s_valid.value = dut.cfg_ready.value = dut.weight_freed.value = dut.thr_freed.value = 0
        self.folder.drive(True)
        dut.act_wr_ready.value = dut.engine_idle.value = dut.convs_issued.value = dut.trailer_done.value = 0
        dut.leftovers.value = dut.leftover_weights.value = dut.engine_error.value = dut.engine_error_code.value = 0
        dut.engine_error_sequence.value = 0
        await self.reset()
        return self

    async def reset(self) -> None:
        """For one cycle, as a soft reset does; what is there is not taken."""
        dut = self.dut
        dut.s_valid.value, dut.s_last.value, dut.s_half.value, dut.rst.value = 1, 0, 0, 1
        dut.s_data.value = 0x00000003_0000_00_01
        dut.engine_error.value, dut.engine_error_code.value = 1, ErrorCode.ACC_OVERFLOW
        await FallingEdge(dut.clk)
        dut.rst.value, self.taken = 0, False
        self.folder.reset()
        self.folder.drive(True)
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

    def send(self, beats: np.ndarray, wrong: ImageFault | None = None) -> np.ndarray:
        self.beats = beats
        self.packet = groups_of(beats, 128)
        self.sent = self.starts = self.convs_issued = 0
        self.writes: list[tuple[int, int]] = []
        self.weights.words, self.thresholds.words = [], []
        self.settings: list[tuple[int, int]] = []
        self.folder.commands, self.folder.wrong = [], wrong
        return beats

    async def cycle(
        self, valid: bool = True, act_wr: bool = True, cfg: bool = True, image: bool = True, pop: float = 1.0
    ) -> bool:
        """One cycle; returns whether a word was taken. Behind the packet comes what must wait for the trailer."""
        dut = self.dut
        ended = self.sent == len(self.packet)
        valid = valid and not (self.taken and self.pitch == 2)
        dut.s_valid.value = valid
        valid = valid and not ended
        last, half = self.sent == len(self.packet) - 1, len(self.beats) % 2 == 1
        dut.s_last.value = last if valid else self.rng.randrange(2)
        dut.s_half.value = last and half if valid else self.rng.randrange(2)
        stale = self.stale << 64 if last and half else 0
        dut.s_data.value = self.packet[self.sent] | stale if valid else self.rng.getrandbits(128)
        dut.act_wr_ready.value, dut.cfg_ready.value = act_wr, cfg
        dut.weight_freed.value, dut.thr_freed.value = self.weights.freed, self.thresholds.freed
        dut.convs_issued.value = self.convs_issued
        self.folder.drive(image)
        await ReadOnly()
        assert not (ended and dut.s_valid.value and dut.s_ready.value), "a word behind TLAST is taken"
        self.taken = taken = valid and bool(dut.s_ready.value)
        self.sent += taken
        if act_wr and dut.act_wr_valid.value:
            self.writes.append((int(dut.act_wr_addr.value), int(dut.act_wr_data.value)))
        word = (int(dut.weight_group.value), bool(dut.weight_end.value)) if dut.weight_valid.value else None
        self.weights.cycle(word, self.rng.random() < pop)
        beat = (int(dut.thr_data.value), False) if dut.thr_valid.value else None
        self.thresholds.cycle(beat, self.rng.random() < pop)
        if cfg and dut.cfg_valid.value:
            self.settings.append(settings_of(dut))
        self.folder.cycle()
        await FallingEdge(dut.clk)
        self.starts += bool(dut.program_start.value)
        return taken

    async def random_cycle(self, rate: float, pop: float = 0.7) -> bool:
        """CONV commands that the sequencer has taken get issued some time later."""
        if self.convs_issued < len(self.settings) and self.rng.random() < 0.1:
            self.convs_issued += 1
        chances = [self.rng.random() < rate for _ in range(4)]
        return await self.cycle(*chances, pop=pop)

    def expected(self, commands: Sequence[Body]) -> tuple[list, list, list, list, list]:
        """What comes out: writes, weights, thresholds, descriptors, IMAGE commands."""
        writes, weights, thresholds, settings, images = [], [], [], [], []
        for sequence, command in enumerate(commands, 1):
            if isinstance(command, Conv):
                settings.append(expected_settings(command, sequence))
            elif isinstance(command, Thresholds):
                thresholds += [(beat, False) for beat in groups_of(command.data, self.stream_w)]
            elif isinstance(command, Image):
                header = Opcode.IMAGE | sequence << 16 | len(command.payload()) << 32
                images.append(groups_of([header, *command.payload()], 128))
            else:
                groups = groups_of(command.data, self.group_w)
                if isinstance(command, Load):
                    writes += [(command.address // self.words + i, group) for i, group in enumerate(groups)]
                else:
                    weights += [(group, command.last and i == len(groups) - 1) for i, group in enumerate(groups)]
        return writes, weights, thresholds, settings, images

    def got(self) -> tuple[list, list, list, list, list]:
        return self.writes, self.weights.words, self.thresholds.words, self.settings, self.folder.commands

    def check(self, commands: list[Body]) -> None:
        """Everything came out, in order, where it belongs."""
        assert self.got() == self.expected(commands)
        assert self.sent == len(self.packet) and self.starts == 1 and not self.dut.error.value
        assert int(self.dut.program_id.value) == self.program_id

    async def finish(self) -> None:
        """The engine becomes idle, the trailer is sent."""
        dut = self.dut
        for _ in range(10):
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
                outcome = self.writes, self.settings, self.folder.commands
                self.encode(
                    [random_image(self.rng), random_conv(self.rng), Load(0, random_beats(self.rng, 2 * self.whole))]
                )
        assert self.got() == ([], [], [], [], []) and self.starts == 0, "the error stays"
        await self.reset()
        self.writes, self.settings, self.folder.commands = outcome
