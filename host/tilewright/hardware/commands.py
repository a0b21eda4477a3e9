"""The commands of a program as data, and their payloads; ``docs/program_format.md`` describes every field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

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
    IMAGE,
    LOAD,
    Flag,
    Mode,
    Opcode,
)

# The beat of zeros before the data of WEIGHTS and THRESHOLDS, which makes them whole 128-bit words
LEAD_BEATS: Final = 1
# Conv.raise_from where no input tile raises the sums
NEVER_RAISED: Final = CONV.fields["raise_from"].bits.most


@dataclass(frozen=True)
class Begin:
    """First command: format version, array parameters, program id."""

    opcode: ClassVar[Opcode] = Opcode.BEGIN
    n: int
    act_w: int
    wgt_w: int
    acc_w: int
    program_id: int

    def payload(self) -> Beats:
        """uint64 (3,)."""
        return _encoded(BEGIN, vars(self))

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Begin:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        values = BEGIN.decode(payload.tolist())
        magic, version = values["magic"], values["format_version"]
        if magic != BEGIN_MAGIC:
            raise ProgramError(f"{where}: magic is {magic:#010x}, a program has {BEGIN_MAGIC:#010x}")
        if version != BEGIN_FORMAT_VERSION:
            raise ProgramError(f"{where}: format version {version}, this library knows version {BEGIN_FORMAT_VERSION}")
        return cls(**_decoded(BEGIN, payload, where))

    def __str__(self) -> str:
        return f"BEGIN program {self.program_id:#010x} for {self.n}x{self.n}"


@dataclass(frozen=True)
class Load:
    """Writes activation words.

    Attributes:
        address: first word, at a whole 128 bits of activations.
        data: packed words, uint64 beats, an even number.
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
class Image:
    """Brings images, or the same rows of each, whose taps are folded into activation words.

    Attributes:
        address: first word.
        images: so many.
        rows: of an image.
        row_bytes: of a row: width * channels.
        out_h, out_w: positions.
        tile_stride: words from one tile of taps to the next.
        low_stride: words from a tile's high nibbles to its low ones.
        image_stride: words from one image to the next.
        run_bytes: of a tap row: kernel width * channels.
        step_bytes: from one position to the next: stride * channels.
        first_byte: of a row, at which the first position's tap rows begin; negative: padding.
        kernel_h: tap rows.
        stride: rows from one row of positions to the next.
        padding: rows above.
        data: rows, each filled up to whole 128-bit words, uint64 beats.
        after: CONV commands of the program that must have read their last activation before.
    """

    opcode: ClassVar[Opcode] = Opcode.IMAGE
    address: int
    images: int
    rows: int
    row_bytes: int
    out_h: int
    out_w: int
    tile_stride: int
    low_stride: int
    image_stride: int
    run_bytes: int
    step_bytes: int
    first_byte: int
    kernel_h: int
    stride: int
    padding: int
    data: Beats = field(repr=False)
    after: int = 0

    def payload(self) -> Beats:
        """uint64 (5 + data beats,)."""
        fields = {name: value for name, value in vars(self).items() if name != "data"}
        return np.concatenate((_encoded(IMAGE, fields), self.data))

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Image:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        return cls(data=payload[IMAGE.beats :], **_decoded(IMAGE, payload[: IMAGE.beats], where))

    def __str__(self) -> str:
        wait = f" after {self.after} CONV command(s)" if self.after else ""
        return f"IMAGE, {self.images} of {self.rows} row(s), {self.row_bytes} bytes each, to word {self.address}{wait}"


