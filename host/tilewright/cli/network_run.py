"""A whole network on the accelerator, as the commands ``run`` and ``verify`` do it."""

from __future__ import annotations

from tilewright.cli.console import Target
from tilewright.cli.option_groups import NetworkOptions, OutcomeOptions
from tilewright.network.file import load_network
from tilewright.pytorch.image_choice import ImageChoice
from tilewright.pytorch.network_choice import layer_names, resolve_network


def run_and_report(
    target: Target,
    options: NetworkOptions,
    images: ImageChoice,
    batch: int,
    check: bool,
    clock_mhz: float,
    outcome: OutcomeOptions,
) -> None:
    """Runs images through the network that the options name, and prints what came of it.

    Args:
        target: where.
        options: which network, which maps are read back.
        images: which images.
        batch: images a program, at most.
        check: whether to compare with PyTorch.
        clock_mhz: assumed.
        outcome: how it is told.

    Raises:
        TilewrightError: an option is wrong, or the run failed.
        typer.Exit: with 1, an integer or a class differs.
    """
    path = resolve_network(options.network_file, options.checkpoint, options.layers)
    network = load_network(path)
    names = layer_names(network, options.layers)
    taken = images.take(network)
    driver = target.open()
    # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
    from tilewright.cli.report import report_run
    from tilewright.cli.trace import stuck_explained
    from tilewright.runs.with_progress import run_with_progress

    with stuck_explained(driver, outcome.trace, outcome.as_json):
        run = run_with_progress(driver, network, path, taken, batch, names, check, clock_mhz)
    report_run(run, taken, driver, clock_mhz, outcome.as_json, outcome.trace)
