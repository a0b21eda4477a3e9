"""Parameters of the accelerator: those that a build may choose, and the limits that none changes."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass

from tilewright.errors import ParameterError
from tilewright.hardware.beats import BEAT_BYTES, STREAM_WORD_BEATS

# From a sum to its code
SEARCH_CYCLES = 5

WEIGHT_MIN, WEIGHT_MAX = -8, 7
ACTIVATION_MAX = 15
MAX_KERNEL, MAX_PADDING = 7, 3
STRIDES = (1, 2)

# Rows of images that the folder holds (cores/image)
IMAGE_ROWS = 8

# Words that READs have brought, held
READ_WORDS = 64

# Size of the activation memory: 128 KiB, and no fewer words than 8192, which are 256 KiB for n = 64
ACT_BYTES = 128 * 1024
LEAST_ACT_WORDS = 8192


@dataclass(frozen=True)
class ArrayParameters:
    """What a program must know of the accelerator that it is compiled for.

    Attributes:
        n: rows and columns of the array: 8, 16, 32 or 64.
        act_w: bits of an (unsigned) activation.
        wgt_w: bits of a (signed) weight.
        acc_w: bits of a (signed) accumulator.
        act_depth: words of n activations in the activation memory.
        acc_depth: accumulators in a column: the most output positions of a CONV command.
        image_line: bytes of the longest row of an image.
    """

    n: int = 8
    act_w: int = 4
    wgt_w: int = 4
    acc_w: int = 28
    act_depth: int = 32768
    acc_depth: int = 1024
    image_line: int = 2048

    @classmethod
    def of_size(cls, n: int) -> ArrayParameters:
        """The parameters that the hardware of n rows and columns has unless it is built with others."""
        return cls(n=n, act_depth=max(LEAST_ACT_WORDS, ACT_BYTES * 2 // n))

    @property
    def alignment(self) -> int:
        """Activation words in 128 bits, at least one: a LOAD's address and the memory's size are multiples of it."""
        return max(1, STREAM_WORD_BEATS * 8 * BEAT_BYTES // (self.n * self.act_w))

    def load_beats(self, words: int) -> int:
        """Beats of so many activation words, filled up to whole 128-bit words, in which a LOAD brings them."""
        stream_words = -(-words * self.n * self.act_w // (STREAM_WORD_BEATS * 8 * BEAT_BYTES))
        return stream_words * STREAM_WORD_BEATS

    @property
    def image_lanes(self) -> int:
        """Bytes of an image that a cycle puts into a tile of taps at most (LANES of image_folder.v)."""
        return 8 if self.n < 64 else 16

    @property
    def word_beats(self) -> int:
        """Beats of an activation word, at least one."""
        return max(1, self.n * self.act_w // (8 * BEAT_BYTES))

    @property
    def pass_cycles(self) -> int:
        """Fewest cycles of a pass with a stream of 64 bits, as planning reckons: the program is the same for 128."""
        return self.n * self.n * self.wgt_w // (8 * BEAT_BYTES * self.word_beats)

    @property
    def acc_max(self) -> int:
        """Largest value that an accumulator holds."""
        return (1 << (self.acc_w - 1)) - 1

    def __str__(self) -> str:
        return (
            f"{self.n}x{self.n}, activations {self.act_w} bit, weights {self.wgt_w} bit, "
            f"accumulators {self.acc_w} bit, {self.act_depth} activation words, {self.acc_depth} positions"
        )


ARRAY_SIZES = (8, 16, 32, 64)
STREAM_WIDTHS = (64, 128)
# Least and most of each, as the modules and the fields of the register map allow; a tool that builds gigabytes of
# memory would not end
_RANGES = {
    "acc_w": (28, 32),
    "act_depth": (2, 1 << 20),
    "acc_depth": (2, 1 << 16),
    "wgt_depth": (8, 1 << 15),
    "thr_depth": (8, 1 << 15),
    "out_depth": (2, 1 << 15),
    "log_depth": (2, (1 << 16) - 1),
    "sram_latency": (1, 2),
}
_POWERS_OF_TWO = ("wgt_depth", "thr_depth", "out_depth")


@dataclass(frozen=True)
class AcceleratorParameters:
    """Parameters of the module ``accelerator`` (cores/accelerator/rtl/accelerator.v), under its names and defaults.

    Attributes:
        n: rows and columns of the array: 8, 16, 32 or 64.
        dsp_columns: columns, the first ones, whose processing elements are DSPs, two in one: even, 0 to n. No program
            depends on it.
        acc_w: bits of an accumulator.
        act_depth: words of n activations in the activation memory; None takes 128 KiB, for n = 64 256 KiB.
        acc_depth: accumulators in a column.
        wgt_depth: weights held, in groups of stream_w bits, or a row's where these are more: two tiles or more.
        thr_depth: threshold FIFO in beats.
        out_depth: result positions held; None takes 1024 for n = 8, else 512.
        log_depth: CONV commands that the log holds.
        sram_latency: read latency of the memories in cycles: 1 or 2.
        stream_w: bits of the streams in and out: 64, or 128 where n is 16 or more. No program depends on it.

    Raises:
        ParameterError: a value that the hardware cannot be built with; names the parameter.
    """

    n: int = 8
    dsp_columns: int = 0
    acc_w: int = 28
    act_depth: int | None = None
    acc_depth: int = 1024
    wgt_depth: int = 4096
    thr_depth: int = 512
    out_depth: int | None = None
    log_depth: int = 512
    sram_latency: int = 2
    stream_w: int = 64

    def __post_init__(self) -> None:
        _check_integer("array size", self.n)
        if self.n not in ARRAY_SIZES:
            sizes = ", ".join(map(str, ARRAY_SIZES))
            raise ParameterError(f"array size {self.n}: the hardware exists for {sizes} rows and columns")
        _check_integer("dsp_columns", self.dsp_columns)
        if self.dsp_columns not in range(0, self.n + 1, 2):
            raise ParameterError(f"dsp_columns {self.dsp_columns}: an even number, 0 to {self.n}, the array's columns")
        _check_integer("stream_w", self.stream_w)
        if self.stream_w not in STREAM_WIDTHS or (self.stream_w > 64 and self.n < 16):
            raise ParameterError(f"stream_w {self.stream_w}: 64, or 128 for an array of 16x16 and more")
        if self.act_depth is None:
            object.__setattr__(self, "act_depth", ArrayParameters.of_size(self.n).act_depth)
        if self.out_depth is None:
            object.__setattr__(self, "out_depth", result_depth(self.n))
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            _check_integer(name, value)
            if not least <= value <= most or (name in _POWERS_OF_TWO and value & (value - 1)):
                kind = "a power of two, " if name in _POWERS_OF_TWO else ""
                raise ParameterError(f"{name} {value}: {kind}{least} to {most}")
        least = 2 * self.weight_groups
        if self.wgt_depth < least:
            raise ParameterError(
                f"wgt_depth {self.wgt_depth}: {least} or more, two tiles of an array of {self.n}x{self.n}"
            )
        words = self.array.alignment
        if self.array.act_depth % words:
            raise ParameterError(f"act_depth {self.act_depth}: a multiple of {words}, the words in 128 bits")

    @property
    def array(self) -> ArrayParameters:
        """What a compiler must know of this hardware."""
        assert self.act_depth is not None
        return ArrayParameters(n=self.n, acc_w=self.acc_w, act_depth=self.act_depth, acc_depth=self.acc_depth)

    @property
    def group_beats(self) -> int:
        """Beats of a group: what one cycle moves into activation memory or weight store (GROUP_W of accelerator.v)."""
        return max(self.stream_w // (8 * BEAT_BYTES), self.array.word_beats)

    @property
    def weight_groups(self) -> int:
        """Groups of a pass's weights, one loaded a cycle: the fewest cycles of a pass (N / ROWS of weight_store.v)."""
        return self.array.pass_cycles * self.array.word_beats // self.group_beats


