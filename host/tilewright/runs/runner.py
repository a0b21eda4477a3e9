"""Runs images through a compiled network on the accelerator, a batch at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.network import CompiledNetwork, compile_network
from tilewright.compiler.planner import step_cycles
from tilewright.driver import Driver
from tilewright.driver.accelerator import Counters
from tilewright.driver.driver import RunResult
from tilewright.driver.run_steps import RunStep
from tilewright.hardware.beats import BEAT_BYTES
from tilewright.hardware.program import Frame, FramedProgram, Program
from tilewright.hardware.results import TRAILER_BEATS
from tilewright.network.network import Network
from tilewright.network.tail import scores_of

# A program may take this many times the cycles of its passes at this clock before it counts as stuck.
_PATIENCE, _SLOW_CLOCK_HZ = 4, 50e6


@dataclass(frozen=True)
class BatchResult:
    """What came of one program.

    Attributes:
        first: index of its first image.
        compiled: what ran.
        ran: the program as it was sent, its counters and its seconds on the device.
        maps: int32 accumulators of the last layer, and uint8 codes of those that were read back, by layer.
        scores: float64 (images, classes).
        wall_seconds: packing, run and the host's part, on this computer's clock.
    """

    first: int
    compiled: CompiledNetwork = field(repr=False)
    ran: RunResult = field(repr=False)
    maps: dict[str, npt.NDArray[Any]] = field(repr=False)
    scores: npt.NDArray[np.float64] = field(repr=False)
    wall_seconds: float

    @property
    def counters(self) -> Counters:
        """Performance counters of the program."""
        return self.ran.counters

    @property
    def images(self) -> int:
        """Images of the batch."""
        return self.compiled.batch

    @property
    def predictions(self) -> npt.NDArray[np.int64]:
        """int64 (images,), the class with the highest score, the first of equals."""
        best: npt.NDArray[np.int64] = self.scores.argmax(axis=1)
        return best


class NetworkRunner:
    """Runs batches of a network on an accelerator; compiles once for each size of batch.

    Args:
        driver: of the accelerator.
        network: the network.
        batch: images a program, at most.
        read_back: names of layers whose maps are read back.

    Attributes:
        waiting: called now and then while a batch runs, with the images that are done, those of the batch by the
            share of its cycles: 1.25; None where nobody waits.

    Raises:
        CompileError: the network is beyond the accelerator.
    """

    def __init__(self, driver: Driver, network: Network, batch: int = 1, read_back: Collection[str] = ()) -> None:
        self.driver = driver
        self.network = network
        self.batch = batch
        self.read_back = read_back
        self.waiting: Callable[[float], None] | None = None
        self._compiled: dict[int, CompiledNetwork] = {}
        self._buffers: tuple[Any, ...] | None = None
        self._sent: Frame | None = None  # what the send buffer holds, flushed
        self.compiled(batch)

    def compiled(self, images: int) -> CompiledNetwork:
        """The network compiled for so many images a program."""
        if images not in self._compiled:
            with self.driver.steps(RunStep.COMPILE):
                self._compiled[images] = compile_network(self.network, self.driver.array, images, self.read_back)
        return self._compiled[images]

    def run(self, pixels: npt.NDArray[np.uint8]) -> Iterator[BatchResult]:
        """Runs images, a batch after the other.

        Args:
            pixels: uint8 (images, channels, h, w).

        Yields:
            What came of each batch.

        Raises:
            TilewrightError: the images do not fit the network, or a run failed; see :class:`tilewright.driver.Driver`.
        """
        for first in range(0, len(pixels), self.batch):
            part = pixels[first : first + self.batch]
            start = time.monotonic()
            compiled = self.compiled(len(part))
            with self.driver.steps(RunStep.PACK):
                program = compiled.program(part)
            send, receive, lengths = self._buffers_for(program)
            changed = self._write(program, send)
            with self._watched(first, compiled):
                timeout = max(self.driver.timeout, _patience(compiled))
                ran = self.driver.run_in(program, send, receive, *lengths, timeout=timeout, changed=changed)
            self._sent = program.frame
            with self.driver.steps(RunStep.UNPACK):
                maps = compiled.collect(ran.outputs)
                scores = scores_of(self.network, maps[self.network.layers[-1].name])
            wall = time.monotonic() - start
            yield BatchResult(first, compiled, ran, maps, scores, wall)

    @contextmanager
    def _watched(self, first: int, compiled: CompiledNetwork) -> Iterator[None]:
        """Has the driver call :attr:`waiting` while a batch runs."""
        waiting, cycles = self.waiting, cycles_of(self.driver)
        if waiting is not None:
            expected = _expected_cycles(compiled)
            self.driver.waiting = lambda: waiting(first + compiled.batch * min(1.0, cycles() / expected))
        try:
            yield
        finally:
            self.driver.waiting = None

    def _buffers_for(self, program: Program) -> tuple[Any, Any, tuple[int, int]]:
        """Buffers for the program and its results, kept from batch to batch, and the bytes to transfer."""
        lengths = (program.nbytes, (program.output_beats + TRAILER_BEATS) * BEAT_BYTES)
        if self._buffers is None or any(
            buffer.nbytes < need for buffer, need in zip(self._buffers, lengths, strict=True)
        ):
            self._buffers, self._sent = tuple(self.driver.allocate(need // BEAT_BYTES) for need in lengths), None
        send, receive = self._buffers
        return send, receive, lengths

    def _write(self, program: FramedProgram, send: Any) -> Sequence[slice] | None:
        """Writes a program into the send buffer, of which the last batch may have left all but the images.

        Returns:
            The beats that changed; None: all.
        """
        left, self._sent = self._sent is program.frame, None
        with self.driver.steps(RunStep.COPY):
            if not left:
                send[: len(program.frame.beats)] = program.frame.beats
            program.write_images(send)
        return program.frame.changing if left else None


def cycles_of(driver: Driver) -> Callable[[], int]:
    """What says how many cycles a program that starts now has run.

    Args:
        driver: of the accelerator. A simulated device's own clock is read: accesses to registers would step it.
    """
    device = driver.simulated
    if device is None:
        return lambda: driver.accelerator.counters().cycles
    start = device.cycles
    return lambda: device.cycles - start


def _expected_cycles(compiled: CompiledNetwork) -> int:
    """Cycles that a program of this network takes at least: of its passes, or of its beats."""
    steps = compiled.placement.schedule.steps
    return max(sum(step_cycles(compiled.stages[step.stage], step) for step in steps), compiled.beats)


def _patience(compiled: CompiledNetwork) -> float:
    """Seconds that a program of this network may take."""
    return _PATIENCE * _expected_cycles(compiled) / _SLOW_CLOCK_HZ
