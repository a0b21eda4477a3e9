"""Parameters of the accelerator that a build may choose."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.errors import ParameterError
from tilewright.program import ArrayParameters

ARRAY_SIZES = (8, 16, 32)


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
        ParameterError: an array size that the hardware does not have.
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
        if self.n not in ARRAY_SIZES:
            sizes = ", ".join(map(str, ARRAY_SIZES))
            raise ParameterError(f"array size {self.n}: the hardware exists for {sizes} rows and columns")
        if self.act_depth is None:
            object.__setattr__(self, "act_depth", ArrayParameters.of_size(self.n).act_depth)

    @property
    def array(self) -> ArrayParameters:
        """What a compiler must know of this hardware."""
        assert self.act_depth is not None
        return ArrayParameters(n=self.n, acc_w=self.acc_w, act_depth=self.act_depth, acc_depth=self.acc_depth)
