"""The commands of a program as data, and their payloads; ``docs/program_format.md`` describes every field."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar

import numpy as np

from tilewright.errors import ProgramError
from tilewright.hardware.beats import Beats

MAGIC = 0x52505754
FORMAT_VERSION = 2
DESCRIPTOR_BEATS = 7


class Opcode(IntEnum):
    """Low byte of a command's header."""

    BEGIN = 0x01
    LOAD = 0x02
    CONV = 0x03
    WEIGHTS = 0x04
    THRESHOLDS = 0x05
    END = 0x0F


class Mode(IntEnum):
    """What a CONV command does with its sums; READ makes none and returns activation words."""

    RAW = 0
    RELU = 1
    CODES = 2
    READ = 3


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
    def parse(cls, payload: Beats, flags: int, where: str) -> Begin:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
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
        after: CONV commands of the program that must have read their last activation before.
    """

    opcode: ClassVar[Opcode] = Opcode.LOAD
    address: int
    data: Beats = field(repr=False)
    after: int = 0

    def payload(self) -> Beats:
        """uint64 (1 + data beats,)."""
        return np.concatenate((_beats(self.address | self.after << 32), self.data))

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Load:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        first = int(payload[0])
        return cls(first & 0xFFFFFFFF, payload[1:], after=first >> 32)

    def __str__(self) -> str:
        wait = f" after {self.after} CONV command(s)" if self.after else ""
        return f"LOAD {len(self.data)} beat(s) at word {self.address}{wait}"


@dataclass(frozen=True)
class Conv:
    """Descriptor of one convolution, or of a READ. Addresses and strides are in words.

    Attributes:
        in_h, in_w: input map.
        out_h, out_w: output positions that are computed, before pooling.
        ic_tiles, oc_tiles, images: loops.
        kernel_h, kernel_w: taps, 1 to 7 each.
        stride: 1 or 2.
        act_base: address of input position (origin_y, origin_x) of the first image's first tile, modulo 2^32: the
            position itself may lie outside the map and the memory.
        act_tile_stride, act_image_stride: words from one tile, or image, to the next.
        origin_y, origin_x: input position that output (0, 0) meets at kernel tap (0, 0); -padding for a whole map.
        out_base, out_tile_stride, out_image_stride: where codes go.
        acc_base, acc_tile_stride: first accumulator, and accumulators from one output tile to the next: 0 where each
            output tile is done before the next begins.
        after: output tiles that must be written before a pass starts.
        mode: what becomes of the sums.
        pool: 2x2 max-pooling of codes.
        nibbles: input tiles alternate between high and low nibbles of 8-bit activations; the high ones count 16-fold.
        step: each input tile waits for one output tile more than the tile before.
        resume: the sums go on from what the accumulators hold.
        hold: the sums stay in the accumulators; the mode is RAW, but nothing is sent.
    """

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
    act_base: int
    act_tile_stride: int
    act_image_stride: int
    origin_y: int
    origin_x: int
    mode: Mode
    out_base: int = 0
    out_tile_stride: int = 0
    out_image_stride: int = 0
    after: int = 0
    pool: bool = False
    nibbles: bool = False
    step: bool = False
    acc_base: int = 0
    acc_tile_stride: int = 0
    resume: bool = False
    hold: bool = False

    @property
    def positions(self) -> int:
        """Output positions of all images, before pooling."""
        return self.images * self.out_h * self.out_w

    @property
    def passes(self) -> int:
        """Passes of the array: output tiles x input tiles x taps."""
        return self.oc_tiles * self.ic_tiles * self.kernel_h * self.kernel_w

    def payload(self) -> Beats:
        """uint64 (7,)."""
        mode = self.mode | self.pool << 2 | self.nibbles << 3 | self.step << 4 | self.resume << 5 | self.hold << 6
        origin = (self.origin_y & 0xFFFF) | (self.origin_x & 0xFFFF) << 16
        return _beats(
            self.in_h | self.in_w << 16 | self.out_h << 32 | self.out_w << 48,
            self.ic_tiles
            | self.oc_tiles << 16
            | self.images << 32
            | self.kernel_h << 48
            | self.kernel_w << 52
            | self.stride << 56,
            (self.act_base & 0xFFFFFFFF) | self.act_tile_stride << 32,
            self.act_image_stride | origin << 32,
            self.out_base | self.out_tile_stride << 32,
            self.out_image_stride | self.acc_base << 32 | self.acc_tile_stride << 48,
            self.after | mode << 32,
        )

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Conv:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        size, loops, address, image, out, out_image, last = (int(beat) for beat in payload)
        if loops >> 58 or last >> 39:
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
            act_base=address & 0xFFFFFFFF,
            act_tile_stride=address >> 32,
            act_image_stride=image & 0xFFFFFFFF,
            origin_y=_signed16(image >> 32),
            origin_x=_signed16(image >> 48),
            out_base=out & 0xFFFFFFFF,
            out_tile_stride=out >> 32,
            out_image_stride=out_image & 0xFFFFFFFF,
            after=last & 0xFFFFFFFF,
            mode=Mode(last >> 32 & 0x3),
            pool=bool(last >> 34 & 1),
            nibbles=bool(last >> 35 & 1),
            step=bool(last >> 36 & 1),
            acc_base=out_image >> 32 & 0xFFFF,
            acc_tile_stride=out_image >> 48,
            resume=bool(last >> 37 & 1),
            hold=bool(last >> 38 & 1),
        )

    def __str__(self) -> str:
        if self.mode is Mode.READ:
            return f"READ of {self.ic_tiles} tile(s), {self.images} image(s) of {self.out_h}x{self.out_w}"
        names = {Mode.RAW: "raw", Mode.RELU: "with ReLU", Mode.CODES: "to codes"}
        name = "held" if self.hold else names[self.mode]
        pooled = ", pooled," if self.pool else ""
        return (
            f"CONV {name}{pooled} of {self.ic_tiles} input and {self.oc_tiles} output tile(s), "
            f"{self.kernel_h}x{self.kernel_w} taps, {self.images} image(s) of {self.out_h}x{self.out_w} outputs"
        )


@dataclass(frozen=True)
class Weights:
    """Weight rows for the CONV commands, in the order of use.

    Attributes:
        data: packed rows, uint64 beats.
        last: whether they end the weights of a CONV command.
    """

    opcode: ClassVar[Opcode] = Opcode.WEIGHTS
    data: Beats = field(repr=False)
    last: bool

    def payload(self) -> Beats:
        """uint64 (beats,)."""
        return self.data

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Weights:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags & ~1, where)
        return cls(payload, last=bool(flags & 1))

    def __str__(self) -> str:
        return f"WEIGHTS, {len(self.data)} beat(s){', the last of their CONV' if self.last else ''}"


@dataclass(frozen=True)
class Thresholds:
    """Thresholds for the CONV commands' output tiles, in the order of use.

    Attributes:
        data: five beats a channel, uint64.
    """

    opcode: ClassVar[Opcode] = Opcode.THRESHOLDS
    data: Beats = field(repr=False)

    def payload(self) -> Beats:
        """uint64 (beats,)."""
        return self.data

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Thresholds:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        return cls(payload)

    def __str__(self) -> str:
        return f"THRESHOLDS, {len(self.data)} beat(s)"


@dataclass(frozen=True)
class End:
    """Last command: CRC-32 of all beats before its payload."""

    opcode: ClassVar[Opcode] = Opcode.END
    crc: int

    def payload(self) -> Beats:
        """uint64 (1,)."""
        return _beats(self.crc)

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> End:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        crc = int(payload[0])
        if crc >> 32:
            raise ProgramError(f"{where}: upper half of the CRC beat is {crc >> 32:#x}, it must be 0")
        return cls(crc)

    def __str__(self) -> str:
        return f"END with CRC-32 {self.crc:#010x}"


Body = Load | Conv | Weights | Thresholds
Command = Begin | Body | End


def flags_of(command: Command) -> int:
    """Bits [15:8] of a command's header."""
    return int(command.last) if isinstance(command, Weights) else 0


def _no_flags(flags: int, where: str) -> None:
    if flags:
        raise ProgramError(f"{where}: flags are {flags:#04x}, a bit that has no meaning is set")


def _signed16(word: int) -> int:
    return ((word & 0xFFFF) ^ 0x8000) - 0x8000


def _beats(*values: int) -> Beats:
    return np.array(values, dtype=np.uint64)
