"""What a build of the accelerator chooses as far as area, clock and cycles depend on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.hardware.parameters import ARRAY_SIZES, STREAM_WIDTHS, HardwareParameters

# The least array that the wider stream is for
WIDE_STREAM_FROM = 16


@dataclass(frozen=True, order=True)
class Configuration:
    """A build.

    Attributes:
        n: rows and columns of the array.
        dsp_columns: columns whose processing elements are DSPs, two in one.
        stream_w: bits of the stream.
    """

    n: int
    dsp_columns: int = 0
    stream_w: int = 64

    @property
    def dsps(self) -> int:
        """DSPs: one for two processing elements."""
        return self.n * self.dsp_columns // 2

    def hardware(self) -> HardwareParameters:
        """Its parameters.

        Raises:
            ParameterError: the hardware cannot be built so.
        """
        return HardwareParameters(n=self.n, dsp_columns=self.dsp_columns, stream_w=self.stream_w)

    def __str__(self) -> str:
        return f"{self.n}x{self.n}, {self.dsp_columns} columns of DSPs, stream of {self.stream_w} bits"


def widths_of(n: int) -> tuple[int, ...]:
    """Bits of the stream that an array can have, the widest first."""
    return tuple(width for width in sorted(STREAM_WIDTHS, reverse=True) if width == 64 or n >= WIDE_STREAM_FROM)


def configurations(dsp_columns: tuple[int, ...] | None = None) -> Iterator[Configuration]:
    """Every build that exists, the smallest array first.

    Args:
        dsp_columns: columns of DSPs to try, those that an array does not have left out; None tries all.
    """
    for n in ARRAY_SIZES:
        columns = range(0, n + 1, 2) if dsp_columns is None else [count for count in dsp_columns if count <= n]
        yield from (Configuration(n, count, width) for width in widths_of(n) for count in columns)
