"""The commands ``tilewright board check`` and ``tilewright board report``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from tilewright.board.check import check as check_there
from tilewright.board.deploy import Deployment, install, selftest
from tilewright.board.junit import Report
from tilewright.board.report import hardware_report
from tilewright.board.ssh import Ssh
from tilewright.cli.argument_checks import check_writable
from tilewright.cli.board_network import golden_of
from tilewright.cli.board_options import SIMULATED, BoardHost, BoardOptions, HourOptions, ReportFile, SelfTest
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import Target, output
from tilewright.cli.option_groups import grouped
from tilewright.cli.options import AsJson
from tilewright.errors import BoardError
from tilewright.files import written
from tilewright.progress import messages
from tilewright.target import DeviceKind

if TYPE_CHECKING:
    from tilewright.check.first_hour import Plan

Step = Callable[[str], None]


@grouped
def check(
    *,
    host: BoardHost,
    board: BoardOptions,
    selftest: SelfTest = False,
    hour: HourOptions,
    report: ReportFile = None,
    as_json: AsJson = False,
) -> None:
    """Read what a board is before anything computes, then prove it; exits with 1 where something differs.

    Clock, registers, manifest, DMA, buffers; bit patterns, golden vectors, an interrupted run. Then, where asked for:
    the self-test, --network compared integer by integer, --bench, --soak. HOST `sim`: the simulated device, here.
    """
    with failures_named():
        made = first_hour(host, board, selftest, hour, report, as_json)
    tell(made, as_json)


@grouped
def report(
    *,
    host: BoardHost,
    board: BoardOptions,
    selftest: SelfTest = True,
    hour: HourOptions,
    report: ReportFile = None,
    as_json: AsJson = False,
) -> None:
    """Check a board, run the self-test, and write the report that an issue can have.

    As `tilewright board check --selftest --report FILE`. No host name, address, user or folder is in the file.
    """
    with failures_named():
        if report is None:
            raise BoardError("name the file to write: -o FILE.json")
        made = first_hour(host, board, selftest, hour, report, as_json)
    tell(made, as_json)


def tell(made: dict[str, Any], as_json: bool) -> None:
    """Prints a report's end, or all of it; exits with 1 where something failed."""
    if as_json:
        typer.echo(json.dumps(made))
    else:
        states = [finding["state"] for finding in made["findings"]]
        output.print(
            f"{states.count('passed')} passed, {states.count('failed')} failed, {states.count('not known')} not known: "
            + ("[green]passed[/green]" if made["passed"] else "[red]FAILED[/red]"),
            highlight=False,
        )
    if not made["passed"]:
        raise typer.Exit(1)


def first_hour(
    host: str, board: BoardOptions, with_selftest: bool, hour: HourOptions, report: Path | None, as_json: bool
) -> dict[str, Any]:
    """Checks, self-test, and what else was asked for.

    Returns:
        The report.

    Raises:
        BoardError: the board cannot be reached, or something could not run there.
        TilewrightError: a file is wrong, or the simulated device cannot be opened.
    """
    if report is not None:
        check_writable("--report", report)
    if hour.bench and hour.network is None:
        raise BoardError("--bench times the network of --network: name its file")
    place = Here(hour) if host == SIMULATED else There(board.ssh(host), board.deployment())
    with golden_of(hour.network, hour.images or (), hour.count) as golden:
        place.files = [file for file in (hour.network, golden) if file is not None]
        made = in_order(place, with_selftest, hour, golden, messages if as_json else output)
    if report is not None:
        with written(report) as file:
            file.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return made


def in_order(
    place: Here | There, with_selftest: bool, hour: HourOptions, golden: Path | None, console: Console
) -> dict[str, Any]:
    """The checks; then, where they passed, the self-test; then what else was asked for."""

    def step(text: str) -> None:
        messages.print(f"[bold]{text}[/bold] ...", highlight=False)

    def write(line: str) -> None:
        console.print(line.rstrip("\n"), markup=False, highlight=False, soft_wrap=True)

    place.prepare(step)
    step("Checking")
    from tilewright.check.first_hour import Plan, passed

    runs = [place.run(Plan(keep_going=hour.keep_going), write)]
    tested: Report | None = None
    if passed(runs[0]) or hour.keep_going:
        if with_selftest:
            step("Testing")
            tested = place.selftest(write)
        more = Plan(False, True, hour.network, golden, hour.bench, hour.batch, hour.soak)
        if golden or hour.bench or hour.soak:
            step("Running")
            runs.append(place.run(more, write))
    return hardware_report(runs, tested)


class Here:
    """The simulated device of this computer.

    Args:
        hour: its array, streams and seed.

    Attributes:
        files: network and golden file, which lie here already.
    """

    files: Sequence[Path] = ()

    def __init__(self, hour: HourOptions) -> None:
        self._target = Target(DeviceKind.SIM, hour.array, hour.seed, None, None, hour.stream)
        self._overlay: Any = None

    def prepare(self, step: Step) -> None:
        """Opens it."""
        del step
        self._overlay = self._target.overlay()

    def run(self, plan: Plan, write: Step) -> dict[str, Any]:
        """Does what a plan says."""
        from tilewright.check.first_hour import run_plan

        return run_plan(self._overlay, Path(self._overlay.bitfile_name), plan, write)

    def selftest(self, write: Step) -> Report:
        """Runs the self-test on hardware like it."""
        from tilewright.board.here import selftest_here

        return selftest_here(Path(self._overlay.bitfile_name), write)


class There:
    """A board over ssh.

    Args:
        board: the connection.
        what: what is brought.

    Attributes:
        files: to bring too.
    """

    files: Sequence[Path] = ()

    def __init__(self, board: Ssh, what: Deployment) -> None:
        self._board, self._deployment = board, what

    def prepare(self, step: Step) -> None:
        """Copies and installs all that runs there."""
        self._installed = install(self._board, self._deployment, self.files, step)

    def run(self, plan: Plan, write: Step) -> dict[str, Any]:
        """Does what a plan says."""
        return check_there(self._board, self._installed, plan.arguments(), write)

    def selftest(self, write: Step) -> Report:
        """Runs the self-test there."""
        return selftest(self._board, self._installed, write)
