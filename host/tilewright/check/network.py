"""A network of the user's against its golden file, every integer of every layer, with numpy and pynq only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tilewright.check.findings import in_words
from tilewright.driver import Driver
from tilewright.errors import NetworkError, TilewrightError
from tilewright.network.file import load_network
from tilewright.network.golden_file import GoldenFile, load_golden, sha256_of
from tilewright.network.inference import check_images
from tilewright.network.network import Network
from tilewright.runs.compare_network import NetworkComparison
from tilewright.runs.runner import NetworkRunner


@dataclass
class GoldenRun:
    """A comparison with a golden file.

    Attributes:
        network: its name.
        array: rows and columns.
        batch: images a program.
        reference: what computed the golden integers.
        images: that ran.
        comparison: the integers and classes.
        program_cycles: of all programs.
        failure: what the device raised, with its report; "" where it raised nothing.
    """

    network: str
    array: int
    batch: int
    reference: str
    images: int = 0
    comparison: NetworkComparison = field(default_factory=NetworkComparison)
    program_cycles: int = 0
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether integers were compared, none differs, and the device raised nothing."""
        return self.comparison.compared > 0 and self.comparison.equal and not self.failure

    def as_dict(self) -> dict[str, Any]:
        """The outcome as JSON types."""
        return {
            "network": self.network,
            "array": self.array,
            "batch": self.batch,
            "images": self.images,
            "reference": self.reference,
            "program_cycles": self.program_cycles,
            "passed": self.passed,
            "failure": self.failure,
            "text": str(self.comparison),
            **self.comparison.as_dict(),
        }


def load_pair(network_file: str | Path, golden_file: str | Path) -> tuple[Network, GoldenFile]:
    """A network and its golden file.

    Args:
        network_file, golden_file: the files.

    Raises:
        NetworkError: a file is missing or damaged, or they do not belong together.
    """
    network, golden = load_network(network_file), load_golden(golden_file)
    if golden.network_sha256 != sha256_of(network_file):
        raise NetworkError(f"{golden_file} is of another network file than {network_file}: make it anew")
    check_images(network, golden.pixels)
    return network, golden


def run_golden(
    driver: Driver,
    network: Network,
    golden: GoldenFile,
    batch: int = 1,
    write: Callable[[str], None] = lambda line: None,
) -> GoldenRun:
    """Runs the images and compares every layer's map and the predictions.

    Args:
        driver: of the accelerator.
        network: the network.
        golden: its integers.
        batch: images a program, at most.
        write: gets a line a batch.

    Returns:
        The comparison; differences, and what the device raised, are in it and raise nothing.

    Raises:
        CompileError: the network is beyond the accelerator.
    """
    names = [layer.name for layer in network.layers]
    runner = NetworkRunner(driver, network, min(batch, len(golden.pixels)), names)
    outcome = GoldenRun(network.name, driver.array.n, runner.batch, golden.reference)
    try:
        for result in runner.run(golden.pixels):
            part = golden.part(slice(result.first, result.first + result.images))
            outcome.comparison.add(result.compiled, result.first, part, result.maps, result.predictions)
            outcome.images += result.images
            outcome.program_cycles += result.counters.cycles
            compared, mismatches = outcome.comparison.compared, outcome.comparison.mismatches
            write(f"{outcome.images} of {len(golden.pixels)} images, {mismatches} of {compared} integers differ")
    except TilewrightError as error:
        outcome.failure = in_words(error)
        write(outcome.failure)
    return outcome
