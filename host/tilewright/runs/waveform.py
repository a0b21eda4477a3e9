"""Waveforms of programs that ran on the simulated device: the same cycles once more, on a build that can trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pynq.pl_server.device import Device

from tilewright.driver import Driver
from tilewright.driver.accelerator import LogEntry
from tilewright.driver.flight import Attempt, RunResult
from tilewright.driver.stuck import StuckReport
from tilewright.errors import DeviceTimeoutError
from tilewright.files import written

# Longest waveform: about 1 KiB a cycle for 8x8
MAX_CYCLES = 20_000
# Cycles from a position to its result, at most: through the array, the thresholds and the pooling
PIPELINE_CYCLES = 128


@dataclass(frozen=True)
class Waveform:
    """A waveform of some cycles of a program.

    Attributes:
        file: in FST format, for GTKWave or Surfer.
        first, last: cycles of the program that it shows, from and to; the program's first beat is cycle 0.
        shows: what is in it.
        repeated: whether the program did the same in as many cycles as before.
    """

    file: Path
    first: int
    last: int
    shows: str
    repeated: bool

    def __str__(self) -> str:
        again = "the same results again" if self.repeated else "OTHER results: it depends on more than the seed"
        return f"waveform of {self.shows}: {self.file} (cycles {self.first} to {self.last}; {again})"


# First and last cycle of a program to write
Window = tuple[int, int]


def repeat_program(
    device: Any,
    attempt: Attempt,
    before: RunResult | None,
    file: str | Path,
    window: Window | Callable[[Sequence[LogEntry]], Window],
    shows: str,
) -> Waveform:
    """Repeats a program on a traced build of the device that it ran on.

    Args:
        device: the ``SimDevice``.
        attempt: the program as it was sent.
        before: what came of it; None where it stood still.
        file: for the waveform.
        window: first and last cycle of the program to write, or what finds them in its log: then it is run twice.
        shows: what is in them.

    Returns:
        The waveform.

    Raises:
        SimulationError: the traced hardware cannot be built, or the file cannot be written.
    """
    file = Path(file)
    from tilewright.sim import open_overlay
    from tilewright.sim.device import activate

    active = Device.active_device
    try:
        overlay = open_overlay(device.parameters, device.latency, device.stall_probability, device.seed, traced=True)
        driver = Driver(overlay)
        if callable(window):
            driver.device.stall_state = attempt.stall_state
            _run_again(driver, attempt)
            window = window(driver.accelerator.layer_log())
        driver.device.stall_state = attempt.stall_state
        with written(file) as partial:
            driver.device.trace(partial, *window)
            again = _run_again(driver, attempt)
            # Closes the file where the program stood still inside the window.
            driver.device.run(MAX_CYCLES)
    finally:
        activate(active)
    return Waveform(file, *window, shows, _same(before, again))


def _run_again(driver: Driver, attempt: Attempt) -> RunResult | None:
    try:
        return driver.run(attempt.program, attempt.timeout)
    except DeviceTimeoutError:
        return None


def _same(before: RunResult | None, again: RunResult | None) -> bool:
    if before is None or again is None:
        return before is again
    return before.counters == again.counters and all(map(np.array_equal, before.outputs, again.outputs))


def first_program(driver: Driver, first: RunResult, file: str | Path) -> Waveform:
    """Repeats the first program of a run.

    Args:
        driver: of a ``SimDevice``.
        first: what came of the program.
        file: for the waveform, of the program's first cycles.

    Returns:
        The waveform.

    Raises:
        SimulationError: as :func:`repeat_program`.
    """
    cycles = min(MAX_CYCLES, first.counters.cycles)
    return repeat_program(driver.device, first.attempt, first, file, (0, cycles), "the first program's beginning")


def stuck_program(driver: Driver, report: StuckReport, file: str | Path) -> Waveform | None:
    """Repeats the program that a driver ran last, which stood still.

    Args:
        driver: of a ``SimDevice``.
        report: of the time when it stood still.
        file: for the waveform, of the cycles up to then.

    Returns:
        The waveform; None when no beat of the program reached the accelerator, as its first beat is cycle 0.

    Raises:
        SimulationError: as :func:`repeat_program`.
    """
    attempt, last = driver.last_attempt, report.counters.cycles
    if attempt is None or not report.beats_in:
        return None
    window = (max(0, last - MAX_CYCLES), last)
    return repeat_program(driver.device, attempt, None, file, window, "the last cycles before the stop")


def layer_tile(driver: Driver, result: RunResult, tile: int, tiles: int, file: str | Path) -> Waveform:
    """Repeats a program of one layer, for one output tile.

    Args:
        driver: of a ``SimDevice``.
        result: of the program, which has one CONV command that returns something.
        tile, tiles: which of how many output tiles.
        file: for the waveform.

    Returns:
        The waveform.

    Raises:
        SimulationError: as :func:`repeat_program`.
    """
    end = result.counters.cycles
    start = max(0, end - result.counters.layer_cycles)
    window = tile_window(start, end, tile, tiles)
    shows = f"output tile {tile}, which is wrong"
    return repeat_program(driver.device, result.attempt, result, file, window, shows)


def tile_window(start: int, end: int, tile: int, tiles: int) -> tuple[int, int]:
    """First and last cycle of one of the output tiles that fill some cycles evenly, its last ones if too many."""
    last = start + -(-(end - start) * (tile + 1) // tiles) + PIPELINE_CYCLES
    return max(start + (end - start) * tile // tiles, last - MAX_CYCLES), last
