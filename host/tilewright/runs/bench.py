"""Measures what each step of a run takes: on a board, over the network, or in simulation."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tilewright.compiler.layer import compile_layer
from tilewright.driver import Driver
from tilewright.driver.accelerator import Counters
from tilewright.driver.run_steps import RunStep, StepTimes, untimed
from tilewright.errors import ResultError
from tilewright.hardware import assumed_clock
from tilewright.network.layer import ConvLayer
from tilewright.network.network import Network
from tilewright.runs.runner import NetworkRunner

Results = tuple[npt.NDArray[Any], Counters]


class Job(Protocol):
    """Something to run, a number of programs at a time.

    Attributes:
        name: of the network or layer.
        batch: images a program.
        programs: a round.
        macs: multiplications an image.
    """

    name: str
    batch: int
    programs: int
    macs: int

    def start(self, driver: Driver) -> Callable[[], Generator[Results, None, None]]:
        """Compiles, and returns what runs a round: results and counters of each program."""


class NetworkJob:
    """A network on images, batch after batch.

    Args:
        network: the network.
        pixels: uint8 (images, channels, h, w), a multiple of the batch.
        batch: images a program.
    """

    def __init__(self, network: Network, pixels: npt.NDArray[np.uint8], batch: int) -> None:
        self.name, self.macs = network.name, network.macs
        self.batch, self.programs = batch, len(pixels) // batch
        self._network, self._pixels = network, pixels

    def start(self, driver: Driver) -> Callable[[], Generator[Results, None, None]]:
        """As :meth:`Job.start`."""
        runner = NetworkRunner(driver, self._network, self.batch)

        def run() -> Generator[Results, None, None]:
            with closing(runner.run(self._pixels)) as results:
                for result in results:
                    yield result.scores, result.counters

        return run


class LayerJob:
    """One layer alone, with ReLU; its images are packed as it is compiled.

    Args:
        layer: the layer and one image.
        batch: images a program: the same one.
        programs: a round.
    """

    def __init__(self, layer: ConvLayer, batch: int, programs: int) -> None:
        codes = np.repeat(layer.activation_codes[:1], batch, axis=0)
        self._layer = replace(layer, activation_codes=codes, accumulators=None, float_integers=None)
        self.name, self.macs = layer.name, self._layer.macs // batch
        self.batch, self.programs = batch, programs

    def start(self, driver: Driver) -> Callable[[], Generator[Results, None, None]]:
        """As :meth:`Job.start`."""
        with driver.steps(RunStep.COMPILE):
            program = compile_layer(self._layer, driver.array, relu=True)

        def run() -> Generator[Results, None, None]:
            for _ in range(self.programs):
                result = driver.run(program)
                yield result.outputs[0], result.counters

        return run


@dataclass(frozen=True)
class Measurement:
    """What was measured.

    Attributes:
        name: of the network or layer.
        n: rows and columns of the array.
        batch: images a program.
        programs: a round.
        rounds: how often all was compiled and run.
        seconds: wall-clock seconds of each step: a compilation, or a program, each.
        program_cycles: of each program, first beat in to last beat out.
        macs: multiplications an image.
    """

    name: str
    n: int
    batch: int
    programs: int
    rounds: int
    seconds: dict[RunStep, list[float]]
    program_cycles: list[int]
    macs: int

    @property
    def program_seconds(self) -> float:
        """Median steps of one program, compilation not among them: of a network, of which the next is packed and the
        last unpacked while one is computed, what the host does and what it then still waits."""
        return sum(median(times) for step, times in self.seconds.items() if step is not RunStep.COMPILE)

    @property
    def images_per_second(self) -> float:
        """Images a second, all steps of a program counted."""
        return self.batch / self.program_seconds

    @property
    def program_utilisation(self) -> float:
        """Share of the array's multiplications that the images needed, 0..1, in the median program."""
        return self.macs * self.batch / (self.n * self.n * median(self.program_cycles))

    def as_dict(self, clock_mhz: float) -> dict[str, Any]:
        """The measurement as JSON types; a step that a job does not have is null, and the clock is assumed."""
        return {
            "name": self.name,
            "array": self.n,
            "batch": self.batch,
            "images": self.batch * self.programs,
            "programs": self.programs,
            "repeat": self.rounds,
            "steps": {step.value: _statistics(self.seconds.get(step)) for step in RunStep},
            "program_s": self.program_seconds,
            "images_per_s": self.images_per_second,
            "program_cycles": {"min": min(self.program_cycles), "median": median(self.program_cycles)},
            "macs": self.macs,
            "program_utilisation": self.program_utilisation,
            "accelerator_s_at_assumed_clock": median(self.program_cycles) / (clock_mhz * 1e6),
            **assumed_clock.as_dict(self.batch, median(self.program_cycles), clock_mhz),
        }


def measure(driver: Driver, job: Job, rounds: int, advance: Callable[[], None] = lambda: None) -> Measurement:
    """Compiles and runs a job some times; every round must give the same results.

    Args:
        driver: of the accelerator.
        job: what to run.
        rounds: how often, at least once.
        advance: called after each program.

    Returns:
        The measurement.

    Raises:
        ResultError: a round gave other results than the first.
        TilewrightError: a run failed.
    """
    cycles: list[int] = []
    first: list[npt.NDArray[Any]] = []
    times = StepTimes()
    driver.steps = times
    try:
        for number in range(rounds):
            with closing(job.start(driver)()) as results:
                for index, (values, counters) in enumerate(results):
                    cycles.append(counters.cycles)
                    if number == 0:
                        first.append(values)
                    elif not np.array_equal(first[index], values):
                        raise ResultError(
                            f"{job.name}: program {index} gave other results in round {number} than in round 0"
                        )
                    advance()
    finally:
        driver.steps = untimed
    seconds = times.take()
    ordered = {step: seconds[step] for step in RunStep if step in seconds}
    return Measurement(job.name, driver.array.n, job.batch, job.programs, rounds, ordered, cycles, job.macs)


def _statistics(times: list[float] | None) -> dict[str, Any] | None:
    return None if times is None else {"min_s": min(times), "median_s": median(times), "samples": len(times)}
