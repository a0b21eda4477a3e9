"""What the processors of boards take for what was counted: the model of ``tilewright bench --host-cost``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Counted:
    """What a batch costs, polls while it is computed left out.

    Attributes:
        instructions: that the processor executes, amd64 with numpy's and BLAS's baseline.
        first_cache_misses: of both first caches.
        second_cache_misses: of the second one.
        mispredictions: of branches.
        accesses: of registers of DMA and accelerator.
        cache_calls: flushes and invalidations.
        cache_bytes: of all of them.
    """

    instructions: float
    first_cache_misses: float
    second_cache_misses: float
    mispredictions: float
    accesses: float
    cache_calls: float
    cache_bytes: float


@dataclass(frozen=True)
class Processor:
    """A core. Each figure says where it comes from in :data:`SOURCES`; nothing was measured on a board.

    Attributes:
        name: of the core.
        mhz: its clock.
        line_bytes: of a line of its caches.
        first_cache: of instructions, and of data, each: bytes and ways.
        second_cache: bytes and ways.
        instruction_cycles: an instruction whose data are in the first cache.
        first_miss_cycles: more, where they are in the second cache.
        misprediction_cycles: more, behind a branch that was not foreseen.
        memory_mb_per_s: beyond the second cache.
        cache_call_us: a call that flushes or invalidates a buffer, its bytes apart.
        access_us: an access to a register of the accelerator or of the DMA.
    """

    name: str
    mhz: float
    line_bytes: int
    first_cache: tuple[int, int]
    second_cache: tuple[int, int]
    instruction_cycles: float
    first_miss_cycles: float
    misprediction_cycles: float
    memory_mb_per_s: float
    cache_call_us: float
    access_us: float

    def bytes_moved(self, counted: Counted) -> float:
        """Between the second cache and memory: what it misses, and what is flushed or invalidated."""
        return counted.second_cache_misses * self.line_bytes + counted.cache_bytes

    def seconds(self, counted: Counted) -> float:
        """That a batch takes."""
        cycles = (
            counted.instructions * self.instruction_cycles
            + counted.first_cache_misses * self.first_miss_cycles
            + counted.mispredictions * self.misprediction_cycles
        )
        calls = counted.cache_calls * self.cache_call_us + counted.accesses * self.access_us
        return cycles / (self.mhz * 1e6) + self.bytes_moved(counted) / (self.memory_mb_per_s * 1e6) + calls * 1e-6

    def as_dict(self) -> dict[str, Any]:
        """The model as JSON types, each figure with its source."""
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "name"}
        return {name: {"value": value, "source": SOURCES[name]} for name, value in values.items()}


SOURCES = {
    "mhz": "the boards' processing systems (host/tilewright/boards/data); of the A53 the slowest's, rounded",
    "line_bytes": "AMD UG585 and UG1085, from memory",
    "first_cache": "AMD UG585 and UG1085, from memory",
    "second_cache": "AMD UG585 and UG1085, from memory; the other cores are taken to leave it alone",
    "instruction_cycles": "assumed: half of what two-way issue allows; an ARM instruction for one of amd64",
    "first_miss_cycles": "assumed; what the core hides by prefetching is left out",
    "misprediction_cycles": "assumed, the length of the pipeline",
    "memory_mb_per_s": "assumed",
    "cache_call_us": "assumed: a system call",
    "access_us": "assumed: an uncached access through the general-purpose port",
}
CORTEX_A9 = Processor(
    name="Cortex-A9",
    mhz=650,
    line_bytes=32,
    first_cache=(32 << 10, 4),
    second_cache=(512 << 10, 8),
    instruction_cycles=1.0,
    first_miss_cycles=8,
    misprediction_cycles=9,
    memory_mb_per_s=800,
    cache_call_us=6,
    access_us=0.25,
)
CORTEX_A53 = Processor(
    name="Cortex-A53",
    mhz=1200,
    line_bytes=64,
    first_cache=(32 << 10, 4),
    second_cache=(1 << 20, 16),
    instruction_cycles=1.0,
    first_miss_cycles=8,
    misprediction_cycles=8,
    memory_mb_per_s=2500,
    cache_call_us=3,
    access_us=0.25,
)
