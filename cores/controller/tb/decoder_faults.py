"""Ways to spoil a program that is right, each with what the decoder must say of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from decoder_bench import (
    Bench,
    random_beats,
    random_commands,
    random_conv,
    random_image,
    without_waiting,
)

from tilewright.hardware.commands import Body, Conv, Image, Load, Mode, Thresholds, Weights
from tilewright.hardware.fields import Field, Layout
from tilewright.hardware.program import encode_frame, encode_program, seal_program
from tilewright.hardware.program_format import BEGIN, CONV, LOAD
from tilewright.hardware.registers import ErrorCode


class Change(NamedTuple):
    """A value for some bits of a payload."""

    beat: int
    bits: Field
    value: int

    def apply(self, beat: int) -> int:
        return beat & ~self.bits.mask | self.bits.place(self.value)


def field_changes(**values: int) -> list[Change]:
    """Fields of a CONV descriptor that get these values."""
    return [Change(CONV.fields[name].beat, CONV.fields[name].bits, value) for name, value in values.items()]


def unnamed_bits(layout: Layout) -> list[list[Change]]:
    """Each bit that no field names, set."""
    changes = [Change(beat, Field(bit, 1), 1) for beat in range(layout.beats) for bit in range(64)]
    return [[change] for change in changes if layout.unnamed(beats_of(layout, change)) is not None]


def beats_of(layout: Layout, change: Change) -> list[int]:
    return [change.apply(0) if beat == change.beat else 0 for beat in range(layout.beats)]


BEGIN_BEATS = 1 + BEGIN.beats
# No command's
OPCODES = [0x00, 0x07, 0x0E, 0x11, 0x1F, 0x82, 0xFF]
COUNTS = ("in_h", "in_w", "out_h", "out_w", "ic_tiles", "oc_tiles", "images", "kernel_h", "kernel_w", "stride")
# Whatever the descriptor, it is wrong with these fields.
DESCRIPTORS = [
    *(field_changes(**{name: 0}) for name in COUNTS),
    *(field_changes(**{name: value}) for name in ("kernel_h", "kernel_w") for value in (8, 9, 15)),
    field_changes(stride=3),
    *(field_changes(dilation=value) for value in (0, 2, 3)),
    field_changes(upsample=1),
    *(field_changes(pool_window=value) for value in (1, 2, 3)),
    field_changes(pool_padding=1),
    *(field_changes(mode=mode, hold=1, resume=0, pool=0) for mode in (Mode.RELU, Mode.CODES, Mode.READ)),
    field_changes(mode=Mode.READ, hold=0, resume=1, pool=0),
    *(field_changes(mode=mode, hold=0, resume=0, pool=1, out_h=2, out_w=2) for mode in Mode if mode is not Mode.CODES),
    *(field_changes(mode=Mode.CODES, hold=0, pool=1, out_h=h, out_w=5 - h) for h in (2, 3)),
    *(field_changes(mode=Mode.RAW, hold=1, pool=1, out_h=h, out_w=5 - h) for h in (2, 3)),
    *unnamed_bits(CONV),
]


class Fault(NamedTuple):
    """A program with a mistake in command `number`; `partly` if what is before it in a LOAD is right."""

    beats: np.ndarray
    code: ErrorCode
    sequence: int
    number: int
    partly: bool = False


class Faults:
    """A program that is right, and ways to spoil it."""

    def __init__(self, bench: Bench) -> None:
        self.rng, self.bench = bench.rng, bench
        self.begin = bench.begin()
        rng = bench.rng
        load = Load(rng.randrange(64) // bench.align * bench.align, random_beats(rng, 6 * bench.whole))
        weights = Weights(random_beats(rng, 4 * bench.whole), last=True)
        thresholds = Thresholds(random_beats(rng, 4))
        kinds = [load, random_conv(rng), weights, thresholds, random_image(rng)]
        self.commands: list[Body] = [*rng.sample(kinds, len(kinds)), *random_commands(rng, bench.n, bench.depth)[:6]]
        self.commands = [without_waiting(command) for command in self.commands]
        self.beats = encode_program([self.begin, *self.commands])
        self.images = encode_frame([self.begin, *self.commands]).images
        bench.stale = int(self.beats[-1])
        lengths = [BEGIN_BEATS, *(1 + len(command.payload()) for command in self.commands), 2]
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

    def refused(self, number: int, changes: Sequence[Change]) -> Fault:
        """A command's payload with fields that it may not have."""
        beats = self.beats.copy()
        for change in changes:
            at = self.starts[number] + 1 + change.beat
            beats[at] = np.uint64(change.apply(int(beats[at])))
        return Fault(seal_program(beats, self.images), ErrorCode.BAD_DESCRIPTOR, number, number=number)

    def opcode(self, opcode: int | None = None) -> Fault:
        number = self.rng.randrange(len(self.commands) + 2)
        opcode = self.rng.choice(OPCODES) if opcode is None else opcode
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

    def wrong_lengths(self, number: int) -> list[int]:
        """Of BEGIN, CONV and END any but the right one; of the others one without data, half of 128 bits, of a row."""
        right = int(self.beats[self.starts[number]]) >> 32
        wrong = [0, 1, right - 1, right + 1, right & ~1 | 1 << 31]
        command = self.commands[number - 1] if 0 < number <= len(self.commands) else None
        if self.bench.whole == 2 and isinstance(command, Load | Weights):
            wrong.append(right ^ 2)
        if isinstance(command, Image):
            wrong += [3, 5]
        if command is None or isinstance(command, Conv):
            wrong += [right ^ 2, right ^ 4, right | 1 << self.rng.randrange(4, 31), right | 1 << 31]
        return sorted({length for length in wrong if length != right})

    def length(self, number: int | None = None, length: int | None = None) -> Fault:
        number = self.rng.randrange(len(self.commands) + 2) if number is None else number
        length = self.rng.choice(self.wrong_lengths(number)) if length is None else length
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

    def unaligned_address(self) -> Fault:
        """Within the memory, or beyond it."""
        if self.bench.align == 1:
            return self.load_bits()
        add = self.rng.randrange(1, self.bench.align) + self.rng.choice([0, 0, self.bench.depth])
        return self.changed(self.number(Load), 1, lambda beat: beat + add, ErrorCode.BAD_DESCRIPTOR)

    def load_bits(self) -> Fault:
        return self.refused(self.number(Load), self.rng.choice(unnamed_bits(LOAD)))

    def address(self) -> Fault:
        """Named at once, whatever the LOAD waits for."""
        address = self.rng.choice([self.bench.depth, 2 * self.bench.depth, 1 << 23, (1 << 24) - self.bench.align])
        after = self.rng.choice([0, 0xFFFFFF])
        return self.changed(self.number(Load), 1, lambda _: after << 24 | address, ErrorCode.ACT_OVERFLOW)

    def end_of_memory(self) -> Fault:
        """The last groups find no place."""
        each = 2 * self.bench.whole  # beats of an address's step
        loads = [i for i, c in enumerate(self.commands, 1) if isinstance(c, Load) and len(c.data) > each]
        number = self.rng.choice(loads)
        data = self.commands[number - 1].data
        data = data[: -each * self.rng.randrange(1, len(data) // each)]
        address = self.bench.depth - self.bench.align * len(data) // each
        self.commands[number - 1] = Load(address, data)
        fault = self.changed(number, 1, lambda beat: beat >> 24 << 24 | address, ErrorCode.ACT_OVERFLOW)
        return fault._replace(partly=True)

    def descriptor(self) -> Fault:
        return self.refused(self.number(Conv), self.rng.choice(DESCRIPTORS))

    def tlast_early(self) -> Fault:
        return self.cut(self.rng.randrange(1, len(self.beats) - 1))

    def cut(self, count: int) -> Fault:
        """So many beats, fewer than END begins with."""
        number = max(i for i, start in enumerate(self.starts) if start < count)
        return Fault(self.beats[:count], ErrorCode.TLAST_EARLY, number, number, partly=True)

    def tlast_missing(self) -> Fault:
        """Whatever the CRC-32 is."""
        beats = np.append(self.beats, random_beats(self.rng, self.rng.randint(1, 9)))
        beats[len(self.beats) - 1] ^= np.uint64(self.rng.randrange(2))
        return Fault(beats, ErrorCode.TLAST_MISSING, len(self.commands) + 1, len(self.commands) + 1)

    def crc(self) -> Fault:
        """A bit of an image, of weights or thresholds, of a beat that is 0, or of END's CRC-32s."""
        number = self.number(Load, Image)
        command, last = self.commands[number - 1], self.starts[number + 1] - 1
        assert isinstance(command, Load | Image)
        first = last + 1 - len(command.data)
        data = self.starts[self.number(Weights, Thresholds)] + 1
        at = self.rng.choice([BEGIN_BEATS - 1, data, data + 1, len(self.beats) - 1, first, last, first, last])
        beats = self.beats.copy()
        beats[at] ^= np.uint64(1 << self.rng.randrange(64))
        self.commands[number - 1] = replace(command, data=beats[first : last + 1])  # which is written
        return Fault(beats, ErrorCode.BAD_CRC, len(self.commands) + 1, len(self.commands) + 1)

    ONCE = (opcode, no_begin, second_begin, sequence, length, magic, version, parameters, end_of_memory, tlast_missing)
    TWICE = (flags, two_in_a_header, unaligned_address, load_bits, address, descriptor, tlast_early, crc)
    KINDS = ONCE + 2 * TWICE
    # Those that neither move beats nor need the CRC-32 as it is
    STEADY = (sequence, flags, parameters, address, unaligned_address, load_bits, descriptor, opcode)
