"""A whole network on the accelerator, as the commands ``run`` and ``verify`` do it."""

from __future__ import annotations

from pathlib import Path

from tilewright.cli.argument_checks import check_writable
from tilewright.cli.console import Target
from tilewright.cli.option_groups import NetworkOptions, OutcomeOptions
from tilewright.network.file import load_network
from tilewright.pytorch.image_choice import ImageChoice
from tilewright.pytorch.network_choice import layer_names, resolve_network
from tilewright.report.page import check_page


def run_and_tell(
    target: Target,
    options: NetworkOptions,
    images: ImageChoice,
    batch: int,
    check: bool,
    clock_mhz: float,
    report: Path | None,
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
        report: page to write; None writes none.
        outcome: how it is told.

    Raises:
        TilewrightError: an option is wrong, or the run failed.
        typer.Exit: with 1, an integer or a class differs.
    """
    if report is not None:
        check_writable("--report", check_page(report))
    path = resolve_network(options.network_file, options.checkpoint, options.layers)
    network = load_network(path)
    names = layer_names(network, options.layers)
    taken = images.take(network)
    driver = target.open()
    # Imported here: pynq takes seconds, which a wrong argument or a help page need not.
    from tilewright.cli.outcome import tell_run
    from tilewright.cli.trace import stuck_explained
    from tilewright.runs.with_progress import run_with_progress

    with stuck_explained(driver, outcome.trace, outcome.as_json):
        run = run_with_progress(driver, network, path, taken, batch, names, check, clock_mhz)
    tell_run(run, taken, driver, clock_mhz, report, outcome)
