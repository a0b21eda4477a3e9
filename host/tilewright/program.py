"""The program format: commands to beats and back. ``docs/program_format.md`` describes every field."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tilewright.errors import ProgramError
from tilewright.packing import BEAT_BYTES, Beats, crc32_of
from tilewright.results import OutputMap, decode_results

MAGIC = 0x52505754
FORMAT_VERSION = 1
DESCRIPTOR_BEATS = 6
MAX_SEQUENCE = 0xFFFF


class Opcode(IntEnum):
    """Low byte of a command's header."""

    BEGIN = 0x01
    LOAD = 0x02
    CONV = 0x03
    END = 0x0F


@dataclass(frozen=True)
class ArrayParameters:
    """What a program must know of the accelerator that it is compiled for.

    Attributes:
        n: rows and columns of the array: 8, 16 or 32.
        act_w: bits of an (unsigned) activation.
        wgt_w: bits of a (signed) weight.
        acc_w: bits of a (signed) accumulator.
        act_depth: words of n activations in the activation memory.
        acc_depth: accumulators in a column: the most output positions of a CONV command.
    """

    n: int = 8
    act_w: int = 4
    wgt_w: int = 4
    acc_w: int = 28
    act_depth: int = 8192
    acc_depth: int = 1024

    @property
    def acc_max(self) -> int:
        """Largest value that an accumulator holds."""
        return (1 << (self.acc_w - 1)) - 1

    def __str__(self) -> str:
        return (
            f"{self.n}x{self.n}, activations {self.act_w} bit, weights {self.wgt_w} bit, "
            f"accumulators {self.acc_w} bit, {self.act_depth} activation words, {self.acc_depth} positions"
        )


@dataclass(frozen=True)
class Begin:
    """First command: format version, array parameters, program id."""

    opcode: ClassVar[Opcode] = Opcode.BEGIN
    n: int
    act_w: int
    wgt_w: int
    acc_w: int
    program_id: int
    format_version: int = FORMAT_VERSION

    def payload(self) -> Beats:
        """uint64 (2,)."""
        widths = self.n | self.act_w << 8 | self.wgt_w << 16 | self.acc_w << 24
        return _beats(MAGIC | self.format_version << 32, widths | self.program_id << 32)

    @classmethod
    def parse(cls, payload: Beats, where: str) -> Begin:
        """Inverse of :meth:`payload`; raises ProgramError."""
        first, second = (int(beat) for beat in payload)
        if first & 0xFFFFFFFF != MAGIC:
            raise ProgramError(f"{where}: magic is {first & 0xFFFFFFFF:#010x}, a program has {MAGIC:#010x}")
        if first >> 32 != FORMAT_VERSION:
            raise ProgramError(f"{where}: format version {first >> 32}, this library knows version {FORMAT_VERSION}")
        n, act_w, wgt_w, acc_w = (second >> shift & 0xFF for shift in (0, 8, 16, 24))
        return cls(n, act_w, wgt_w, acc_w, program_id=second >> 32)

    def __str__(self) -> str:
        return f"BEGIN program {self.program_id:#010x} for {self.n}x{self.n}"


@dataclass(frozen=True)
class Load:
    """Writes activation words.

    Attributes:
        address: first word.
        data: packed words, uint64 beats.
    """

    opcode: ClassVar[Opcode] = Opcode.LOAD
    address: int
    data: Beats = field(repr=False)

    def payload(self) -> Beats:
        """uint64 (1 + data beats,)."""
        return np.concatenate((_beats(self.address), self.data))

    @classmethod
    def parse(cls, payload: Beats, where: str) -> Load:
        """Inverse of :meth:`payload`; raises ProgramError."""
        address = int(payload[0])
        if address >> 32:
            raise ProgramError(f"{where}: upper half of the address beat is {address >> 32:#x}, it must be 0")
        return cls(address, payload[1:])

    def __str__(self) -> str:
        return f"LOAD {len(self.data)} beat(s) at word {self.address}"


