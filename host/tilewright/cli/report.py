"""What the commands that run programs print at their end, and the status that they exit with."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from tilewright.cli.console import output
from tilewright.cli.tables import demo_table, outcome_table, run_table
from tilewright.cli.trace import file_of, print_waveform, trace_of_demo, trace_of_layer, trace_of_run
from tilewright.driver import Driver
from tilewright.pytorch.images import Images
from tilewright.runs.layer import Verification
from tilewright.runs.main_job import Demo
from tilewright.runs.network import NetworkRun


def report_run(
    run: NetworkRun, images: Images, driver: Driver, clock_mhz: float, as_json: bool, trace_file: Path | None = None
) -> None:
    """Prints a run; exits with 1 when an integer or a class differs."""
    seed = driver.seed
    waveform = trace_of_run(run, driver, trace_file)
    if as_json:
        facts = {"image_source": images.source, "seed": seed, "waveform": file_of(waveform)}
        typer.echo(json.dumps({**run.as_dict(clock_mhz), **facts}))
    else:
        output.print(run_table(run, images, seed, clock_mhz))
        if run.equal is False:
            output.print(str(run.comparison), markup=False, highlight=False)
        print_waveform(waveform)
    if run.equal is False:
        raise typer.Exit(1)


def report_outcome(outcome: Verification, driver: Driver, as_json: bool, trace: Path | None = None) -> None:
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


def report_demo(outcome: Demo, driver: Driver, as_json: bool, trace: Path | None) -> None:
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