@dataclass(frozen=True)
class Conv:
    """Descriptor of one convolution, or of a READ. Addresses and strides are in words.

    Attributes:
        in_h, in_w: input map.
        out_h, out_w: output positions that are computed, before pooling.
        ic_tiles, oc_tiles, images: loops.
        kernel_h, kernel_w: taps, 1 to 7 each.
        stride: 1 or 2.
        act_base: address of input position (origin_y, origin_x) of the first image's first tile, modulo 2^24: the
            position itself may lie outside the map and the memory.
        act_tile_stride, act_image_stride: words from one tile, or image, to the next.
        act_oc_stride: words from what one output tile reads to what the next reads; 0 where all read the same.
        origin_y, origin_x: input position that output (0, 0) meets at kernel tap (0, 0); -padding for a whole map.
        out_base, out_tile_stride, out_image_stride: where codes go.
        acc_base, acc_tile_stride: first accumulator, and accumulators from one output tile to the next: 0 where each
            output tile is done before the next begins.
        after: output tiles that must be written before a pass starts.
        mode: what becomes of the sums.
        pool: 2x2 max-pooling of codes.
        raise_from: the first input tile whose first pass takes the stored sums 16-fold before it adds.
        raise_each: whether the input tiles after it do so, too.
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
    raise_from: int = NEVER_RAISED
    raise_each: bool = False
    step: bool = False
    acc_base: int = 0
    acc_tile_stride: int = 0
    act_oc_stride: int = 0
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
        data: packed rows, uint64 beats, an even number.
        last: whether they end the weights of a CONV command.
    """

    opcode: ClassVar[Opcode] = Opcode.WEIGHTS
    data: Beats = field(repr=False)
    last: bool

    def payload(self) -> Beats:
        """uint64 (1 + data beats,)."""
        return _with_lead(self.data)

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Weights:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags & ~Flag.LAST, where)
        return cls(_after_lead(payload, where), last=bool(flags & Flag.LAST))

    def __str__(self) -> str:
        return f"WEIGHTS, {len(self.data)} beat(s){', the last of their CONV' if self.last else ''}"


@dataclass(frozen=True)
class Thresholds:
    """Thresholds for the CONV commands' output tiles, in the order of use.

    Attributes:
        data: seven beats a channel, uint64, an even number.
    """

    opcode: ClassVar[Opcode] = Opcode.THRESHOLDS
    data: Beats = field(repr=False)

    def payload(self) -> Beats:
        """uint64 (1 + data beats,)."""
        return _with_lead(self.data)

    @classmethod
    def parse(cls, payload: Beats, flags: int, where: str) -> Thresholds:
        """Inverse of :meth:`payload`; raises ProgramError."""
        _no_flags(flags, where)
        return cls(_after_lead(payload, where))

    def __str__(self) -> str:
        return f"THRESHOLDS, {len(self.data)} beat(s)"


@dataclass(frozen=True)
class End:
    """Last command: two CRC-32s of the beats before its payload.

    Attributes:
        images_crc: of the activation words of all LOAD commands and the rows of all IMAGE commands, in their order.
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


Body = Load | Image | Conv | Weights | Thresholds
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


def _with_lead(data: Beats) -> Beats:
    return np.concatenate((np.zeros(LEAD_BEATS, dtype=np.uint64), data))


def _after_lead(payload: Beats, where: str) -> Beats:
    """The data of WEIGHTS or THRESHOLDS; raises ProgramError where the beat before them is not 0."""
    if payload[:LEAD_BEATS].any():
        raise ProgramError(f"{where}: the beat before the data is {int(payload[0]):#018x}, not 0")
    return payload[LEAD_BEATS:]


def _decoded(layout: Layout, payload: Beats, where: str) -> dict[str, int]:
    """The fields of a payload that vary; raises ProgramError where another is not what it always is."""
    beats = payload.tolist()
    wrong = layout.unnamed(beats)
    if wrong is not None:
        raise ProgramError(f"{where}: a reserved bit is set in beat {wrong} of the payload, {beats[wrong]:#018x}")
    values = layout.decode(beats)
    for name, constant in layout.constants.items():
        value = values.pop(name)
        if value != constant:
            raise ProgramError(f"{where}: {name} is {value}, this library knows only {constant}")
    return values
