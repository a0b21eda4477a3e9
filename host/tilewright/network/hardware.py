"""Sizes of the accelerator that an estimate depends on, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.errors import CompileError
from tilewright.program import ArrayParameters

ARRAY_SIZES = (8, 16, 32)


@dataclass(frozen=True)
class Hardware:
    """Parameters of the module ``accelerator`` (cores/accelerator/rtl/accelerator.v) and of the memory before it.

    Attributes:
        n: rows and columns of the array: 8, 16 or 32.
        acc_w: bits of an accumulator.
        act_depth: words of n activations in the activation memory; None takes 128 KiB.
        acc_depth: accumulators in a column.
        wgt_depth: weight FIFO in groups of 64 bits (n = 32: 128).
        thr_depth: threshold FIFO in beats.
        thr_sets: threshold sets held in the columns.
        out_depth: result positions held.
        log_depth: CONV commands that the log holds.
        sram_latency: read latency of the memories in cycles: 1 or 2.
        ddr_latency: cycles from a read address to its first beat.
        dma_depth: beats that the DMA reads ahead, and that it holds of the results.

    Raises:
        CompileError: an array size that the hardware does not have.
    """

    n: int = 8
    acc_w: int = 28
    act_depth: int | None = None
    acc_depth: int = 1024
    wgt_depth: int = 4096
    thr_depth: int = 512
    thr_sets: int = 8
    out_depth: int = 64
    log_depth: int = 512
    sram_latency: int = 2
    ddr_latency: int = 40
    dma_depth: int = 512

    def __post_init__(self) -> None:
        if self.n not in ARRAY_SIZES:
            raise CompileError(f"array size {self.n}: the hardware exists for {', '.join(map(str, ARRAY_SIZES))}")
        if self.act_depth is None:
            object.__setattr__(self, "act_depth", ArrayParameters.of_size(self.n).act_depth)

    @property
    def array(self) -> ArrayParameters:
        """What the compiler must know of it."""
        assert self.act_depth is not None
        return ArrayParameters(n=self.n, acc_w=self.acc_w, act_depth=self.act_depth, acc_depth=self.acc_depth)

    @property
    def group_beats(self) -> int:
        """Beats of a group: what one cycle moves into the activation memory or the weight FIFO."""
        return 2 if self.n == 32 else 1

    @property
    def groups(self) -> int:
        """Groups of the weights of a pass; one is loaded a cycle."""
        return 4 if self.n == 8 else self.n

    @property
    def word_beats(self) -> int:
        """Result beats of an activation word that a READ returns."""
        return 2 if self.n == 32 else 1

    @property
    def sum_cycles(self) -> int:
        """Cycles from the issue of a position to its sum at the foot of the last column."""
        return 2 * self.n + 3 + self.sram_latency

    @property
    def tile_cycles(self) -> int:
        """Cycles from the issue of an output tile's last position to the first that may be issued behind it."""
        return self.sum_cycles + SEARCH_CYCLES + 3

    @property
    def fifo_queue(self) -> int:
        """Words that a FIFO holds in registers behind its memory."""
        return self.sram_latency + 2


# From a sum to its code
SEARCH_CYCLES = 5
