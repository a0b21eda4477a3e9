"""What the commands that run programs print at their end, and the status that they exit with."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from tilewright.cli.console import output
from tilewright.cli.option_groups import OutcomeOptions
from tilewright.cli.tables import demo_table, outcome_table, run_table
from tilewright.cli.trace import file_of, print_waveform, trace_of_demo, trace_of_layer, trace_of_run
from tilewright.driver import Driver
from tilewright.progress import phase, print_line
from tilewright.pytorch.images import Images
from tilewright.report.device_facts import device_facts
from tilewright.report.page import write_report
from tilewright.report.record import run_record
from tilewright.runs.layer import Verification
from tilewright.runs.main_job import Demo
from tilewright.runs.network import NetworkRun


def tell_run(
    run: NetworkRun, images: Images, driver: Driver, clock_mhz: float, report: Path | None, told: OutcomeOptions
) -> None:
    """Prints a run and writes its report; exits with 1 when an integer or a class differs.

    Args:
        run: that has ended.
        images: that ran.
        driver: that ran it.
        clock_mhz: assumed.
        report: page to write; None writes none.
        told: how it is told.
    """
    device = device_facts(driver)
    waveform = trace_of_run(run, driver, told.trace, None if report is None else report.with_suffix(".fst"))
    if told.as_json or report is not None:
        with phase("Estimating each layer's cycles"):
            record = run_record(run, images, device, clock_mhz, waveform)
    if told.as_json:
        typer.echo(json.dumps(record))
    else:
        output.print(run_table(run, images, device.seed, clock_mhz))
        if run.equal is False:
            output.print(str(run.comparison), markup=False, highlight=False)
        print_waveform(waveform)
    if report is not None:
        # Last: a page that cannot be written takes nothing of the above
        write_report(record, report)
        print_line(f"report: {report}")
    if run.equal is False:
        raise typer.Exit(1)


def tell_layer(outcome: Verification, driver: Driver, as_json: bool, trace: Path | None = None) -> None:
    """Prints an outcome; exits with 1 when an output differs.

    Args:
        outcome: of the run.
        driver: that ran it.
        as_json: whether to print JSON.
        trace: file of --trace.
    """
    seed = driver.seed
    waveform = trace_of_layer(outcome, driver, trace)
    if as_json:
        typer.echo(json.dumps({**outcome.as_dict(), "seed": seed, "waveform": file_of(waveform)}))
    else:
        output.print(outcome_table(outcome, seed))
        _print_differences(outcome)
        print_waveform(waveform)
    if not outcome.equal:
        raise typer.Exit(1)


def tell_demo(outcome: Demo, driver: Driver, as_json: bool, trace: Path | None) -> None:
    """Prints the main job's outcome; exits with 1 when an integer or a class differs."""
    waveform = trace_of_demo(outcome.run, outcome.layer, driver, trace)
    if as_json:
        typer.echo(json.dumps({**outcome.as_dict(), "seed": driver.seed, "waveform": file_of(waveform)}))
    else:
        output.print(demo_table(outcome, driver.seed))
        if not outcome.run.equal:
            output.print(str(outcome.run.comparison), markup=False, highlight=False)
        _print_differences(outcome.layer)
        print_waveform(waveform)
    if not outcome.equal:
        raise typer.Exit(1)


def _print_differences(outcome: Verification) -> None:
    """Prints what differs of a layer's outputs, if anything does."""
    for report in outcome.reports:
        if not report.equal:
            output.print(str(report), markup=False, highlight=False)
