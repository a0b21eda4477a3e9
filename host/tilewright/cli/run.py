"""The command ``tilewright run``."""

from __future__ import annotations

from typing import Annotated

import typer

from tilewright.cli.argument_checks import check_clock
from tilewright.cli.command_group import failures_named
from tilewright.cli.network_run import run_and_tell
from tilewright.cli.option_groups import DeviceOptions, ImageOptions, NetworkOptions, OutcomeOptions, grouped
from tilewright.cli.options import Batch, Clock, ReportFile
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ


@grouped
def run(
    *,
    network: NetworkOptions,
    images: ImageOptions,
    batch: Batch = 1,
    device: DeviceOptions,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Compare with PyTorch on the fly; where it is not installed, with its packaged integers or numpy's.",
        ),
    ] = False,
    clock: Clock = DEFAULT_CLOCK_MHZ,
    report: ReportFile = None,
    outcome: OutcomeOptions,
) -> None:
    """Run a whole network on images: one program a batch, one transfer each way.

    Without images: the packaged photograph. Exits with 1 where --check finds a difference.
    """
    with failures_named():
        check_clock(clock)
        run_and_tell(device.target(outcome.trace), network, images.choice(), batch, check, clock, report, outcome)
