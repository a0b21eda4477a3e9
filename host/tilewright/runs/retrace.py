"""After a mismatch on the simulated device: the same program once more, cycle by cycle the same, with a waveform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilewright.compiler.stream import ConvItem
from tilewright.driver.accelerator import LogEntry
from tilewright.runs.compare_network import MapMismatch, commands_of
from tilewright.runs.runner import BatchResult
from tilewright.runs.waveform import Waveform, repeat_program, tile_window


@dataclass(frozen=True)
class Failure:
    """A program whose results differ from what was expected.

    Attributes:
        result: what came of it.
        mismatch: the first wrong integer of the first layer that differs.
    """

    result: BatchResult
    mismatch: MapMismatch


def trace_failure(failure: Failure, device: Any, file: str | Path) -> Waveform:
    """Repeats a failed program on a traced build of the device.

    Args:
        failure: what failed.
        device: the ``SimDevice`` that it failed on.
        file: for the waveform.

    Returns:
        The waveform, of the failing output tile.

    Raises:
        SimulationError: the traced hardware cannot be built, or the file cannot be written.
    """
    ran = failure.result.ran
    shows = "the failing output tile"
    return repeat_program(device, ran.attempt, ran, file, lambda log: failing_window(failure, log), shows)


def failing_window(failure: Failure, log: Sequence[LogEntry]) -> tuple[int, int]:
    """Cycles of the program in which the wrong output tile was computed, the last ones if they are too many.

    Args:
        failure: what failed.
        log: the accelerator's, of the same program once more: the next one was on its way as it failed.
    """
    mismatch, compiled = failure.mismatch, failure.result.compiled
    stage = next(stage.index for stage in compiled.stages if stage.name == mismatch.layer)
    image = mismatch.image - failure.result.first
    chain = commands_of(compiled, stage, image, mismatch.oc_tile, mismatch.row, mismatch.column)
    convs = [other for other in compiled.items if isinstance(other, ConvItem)]
    first, item = chain[0][1], chain[-1][1]
    index, last = (next(number for number, other in enumerate(convs) if other is one) for one in (first, item))
    end = log[last].cycles
    start = log[index - 1].cycles if index else 0
    return tile_window(start, end, mismatch.oc_tile - item.oc_tiles.start, len(item.oc_tiles))