@dataclass(frozen=True)
class Conv:
    """One convolution: descriptor and weights. Strides of addresses are in words, ``weights`` are packed rows."""

    opcode: ClassVar[Opcode] = Opcode.CONV
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
    padding: int
    act_base: int
    act_tile_stride: int
    act_image_stride: int
    relu: bool
    weights: Beats = field(repr=False)

    @property
    def positions(self) -> int:
        """Output positions of all images."""
        return self.images * self.out_h * self.out_w

    def payload(self) -> Beats:
        """uint64 (6 + weight beats,)."""
        size = self.in_h | self.in_w << 16 | self.out_h << 32 | self.out_w << 48
        kernel = self.kernel_h << 48 | self.kernel_w << 52 | self.stride << 56 | self.padding << 58
        loops = self.ic_tiles | self.oc_tiles << 16 | self.images << 32 | kernel
        address = self.act_base | self.act_tile_stride << 32
        descriptor = _beats(size, loops, address, self.act_image_stride | int(self.relu) << 32, 0, 0)
        return np.concatenate((descriptor, self.weights))

    @classmethod
    def parse(cls, payload: Beats, where: str) -> Conv:
        """Inverse of :meth:`payload`; raises ProgramError."""
        size, loops, address, mode, *reserved = (int(beat) for beat in payload[:DESCRIPTOR_BEATS])
        if any(reserved) or loops >> 60 or mode >> 33:
            raise ProgramError(f"{where}: a reserved bit of the descriptor is set")
        in_h, in_w, out_h, out_w = (size >> shift & 0xFFFF for shift in (0, 16, 32, 48))
        return cls(
            in_h=in_h,
            in_w=in_w,
            out_h=out_h,
            out_w=out_w,
            ic_tiles=loops & 0xFFFF,
            oc_tiles=loops >> 16 & 0xFFFF,
            images=loops >> 32 & 0xFFFF,
            kernel_h=loops >> 48 & 0xF,
            kernel_w=loops >> 52 & 0xF,
            stride=loops >> 56 & 0x3,
            padding=loops >> 58 & 0x3,
            act_base=address & 0xFFFFFFFF,
            act_tile_stride=address >> 32,
            act_image_stride=mode & 0xFFFFFFFF,
            relu=bool(mode >> 32),
            weights=payload[DESCRIPTOR_BEATS:],
        )

    def __str__(self) -> str:
        return (
            f"CONV{' with ReLU' if self.relu else ''} of {self.ic_tiles} input and {self.oc_tiles} output tile(s), "
            f"{self.kernel_h}x{self.kernel_w} taps, {self.images} image(s) of {self.out_h}x{self.out_w} outputs"
        )


@dataclass(frozen=True)
class End:
    """Last command: CRC-32 of all beats before its payload."""

    opcode: ClassVar[Opcode] = Opcode.END
    crc: int

    def payload(self) -> Beats:
        """uint64 (1,)."""
        return _beats(self.crc)

    @classmethod
    def parse(cls, payload: Beats, where: str) -> End:
        """Inverse of :meth:`payload`; raises ProgramError."""
        crc = int(payload[0])
        if crc >> 32:
            raise ProgramError(f"{where}: upper half of the CRC beat is {crc >> 32:#x}, it must be 0")
        return cls(crc)

    def __str__(self) -> str:
        return f"END with CRC-32 {self.crc:#010x}"


Command = Begin | Load | Conv | End
_COMMANDS: dict[int, type[Command]] = {command.opcode: command for command in (Begin, Load, Conv, End)}
# Smallest payload of each command in beats; BEGIN's and END's are exact.
_PAYLOAD_BEATS = {Opcode.BEGIN: 2, Opcode.LOAD: 2, Opcode.CONV: DESCRIPTOR_BEATS + 1, Opcode.END: 1}


@dataclass(frozen=True)
class Program:
    """Beats ready to be sent, and what comes back.

    Attributes:
        beats: uint64 (count,), the one packet; read-only.
        array: parameters that it was compiled for.
        program_id: 32-bit number that the result trailer repeats.
        outputs: one entry for each CONV command, in order.
    """

    beats: Beats = field(repr=False)
    array: ArrayParameters
    program_id: int
    outputs: tuple[OutputMap, ...]

    @property
    def nbytes(self) -> int:
        """Length of the program in bytes."""
        return len(self.beats) * BEAT_BYTES

    @property
    def output_beats(self) -> int:
        """Result beats before the trailer."""
        return sum(output.beats(self.array.n) for output in self.outputs)

    def unpack(self, packet: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int32], ...]:
        """Checks a result packet and takes it apart.

        Args:
            packet: uint64, all beats received, trailer included.

        Returns:
            For each CONV command, int32 (images, oc, out_h, out_w).

        Raises:
            ResultError: the packet cannot be trusted; says which field is wrong.
            DeviceError: the trailer carries an error of the accelerator.
        """
        return decode_results(packet, self.array.n, self.program_id, self.outputs)


