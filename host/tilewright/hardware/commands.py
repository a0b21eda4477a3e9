"""The commands of a program as data, and their payloads; ``docs/program_format.md`` describes every field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from tilewright.errors import ProgramError
from tilewright.hardware.beats import Beats
from tilewright.hardware.fields import Layout
from tilewright.hardware.program_format import (
    BEGIN,
    BEGIN_FORMAT_VERSION,
    BEGIN_MAGIC,
    CONV,
    END,
    LOAD,
    Flag,
    Mode,
    Opcode,
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
    format_version: int = BEGIN_FORMAT_VERSION

    def payload(self) -> Beats:
        """uint64 (2,)."""
        return _encoded(BEGIN, vars(self))

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Begin:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        values = _decoded(BEGIN, payload, where)
        magic, version = values.pop("magic"), values["format_version"]
        if magic != BEGIN_MAGIC:
            raise ProgramError(f"{where}: magic is {magic:#010x}, a program has {BEGIN_MAGIC:#010x}")
        if version != BEGIN_FORMAT_VERSION:
            raise ProgramError(f"{where}: format version {version}, this library knows version {BEGIN_FORMAT_VERSION}")
        return cls(**values)

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
        return np.concatenate((_encoded(LOAD, {"address": self.address, "after": self.after}), self.data))

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Load:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        return cls(data=payload[LOAD.beats :], **_decoded(LOAD, payload[: LOAD.beats], where))

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
    step: bool = False
    acc_base: int = 0
    acc_tile_stride: int = 0
    resume: bool = False
    hold: bool = False
    act_oc_stride: int = 0
    raise_from: int = 0xFFFF
    raise_each: bool = False

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
        return _encoded(CONV, {**vars(self), "act_base": self.act_base & CONV.fields["act_base"].bits.most})

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Conv:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        values: dict[str, Any] = {
            name: bool(value) if CONV.fields[name].bits.width == 1 else value
            for name, value in _decoded(CONV, payload, where).items()
        }
        return cls(**{**values, "mode": Mode(values["mode"])})

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
        return np.concatenate((np.zeros(1, np.uint64), self.data))

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Weights:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags & ~Flag.LAST, where)
        return cls(payload, last=bool(flags & Flag.LAST))

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
        return np.concatenate((np.zeros(1, np.uint64), self.data))

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Thresholds:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        return cls(payload)

    def __str__(self) -> str:
        return f"THRESHOLDS, {len(self.data)} beat(s)"


@dataclass(frozen=True)
class End:
    """Last command: two CRC-32s of the beats before its payload.

    Attributes:
        images_crc: of the activation words of all LOAD commands, in their order.
        program_crc: of all other beats, in their order.
    """

    opcode: ClassVar[Opcode] = Opcode.END
    images_crc: int
    program_crc: int

    def payload(self) -> Beats:
        """uint64 (1,)."""
        return _encoded(END, vars(self))

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> End:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        return cls(**_decoded(END, payload, where))

    def __str__(self) -> str:
        return f"END with CRC-32 {self.program_crc:#010x}, of the images {self.images_crc:#010x}"


Body = Load | Conv | Weights | Thresholds
Command = Begin | Body | End


def flags_of(command: Command) -> int:
    """The flags of a command's header."""
    return Flag.LAST if isinstance(command, Weights) and command.last else 0


def _no_flags(flags: int, where: str) -> None:
    if flags:
        raise ProgramError(f"{where}: flags are {flags:#04x}, a bit that has no meaning is set")


def _encoded(layout: Layout, values: Mapping[str, int]) -> Beats:
    """The beats of a payload's fields; raises ProgramError where a value does not fit its field."""
    try:
        return np.array(layout.encode(values), dtype=np.uint64)
    except ValueError as error:
        raise ProgramError(str(error)) from None


def _decoded(layout: Layout, payload: Beats, where: str) -> dict[str, int]:
    """The fields of a payload; raises ProgramError where a bit is set that has no meaning."""
    beats = payload.tolist()
    wrong = layout.unnamed(beats)
    if wrong is not None:
        raise ProgramError(f"{where}: a reserved bit is set in beat {wrong} of the payload, {beats[wrong]:#018x}")
    return layout.decode(beats)
