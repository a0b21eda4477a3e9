"""Runs of networks and layers that show how far they are."""

from __future__ import annotations

from collections.abc import Sequence
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


def run_with_progress(
    driver: Driver,
    network: Network,
    network_file: Path,
    images: Images,
    batch: int,
    read_back: Sequence[str],
    check: bool,
    clock_mhz: float,
) -> NetworkRun:
    """:func:`tilewright.runs.network.run_network` with a progress bar."""
    title = f"{network.name} on {driver.array.n}x{driver.array.n}"
    with phase(title, total=len(images.pixels)) as step:

        def advance(run: NetworkRun, result: BatchResult) -> None:
            speed = run.images / max(run.wall_seconds, 1e-9)
            board = assumed_clock.in_words(run.images, run.program_cycles, clock_mhz)
            step.update(
                run.images,
                f"{speed:.2f} images/s here, {board}",
            )

        return run_network(driver, network, network_file, images, batch, read_back, check, advance, step.update)


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