def encode_program(commands: list[Begin | Load | Conv]) -> Beats:
    """Beats of a whole program; sequence numbers, lengths, END and its CRC-32 are added.

    Args:
        commands: BEGIN, then LOAD and CONV commands.

    Returns:
        uint64 (count,), read-only.

    Raises:
        ProgramError: more commands than sequence numbers.
    """
    if len(commands) > MAX_SEQUENCE:
        raise ProgramError(f"{len(commands)} commands; a program holds at most {MAX_SEQUENCE} before END")
    parts: list[Beats] = []
    for sequence, command in enumerate(commands):
        payload = command.payload()
        parts += [_header(command.opcode, sequence, len(payload)), payload]
    parts.append(_header(Opcode.END, len(commands), 1))
    body = np.concatenate(parts)
    beats = np.concatenate((body, End(crc32_of(body)).payload()))
    beats.setflags(write=False)
    return beats


def decode_program(beats: Beats) -> list[Command]:
    """Commands of a program; inverse of :func:`encode_program`, END included.

    Args:
        beats: uint64 (count,).

    Returns:
        The commands in order.

    Raises:
        ProgramError: names the beat, the command and the field that is wrong.
    """
    commands: list[Command] = []
    start = 0
    while start < len(beats):
        command, start = _decode_command(beats, start, sequence=len(commands))
        commands.append(command)
        if isinstance(command, End) and start != len(beats):
            raise ProgramError(f"beat {start}: {len(beats) - start} beat(s) after END")
    if not commands or not isinstance(commands[-1], End):
        raise ProgramError(f"beat {start}: the program ends after {len(commands)} command(s) without END")
    expected = crc32_of(beats[:-1])
    if commands[-1].crc != expected:
        raise ProgramError(f"beat {start - 1}: CRC-32 is {commands[-1].crc:#010x}, the beats give {expected:#010x}")
    return commands


def describe_command(beats: Beats, sequence: int) -> str:
    """One line about the command with a sequence number, for error messages.

    Args:
        beats: a program, which may be damaged.
        sequence: the command's sequence number.

    Returns:
        Such as ``command 2 (beats 5 to 150): CONV of ...``.
    """
    start = 0
    for index in range(sequence + 1):
        if start >= len(beats):
            return f"command {sequence}, which the program does not hold"
        try:
            command, end = _decode_command(beats, start, index)
        except ProgramError as error:
            return f"command {sequence}, which cannot be decoded ({error})"
        if index == sequence:
            break
        start = end
    return f"command {sequence} (beats {start} to {end - 1}): {command}"


def _decode_command(beats: Beats, start: int, sequence: int) -> tuple[Command, int]:
    header = int(beats[start])
    opcode, flags, got_sequence, length = header & 0xFF, header >> 8 & 0xFF, header >> 16 & 0xFFFF, header >> 32
    where = f"beat {start}, command {sequence}"
    if opcode not in _COMMANDS:
        raise ProgramError(f"{where}: unknown opcode {opcode:#04x}")
    kind = _COMMANDS[opcode]
    where += f" ({kind.opcode.name})"
    if (sequence == 0) != (kind is Begin):
        raise ProgramError(f"{where}: BEGIN is the first command and no other")
    if got_sequence != sequence:
        raise ProgramError(f"{where}: sequence number is {got_sequence}")
    if flags:
        raise ProgramError(f"{where}: flags are {flags:#04x}, they must be 0")
    needed = _PAYLOAD_BEATS[kind.opcode]
    if length < needed or (kind in (Begin, End) and length != needed):
        raise ProgramError(f"{where}: payload of {length} beat(s), it needs {needed}")
    end = start + 1 + length
    if end > len(beats):
        raise ProgramError(f"{where}: payload of {length} beat(s), but only {len(beats) - start - 1} follow")
    return kind.parse(beats[start + 1 : end], where), end


def _header(opcode: Opcode, sequence: int, length: int) -> Beats:
    return _beats(opcode | sequence << 16 | length << 32)


def _beats(*values: int) -> Beats:
    return np.array(values, dtype=np.uint64)
