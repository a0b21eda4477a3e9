"""One run of a network on images: every batch on the accelerator, compared with a reference on the fly where asked."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.compiler.network import CompiledNetwork
from tilewright.driver import Driver
from tilewright.driver.accelerator import Counters
from tilewright.driver.flight import RunResult
from tilewright.errors import CompileError
from tilewright.hardware import assumed_clock
from tilewright.network.network import Network
from tilewright.pytorch.images import Images
from tilewright.runs.compare_network import NetworkComparison
from tilewright.runs.reference_choice import best_reference
from tilewright.runs.references import Reference
from tilewright.runs.retrace import Failure
from tilewright.runs.runner import BatchResult, NetworkRunner


@dataclass
class NetworkRun:
    """What came of a run so far.

    Attributes:
        network: the network.
        n: rows and columns of the array.
        batch: images a program, at most.
        images: done.
        labels: of the images of the run; -1 where unknown.
        predictions: of the images done.
        counters: of each program.
        comparison: with the reference; empty where none was asked for.
        checked: whether one was asked for.
        reference: what the integers were compared with, in words; empty where nothing was.
        origin: where those come from that were not computed in this run; else empty.
        device_seconds: from the start of each send to the end of its receive, on the device's clock.
        wall_seconds: on this computer's clock; without compiling the network and starting PyTorch.
        first: the first program.
        compiled: what the last program was.
        failure: the first program whose integers differ.
    """

    network: Network
    n: int
    batch: int
    labels: npt.NDArray[np.int64]
    checked: bool
    reference: str = ""
    origin: str = ""
    images: int = 0
    predictions: list[int] = field(default_factory=list)
    counters: list[Counters] = field(default_factory=list)
    comparison: NetworkComparison = field(default_factory=NetworkComparison)
    device_seconds: float = 0.0
    wall_seconds: float = 0.0
    first: RunResult | None = None
    compiled: CompiledNetwork | None = field(default=None, repr=False)
    failure: Failure | None = None

    @property
    def equal(self) -> bool | None:
        """Whether nothing that was compared differs; None where nothing was compared."""
        return self.comparison.equal if self.checked else None

    @property
    def program_cycles(self) -> int:
        """Cycles from the first beat in to the last beat out, all programs."""
        return sum(counters.cycles for counters in self.counters)

    @property
    def macs(self) -> int:
        """Multiplications: true channels, padding taps included, an 8-bit one counted once."""
        return self.network.macs * self.images

    @property
    def program_utilisation(self) -> float:
        """Share of the array's multiplications that the network needed, 0..1: macs / (n * n * program_cycles)."""
        return self.macs / (self.n * self.n * self.program_cycles) if self.program_cycles else 0.0

    @property
    def correct(self) -> int | None:
        """Images whose class is their label; None where a label is unknown."""
        known = self.labels[: self.images]
        return None if (known < 0).any() else int((known == np.array(self.predictions)).sum())

    def take(self, result: BatchResult) -> None:
        """Adds what came of a batch."""
        self.images += result.images
        self.predictions += result.predictions.tolist()
        self.first = self.first or result.ran
        self.compiled = result.compiled
        self.counters.append(result.counters)
        self.device_seconds += result.ran.seconds
        self.wall_seconds += result.wall_seconds

    def compare(self, result: BatchResult, expected: Mapping[str, npt.NDArray[Any]]) -> None:
        """Compares a batch and keeps the first that differs.

        Args:
            result: what came of it.
            expected: as of :meth:`tilewright.runs.compare_network.NetworkComparison.add`.
        """
        self.comparison.add(result.compiled, result.first, expected, result.maps, result.predictions)
        difference = self.comparison.first_mismatch
        if difference is not None and self.failure is None:
            self.failure = Failure(result, difference)

    def as_dict(self, clock_mhz: float) -> dict[str, Any]:
        """The run as JSON types; the clock is assumed."""
        totals = {
            name: sum(getattr(counters, name) for counters in self.counters)
            for name in ("mac_cycles", "stall_weights", "stall_activations", "stall_thresholds", "stall_output")
        }
        return {
            **self.comparison.as_dict(),
            "equal": self.equal,
            "checked": self.checked,
            "reference": self.reference or None,
            "network": self.network.name,
            "checkpoint_sha256": self.network.checkpoint_sha256,
            "array": self.n,
            "batch": self.batch,
            "images": self.images,
            "programs": len(self.counters),
            "predictions": self.predictions,
            "correct": self.correct,
            "macs": self.macs,
            "program_cycles": self.program_cycles,
            **totals,
            "beats_in": sum(counters.beats_in for counters in self.counters),
            "beats_out": sum(counters.beats_out for counters in self.counters),
            "program_utilisation": self.program_utilisation,
            "wall_s": self.wall_seconds,
            "device_s": self.device_seconds,
            **assumed_clock.as_dict(self.images, self.program_cycles, clock_mhz),
        }


