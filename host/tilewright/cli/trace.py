"""What the option ``--trace`` of the commands that run programs does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from tilewright.cli.console import output
from tilewright.compiler.layer import images_that_fit
from tilewright.driver import Driver
from tilewright.driver.flight import RunResult
from tilewright.driver.stuck import StuckReport
from tilewright.environment import cache_folder
from tilewright.errors import DeviceTimeoutError, TransferError
from tilewright.progress import phase
from tilewright.runs.layer import Verification
from tilewright.runs.network import NetworkRun
from tilewright.runs.retrace import trace_failure
from tilewright.runs.waveform import Waveform, first_program, layer_tile, stuck_program


@contextmanager
def stuck_explained(driver: Driver, file: Path | None, as_json: bool) -> Iterator[None]:
    """Notes a waveform on what a program that stands still raises, and prints its report as JSON.

    Args:
        driver: that runs programs.
        file: of --trace; None writes no waveform.
        as_json: whether to print one JSON object.
    """
    try:
        yield
    except TransferError as error:
        report, waveform = error.report, None
        if isinstance(report, StuckReport) and file is not None and isinstance(error, DeviceTimeoutError):
            waveform = _repeated(lambda: stuck_program(driver, report, file))
            error.__notes__.append(f"  {waveform or 'no waveform: no beat of the program reached the accelerator'}")
        if as_json:
            facts = {"error": type(error).__name__, "message": str(error)}
            told = None if report is None else report.as_dict()
            typer.echo(json.dumps({**facts, "report": told, "waveform": file_of(waveform)}))
        raise


def trace_of_run(
    run: NetworkRun, driver: Driver, file: Path | None, of_mismatch: Path | None = None
) -> Waveform | None:
    """The waveform of a network's run.

    Args:
        run: that has ended.
        driver: that ran it.
        file: of --trace; None writes one for a mismatch alone.
        of_mismatch: the file for that; None takes one in the cache.

    Returns:
        Of the failing output tile, or of the first program; None without --trace and mismatch, or on a board.
    """
    failure = run.failure
    if failure is not None and failure.result.ran.attempt.stall_state is not None:
        name = f"{run.network.name}_{failure.mismatch.layer}_{driver.seed}.fst"
        chosen = file or of_mismatch or _in_cache(name)
        return _repeated(lambda: trace_failure(failure, driver.device, chosen))
    return trace_of_first(run.first, driver, file)


def trace_of_layer(outcome: Verification, driver: Driver, file: Path | None) -> Waveform | None:
    """The waveform of one layer's run.

    Args:
        outcome: of the run.
        driver: that ran it.
        file: of --trace.

    Returns:
        Of the first wrong output tile, or of the first program; None without --trace.
    """
    wrong = [(relu, report) for relu, report in enumerate(outcome.reports[:2]) if not report.equal]
    if file is None or not wrong:
        return trace_of_first(outcome.results[0], driver, file)
    relu, report = wrong[0]
    mismatch, layer = report.listed[0], outcome.layer
    result = outcome.results[relu * outcome.programs + mismatch.image // images_that_fit(layer, driver.array)]
    tiles = -(-layer.out_channels // driver.array.n)
    return _repeated(lambda: layer_tile(driver, result, mismatch.oc_tile, tiles, file))


def trace_of_demo(run: NetworkRun, layer: Verification, driver: Driver, file: Path | None) -> Waveform | None:
    """The waveform of a network's run and of one layer's; see :func:`trace_of_run` and :func:`trace_of_layer`."""
    if run.equal and not layer.equal:
        return trace_of_layer(layer, driver, file)
    return trace_of_run(run, driver, file)


def trace_of_first(first: RunResult | None, driver: Driver, file: Path | None) -> Waveform | None:
    """The waveform of the first program's beginning; None without --trace, or where nothing was run."""
    return None if file is None or first is None else _repeated(lambda: first_program(driver, first, file))


def print_waveform(waveform: Waveform | None) -> None:
    """Prints where a waveform is, if there is one."""
    if waveform is not None:
        output.print(str(waveform), markup=False, highlight=False)


def file_of(waveform: Waveform | None) -> str | None:
    """A waveform's file, for JSON."""
    return None if waveform is None else str(waveform.file)


def _repeated(make: Callable[[], Waveform | None]) -> Waveform | None:
    text = "Repeating a program with a waveform, on a second, traced build (compiled on first use)"
    with phase(text, "Repeated a program with a waveform"):
        return make()


def _in_cache(name: str) -> Path:
    return cache_folder() / "waveforms" / name
