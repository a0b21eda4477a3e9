"""The command ``tilewright run``."""

from __future__ import annotations

from typing import Annotated

import typer

from tilewright.cli.argument_checks import check_clock
from tilewright.cli.command_group import failures_named
from tilewright.cli.console import choose_target
from tilewright.cli.options import (
    Array,
    AsJson,
    Batch,
    Bitstream,
    Checkpoint,
    Clock,
    Count,
    Data,
    Device,
    First,
    Host,
    ImageFiles,
    Layers,
    NetworkFile,
    Seed,
    Trace,
)
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.network.file import load_network
from tilewright.pytorch.image_choice import ImageChoice
from tilewright.pytorch.network_choice import layer_names, resolve_network


def run(
    network_file: NetworkFile = None,
    checkpoint: Checkpoint = None,
    images: ImageFiles = None,
    data: Data = None,
    first: First = 0,
    count: Count = None,
    array: Array = 8,
    batch: Batch = 1,
    seed: Seed = None,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    check: Annotated[bool, typer.Option("--check", help="Compare with PyTorch on the fly.")] = False,
    layers: Layers = None,
    clock: Clock = DEFAULT_CLOCK_MHZ,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """Run a whole network on images: one program a batch, one transfer each way.

    Without images: the packaged photograph. Exits with 1 where --check finds a difference.
    """
    with failures_named():
        check_clock(clock)
        target = choose_target(array, seed, device, bitstream, host, trace)
        choice = ImageChoice(images or (), data, first, count)
        path = resolve_network(network_file, checkpoint, layers)
        network = load_network(path)
        names = layer_names(network, layers)
        taken = choice.take(network)
        driver = target.open()
        # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
        from tilewright.cli.report import report_run
        from tilewright.cli.trace import stuck_explained
        from tilewright.runs.with_progress import run_with_progress

        with stuck_explained(driver, trace, as_json):
            outcome = run_with_progress(driver, network, path, taken, batch, names, check, clock)
        report_run(outcome, taken, driver, clock, as_json, trace)
