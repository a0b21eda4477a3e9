"""Runs images through a compiled network on the accelerator, a batch at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.network import CompiledNetwork, compile_network
from tilewright.driver import Driver
from tilewright.driver.accelerator import Counters
from tilewright.driver.flight import Buffers, Flight, RunResult
from tilewright.driver.run_steps import RunStep
from tilewright.errors import TilewrightError
from tilewright.hardware.beats import BEAT_BYTES
from tilewright.hardware.program import Frame, FramedProgram
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
        wall_seconds: from the results before, or the beginning of the run, to these, on this computer's clock; what the
            caller does between is left out.
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


@dataclass
class _Place:
    """Buffers for one batch, kept from batch to batch: while it is computed, the other place takes the next one.

    Attributes:
        memory: a buffer to send from and one to receive into, once they are allocated.
        buffers: as much of them as the batch takes.
        made_for: the frame of the programs that they are as long as.
        holds: what the send buffer holds, flushed; None where that is not known.
    """

    memory: tuple[Any, Any] | None = None
    buffers: Buffers | None = None
    made_for: Frame | None = None
    holds: Frame | None = None


@dataclass
class _Batch:
    """A batch between packing and results.

    Attributes:
        images: which of the run.
        compiled: what runs.
        program: it with its images.
        buffers: that hold it.
        place: they are of.
        changed: beats that are to be flushed.
        flight: once it was started.
    """

    images: range
    compiled: CompiledNetwork
    program: FramedProgram
    buffers: Buffers
    place: _Place
    changed: Sequence[slice]
    flight: Flight | None = None
    cycles: Callable[[], int] = lambda: 0


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
        self._places = (_Place(), _Place())
        self.compiled(batch)

    def compiled(self, images: int) -> CompiledNetwork:
        """The network compiled for so many images a program."""
        if images not in self._compiled:
            with self.driver.steps(RunStep.COMPILE):
                self._compiled[images] = compile_network(self.network, self.driver.array, images, self.read_back)
        return self._compiled[images]

    def run(self, pixels: npt.NDArray[np.uint8]) -> Generator[BatchResult, None, None]:
        """Runs images, a batch after the other; while one is computed the next is packed and the last one unpacked.

        The next batch is on its way while the caller has the results of one, and the driver runs nothing else. Where
        the iterator is closed before its end, as ``contextlib.closing`` does, it ends without results.

        Args:
            pixels: uint8 (images, channels, h, w).

        Yields:
            What came of each batch.

        Raises:
            TilewrightError: the images do not fit the network, or a run failed, and which images it was where there
                are several batches; see :class:`tilewright.driver.Driver`.
        """
        ahead: _Batch | None = None
        started = time.monotonic()
        try:
            for number, first in enumerate(range(0, len(pixels), self.batch)):
                images = range(first, min(first + self.batch, len(pixels)))
                batch = self._packed(images, pixels, self._places[number % len(self._places)])
                if ahead is not None:
                    self._wait(ahead, len(pixels))
                self._start(batch, len(pixels))
                done, ahead = ahead, batch
                if done is not None:
                    yield self._taken(done, len(pixels), started)
                    started = time.monotonic()
            if ahead is not None:
                self._wait(ahead, len(pixels))
                yield self._taken(ahead, len(pixels), started)
        finally:
            self._end(ahead)

    def _packed(self, images: range, pixels: npt.NDArray[np.uint8], place: _Place) -> _Batch:
        """A batch in the send buffer, of which an earlier one may have left all but the images."""
        compiled = self.compiled(len(images))
        with self.driver.steps(RunStep.PACK):
            program = compiled.program(pixels[images.start : images.stop])
            buffers = self._buffers_for(program, place)
            left, place.holds = place.holds is program.frame, None
            beats = np.asarray(buffers.send)
            whole = slice(0, len(program.frame.beats))
            if not left:
                beats[whole] = program.frame.beats
            program.write_images(beats)
        return _Batch(images, compiled, program, buffers, place, program.frame.changing if left else (whole,))

    def _start(self, batch: _Batch, of: int) -> None:
        timeout = max(self.driver.timeout, _PATIENCE * batch.compiled.least_cycles / _SLOW_CLOCK_HZ)
        try:
            batch.flight = self.driver.start(batch.program, batch.buffers, timeout, batch.changed)
        except TilewrightError as error:
            _name(error, batch.images, of)
            raise
        batch.buffers.untouched = True
        batch.cycles = cycles_of(self.driver)

    def _wait(self, batch: _Batch, of: int) -> None:
        """Waits for a batch, and has the driver call :attr:`waiting` meanwhile."""
        waiting, images, least = self.waiting, batch.images, batch.compiled.least_cycles
        if waiting is not None:
            self.driver.waiting = lambda: waiting(images.start + len(images) * min(1.0, batch.cycles() / least))
        assert batch.flight is not None
        try:
            self.driver.wait(batch.flight)
        except TilewrightError as error:
            _name(error, images, of)
            raise
        finally:
            self.driver.waiting = None
        batch.place.holds = batch.program.frame

    def _taken(self, batch: _Batch, of: int, started: float) -> BatchResult:
        assert batch.flight is not None
        try:
            ran = self.driver.take(batch.flight)
            with self.driver.steps(RunStep.UNPACK):
                maps = batch.compiled.collect(ran.outputs)
                scores = scores_of(self.network, maps[self.network.layers[-1].name])
        except TilewrightError as error:
            _name(error, batch.images, of)
            raise
        return BatchResult(batch.images.start, batch.compiled, ran, maps, scores, time.monotonic() - started)

    def _end(self, batch: _Batch | None) -> None:
        """After an error, or where the caller has enough: nothing is on its way."""
        if batch is not None and batch.flight is not None and not batch.flight.ended:
            self.driver.recover()

    def _buffers_for(self, program: FramedProgram, place: _Place) -> Buffers:
        """Buffers for the program and its results, those of the place where they are large enough."""
        if place.buffers is not None and place.made_for is program.frame:
            return place.buffers
        lengths = (program.nbytes, (program.output_beats + TRAILER_BEATS) * BEAT_BYTES)
        if place.memory is None or any(held.nbytes < need for held, need in zip(place.memory, lengths, strict=True)):
            place.memory = tuple(self.driver.allocate(need // BEAT_BYTES) for need in lengths)
            place.buffers = place.holds = None
        before, place.buffers = place.buffers, self.driver.checked(Buffers(*place.memory, *lengths))
        place.buffers.untouched = before is not None and before.untouched
        place.made_for = program.frame
        return place.buffers


def _name(error: TilewrightError, images: range, of: int) -> None:
    """Says in an error which images it was, where there are others."""
    if len(images) < of:
        error.args = (f"images {images.start} to {images.stop - 1}: {error.args[0]}", *error.args[1:])


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