def run_network(
    driver: Driver,
    network: Network,
    network_file: str | Path,
    images: Images,
    batch: int = 1,
    read_back: Collection[str] = (),
    check: bool = False,
    advance: Callable[[NetworkRun, BatchResult], None] = lambda run, result: None,
    waiting: Callable[[float], None] | None = None,
) -> NetworkRun:
    """Runs images through a network on the accelerator.

    Args:
        driver: of the accelerator.
        network: the network.
        network_file: its file, for the reference.
        images: to run.
        batch: images a program, at most.
        read_back: names of layers whose maps are read back.
        check: whether to compare with PyTorch, batch after batch; without PyTorch, with its packaged integers or numpy.
        advance: called after each batch, its comparison included.
        waiting: as of :class:`tilewright.runs.runner.NetworkRunner`.

    Returns:
        The run; differences are in it and raise nothing.

    Raises:
        CompileError: the network is beyond the accelerator, or the batch is no positive number.
        TilewrightError: a run failed; see :class:`tilewright.driver.Driver`.
    """
    runner = runner_of(driver, network, len(images.pixels), batch, read_back, waiting)
    if not check:
        return run_compared(runner, images, None, advance)
    with tempfile.TemporaryDirectory(prefix="tilewright-") as folder:
        chosen = best_reference(network, network_file, images, runner.batch, bool(read_back), folder)
        run = run_compared(runner, images, chosen.reference, advance)
    run.reference, run.origin = chosen.name, chosen.origin
    return run


def runner_of(
    driver: Driver,
    network: Network,
    images: int,
    batch: int,
    read_back: Collection[str],
    waiting: Callable[[float], None] | None,
) -> NetworkRunner:
    """What runs the batches; arguments as of :func:`run_network`, ``images`` their number.

    Raises:
        CompileError: as :func:`run_network`.
    """
    if batch < 1:
        raise CompileError(f"a batch of {batch} images: at least 1")
    runner = NetworkRunner(driver, network, min(batch, images), read_back)
    runner.waiting = waiting
    return runner


def run_compared(
    runner: NetworkRunner,
    images: Images,
    reference: Reference | None,
    advance: Callable[[NetworkRun, BatchResult], None] = lambda run, result: None,
) -> NetworkRun:
    """Runs images and compares each batch with a reference.

    Args:
        runner: of the network.
        images: to run.
        reference: what computes the integers that are expected, ``runner.batch`` images a chunk; None compares nothing.
        advance: as of :func:`run_network`.

    Returns:
        The run; differences are in it and raise nothing.

    Raises:
        TilewrightError: a run failed, or the reference did.
    """
    run = NetworkRun(runner.network, runner.driver.array.n, runner.batch, images.labels, reference is not None)
    with reference or nullcontext(), closing(runner.run(images.pixels)) as results:
        for index, result in enumerate(results):
            run.take(result)
            if reference is not None:
                start = time.monotonic()
                run.compare(result, reference.chunk(index))
                run.wall_seconds += time.monotonic() - start
            advance(run, result)
    return run
