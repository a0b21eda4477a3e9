"""Sizes of the accelerator that an estimate depends on, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.parameters import AcceleratorParameters


@dataclass(frozen=True)
class Hardware(AcceleratorParameters):
    """The accelerator's parameters, and those of its post-processing and of the memory before it.

    Attributes:
        thr_sets: threshold sets held in the columns.
        ddr_latency: cycles from a read address to its first beat.
        dma_depth: beats that the DMA reads ahead, and that it holds of the results.
    """

    thr_sets: int = 8
    ddr_latency: int = 40
    dma_depth: int = 512

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
