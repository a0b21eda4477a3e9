"""Parameters of the accelerator that a build may choose."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass

from tilewright.errors import ParameterError
from tilewright.program import ArrayParameters

ARRAY_SIZES = (8, 16, 32)
# Least and most of each, as the modules and the fields of the register map allow; a tool that builds gigabytes of
# memory would not end
_RANGES = {
    "acc_w": (28, 32),
    "act_depth": (2, 1 << 20),
    "acc_depth": (2, 1 << 16),
    "wgt_depth": (2, 1 << 15),
    "thr_depth": (2, 1 << 15),
    "out_depth": (2, 1 << 15),
    "log_depth": (2, (1 << 16) - 1),
    "sram_latency": (1, 2),
}
_POWERS_OF_TWO = ("wgt_depth", "thr_depth", "out_depth")


@dataclass(frozen=True)
class AcceleratorParameters:
    """Parameters of the module ``accelerator`` (cores/accelerator/rtl/accelerator.v), under its names and defaults.

    Attributes:
        n: rows and columns of the array: 8, 16 or 32.
        acc_w: bits of an accumulator.
        act_depth: words of n activations in the activation memory; None takes 128 KiB.
        acc_depth: accumulators in a column.
        wgt_depth: weight FIFO in groups of 64 bits (n = 32: 128).
        thr_depth: threshold FIFO in beats.
        out_depth: result positions held.
        log_depth: CONV commands that the log holds.
        sram_latency: read latency of the memories in cycles: 1 or 2.

    Raises:
        ParameterError: a value that the hardware cannot be built with; names the parameter.
    """

    n: int = 8
    acc_w: int = 28
    act_depth: int | None = None
    acc_depth: int = 1024
    wgt_depth: int = 4096
    thr_depth: int = 512
    out_depth: int = 64
    log_depth: int = 512
    sram_latency: int = 2

    def __post_init__(self) -> None:
        _check_integer("array size", self.n)
        if self.n not in ARRAY_SIZES:
            sizes = ", ".join(map(str, ARRAY_SIZES))
            raise ParameterError(f"array size {self.n}: the hardware exists for {sizes} rows and columns")
        if self.act_depth is None:
            object.__setattr__(self, "act_depth", ArrayParameters.of_size(self.n).act_depth)
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            _check_integer(name, value)
            if not least <= value <= most or (name in _POWERS_OF_TWO and value & (value - 1)):
                kind = "a power of two, " if name in _POWERS_OF_TWO else ""
                raise ParameterError(f"{name} {value}: {kind}{least} to {most}")

    @property
    def array(self) -> ArrayParameters:
        """What a compiler must know of this hardware."""
        assert self.act_depth is not None
        return ArrayParameters(n=self.n, acc_w=self.acc_w, act_depth=self.act_depth, acc_depth=self.acc_depth)


def _check_integer(name: str, value: object) -> None:
    if type(value) is not int:
        raise ParameterError(f"{name} {reprlib.repr(value)}: an integer, no {type(value).__name__}")
