"""Brings a user's network to a board, and compares every integer there with its golden file. Not run on hardware."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tilewright.board.check import check
from tilewright.board.deploy import Deployment, Outcome, install, selftest
from tilewright.board.ssh import Ssh
from tilewright.errors import BoardError


@dataclass(frozen=True)
class OwnRun:
    """A network to run there.

    Attributes:
        network: network file.
        golden: its golden file (:mod:`tilewright.network.golden_file`).
        batch: images a program.
    """

    network: Path
    golden: Path
    batch: int = 1

    def arguments(self) -> list[str]:
        """Of ``python -m tilewright.check``."""
        files = ["--network", f"./{self.network.name}", "--golden", f"./{self.golden.name}"]
        return [*files, "--batch", str(self.batch)]


def run_deployment(
    board: Ssh,
    what: Deployment,
    own: OwnRun | None = None,
    with_selftest: bool = True,
    step: Callable[[str], None] = lambda text: None,
    write: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Copies and installs; runs the self-test and the network.

    Args:
        board: the board.
        what: to bring there.
        own: a network to compare; None compares none.
        with_selftest: whether the self-test runs.
        step: called with the name of each step as it begins.
        write: gets what is printed there, line by line.

    Returns:
        The outcome; what fails is in it and raises nothing.

    Raises:
        BoardError: as :func:`tilewright.board.deploy.install`, or something could not run there.
    """
    installed = install(board, what, () if own is None else (own.network, own.golden), step)
    report = None
    if with_selftest:
        step("Testing")
        report = selftest(board, installed, write)
    if own is None:
        return Outcome.of(installed, report)
    step(f"Running {own.network.name}")
    found = check(board, installed, own.arguments(), write).get("network")
    if not isinstance(found, dict):
        raise BoardError(f"{board.target}: the checks left no comparison of the network in their report")
    return Outcome.of(installed, report, found)