def result_depth(n: int) -> int:
    """Result positions that an array of n columns holds unless it is built with others (OUT_DEPTH of accelerator.v)."""
    return 1024 if n < 16 else 512


def _check_integer(name: str, value: object) -> None:
    if type(value) is not int:
        raise ParameterError(f"{name} {reprlib.repr(value)}: an integer, no {type(value).__name__}")


@dataclass(frozen=True)
class HardwareParameters(AcceleratorParameters):
    """The accelerator's parameters, and those of its post-processing and of the memory before it.

    Attributes:
        thr_sets: threshold sets held in the columns.
        ddr_latency: cycles from a read address to its first beat.
        dma_depth: words of ``stream_w`` bits that the DMA reads ahead, and that it holds of the results.
    """

    thr_sets: int = 8
    ddr_latency: int = 40
    dma_depth: int = 512

    @property
    def word_pitch(self) -> int:
        """Cycles in which the stream brings 128 bits."""
        return STREAM_WORD_BEATS * 8 * BEAT_BYTES // self.stream_w

    @property
    def result_places(self) -> int:
        """Result positions held: ``out_depth``, known."""
        assert self.out_depth is not None
        return self.out_depth

    @property
    def read_places(self) -> int:
        """Places for what READs bring: stream words, or words of 256 bits (READ_DEPTH of accelerator.v)."""
        return READ_WORDS // self.array.alignment

    @property
    def column_delay(self) -> int:
        """Cycles by which the last column follows the first: two DSP columns share theirs (column_delay.vh)."""
        return self.n - 1 - self.dsp_columns // 2

    @property
    def sum_cycles(self) -> int:
        """Cycles from the issue of a position to its sum at the foot of the last column."""
        return self.n + self.column_delay + 6 + self.sram_latency

    @property
    def tile_cycles(self) -> int:
        """Cycles from the issue of an output tile's last position to the first that may be issued behind it."""
        return self.sum_cycles + SEARCH_CYCLES + 3
