"""The command ``tilewright demo``: a real image through the whole trained VGG16, every integer compared."""

from __future__ import annotations

import json

import typer

from tilewright.cli.console import choose_target, failures_named, output
from tilewright.cli.options import Array, AsJson, Bitstream, Device, Host, Seed, Trace
from tilewright.cli.run import resolve_network
from tilewright.cli.verify import print_differences
from tilewright.network.file import load_network
from tilewright.pytorch.image_choice import ImageChoice


def demo(
    array: Array = 8,
    seed: Seed = None,
    device: Device = None,
    bitstream: Bitstream = None,
    host: Host = None,
    trace: Trace = None,
    as_json: AsJson = False,
) -> None:
    """The main job: a real image, the whole trained VGG16, every integer compared with PyTorch's."""
    with failures_named():
        target = choose_target(array, seed, device, bitstream, host, trace)
        network_file = resolve_network(None)
        images = ImageChoice().take(load_network(network_file))
        driver = target.open()
        # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
        from tilewright.cli.main_job import demo_table, run_demo
        from tilewright.cli.trace import file_of, print_waveform, stuck_explained, trace_of_demo

        with stuck_explained(driver, trace, as_json):
            outcome = run_demo(driver, network_file, images)
        waveform = trace_of_demo(outcome.run, outcome.layer, driver, trace)
        seed = driver.seed
        if as_json:
            typer.echo(json.dumps({**outcome.as_dict(), "seed": seed, "waveform": file_of(waveform)}))
        else:
            output.print(demo_table(outcome, seed))
            if not outcome.run.equal:
                output.print(str(outcome.run.comparison), markup=False, highlight=False)
            print_differences(outcome.layer)
            print_waveform(waveform)
        if not outcome.equal:
            raise typer.Exit(1)
