"""After a mismatch on the simulated device: the same program once more, cycle by cycle the same, with a waveform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tilewright.accelerator import LogEntry
from tilewright.driver import Driver
from tilewright.network.compare import MapMismatch, command_of
from tilewright.network.runner import BatchResult
from tilewright.network.stream import ConvItem

# Longest waveform: about 1 KiB a cycle for 8x8
MAX_CYCLES = 20_000
# Cycles from a position to its result, at most: through the array, the thresholds and the pooling
PIPELINE_CYCLES = 128


@dataclass(frozen=True)
class Failure:
    """A program whose results differ from what was expected.

    Attributes:
        result: what came of it.
        mismatch: the first wrong integer of the first layer that differs.
        log: the accelerator's log of the program.
    """

    result: BatchResult
    mismatch: MapMismatch
    log: Sequence[LogEntry]


@dataclass(frozen=True)
class Waveform:
    """A waveform of the failing output tile.

    Attributes:
        file: in FST format, for GTKWave or Surfer.
        first, last: cycles of the program that it shows, from and to; the program's first beat is cycle 0.
        repeated: whether the program gave the same results in as many cycles.
    """

    file: Path
    first: int
    last: int
    repeated: bool

    def __str__(self) -> str:
        again = "the same wrong results again" if self.repeated else "OTHER results: it depends on more than the seed"
        return f"waveform of the failing output tile: {self.file} (cycles {self.first} to {self.last}; {again})"


def trace_failure(failure: Failure, device: Any, file: Path) -> Waveform:
    """Repeats a failed program on a traced build of the device.

    Args:
        failure: what failed.
        device: the ``SimDevice`` that it failed on.
        file: for the waveform.

    Returns:
        The waveform.

    Raises:
        SimulationError: the traced hardware cannot be built, or the file cannot be written.
    """
    from tilewright.sim import open_overlay

    first, last = failing_window(failure)
    overlay = open_overlay(device.parameters, device.latency, device.stall_probability, device.seed, traced=True)
    driver = Driver(overlay, timeout=60.0)
    overlay.device.stall_state = failure.result.stall_state
    overlay.device.trace(file, first, last)
    again = driver.run(failure.result.program)
    maps = failure.result.compiled.collect(again.outputs)
    repeated = again.counters == failure.result.counters and all(
        np.array_equal(maps[name], values) for name, values in failure.result.maps.items()
    )
    return Waveform(file, first, last, repeated)


def failing_window(failure: Failure) -> tuple[int, int]:
    """Cycles of the program in which the wrong output tile was computed, the last ones if they are too many."""
    mismatch, compiled = failure.mismatch, failure.result.compiled
    stage = next(stage.index for stage in compiled.stages if stage.name == mismatch.layer)
    image = mismatch.image - failure.result.first
    _, item = command_of(compiled, stage, image, mismatch.oc_tile, mismatch.row)
    convs = [other for other in compiled.items if isinstance(other, ConvItem)]
    index = next(number for number, other in enumerate(convs) if other is item)
    end = failure.log[index].cycles
    start = failure.log[index - 1].cycles if index else 0
    tiles = len(item.oc_tiles)
    tile = mismatch.oc_tile - item.oc_tiles.start
    last = start + -(-(end - start) * (tile + 1) // tiles) + PIPELINE_CYCLES
    first = start + (end - start) * tile // tiles
    return max(first, last - MAX_CYCLES), last
