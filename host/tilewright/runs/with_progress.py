"""Runs of networks and layers that show how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tilewright.driver import Driver
from tilewright.hardware import assumed_clock
from tilewright.network.layer import ConvLayer
from tilewright.network.network import Network
from tilewright.progress import phase
from tilewright.pytorch.images import Images
from tilewright.runs.layer import Verification, verify_layer
from tilewright.runs.network import NetworkRun, run_network
from tilewright.runs.runner import BatchResult

Advance = Callable[[NetworkRun, BatchResult], None]


def run_with_progress(
    driver: Driver,
    network: Network,
    network_file: str | Path,
    images: Images,
    batch: int,
    read_back: Sequence[str],
    check: bool,
    clock_mhz: float,
) -> NetworkRun:
    """:func:`tilewright.runs.network.run_network` with a progress bar."""
    with progress_of(driver, network, len(images.pixels), clock_mhz) as (advance, waiting):
        return run_network(driver, network, network_file, images, batch, read_back, check, advance, waiting)


@contextmanager
def progress_of(
    driver: Driver, network: Network, images: int, clock_mhz: float
) -> Iterator[tuple[Advance, Callable[[float], None]]]:
    """A progress bar for a run.

    Args:
        driver: of the accelerator.
        network: the network.
        images: of the run.
        clock_mhz: assumed.

    Yields:
        ``advance`` and ``waiting`` of :func:`tilewright.runs.network.run_network`.
    """
    with phase(f"{network.name} on {driver.array.n}x{driver.array.n}", total=images) as step:

        def advance(run: NetworkRun, result: BatchResult) -> None:
            speed = run.images / max(run.wall_seconds, 1e-9)
            board = assumed_clock.in_words(run.images, run.program_cycles, clock_mhz)
            step.update(run.images, f"{speed:.2f} images/s here, {board}")

        yield advance, step.update


def run_verification(driver: Driver, layer: ConvLayer) -> Verification:
    """:func:`tilewright.runs.layer.verify_layer` with a progress bar.

    Args:
        driver: of the accelerator.
        layer: the captured layer.

    Returns:
        The outcome.

    Raises:
        TilewrightError: as :func:`tilewright.runs.layer.verify_layer`.
    """
    with phase(f"{layer.name}, raw and with ReLU", total=2 * layer.images, unit=f"{layer.name}: output map") as step:
        return verify_layer(driver, layer, step.advance)
