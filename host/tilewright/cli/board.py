"""The commands ``tilewright board``."""

from __future__ import annotations

import json

import typer
from rich.console import Console
from rich.table import Table

from tilewright.board.deploy import Outcome
from tilewright.board.own_network import OwnRun, run_deployment
from tilewright.cli.board_build import build
from tilewright.cli.board_check import check, report
from tilewright.cli.board_network import golden_of
from tilewright.cli.board_options import BoardHost, BoardOptions, OwnNetwork, SelfTest
from tilewright.cli.command_group import examples, failures_named
from tilewright.cli.console import output
from tilewright.cli.option_groups import grouped
from tilewright.cli.options import AsJson, Batch, Count, ImageFiles
from tilewright.errors import BoardError
from tilewright.progress import messages

board_app = typer.Typer(help="Boards: bitstreams, and boards over ssh (not run on hardware).", no_args_is_help=True)
board_app.command(
    epilog=examples("tilewright board build pynq_z2", "tilewright board build kv260 --array 32 --clock 150 --json")
)(build)


@board_app.command(
    epilog=examples(
        "tilewright board deploy pynq --bitstream tilewright.bit",
        "tilewright board deploy 192.168.2.99 --user root --no-sudo --json",
    )
)
@grouped
def deploy(
    *,
    host: BoardHost,
    board: BoardOptions,
    network: OwnNetwork = None,
    images: ImageFiles = None,
    count: Count = None,
    batch: Batch = 1,
    selftest: SelfTest = True,
    as_json: AsJson = False,
) -> None:
    """Copy wheel, bitstream and golden vectors to a board and run the self-test there; exits with 1 where it fails.

    With --network and --images the network runs there too, and every integer of every layer is compared: with those of
    a golden file that --images names, or with those that are computed here first.
    """
    shown = messages if as_json else output
    with failures_named():
        if network is not None and not images:
            raise BoardError("--network is compared on --images: give an .npz of images, image files or a golden file")
        if network is None and not selftest:
            raise BoardError("--no-selftest leaves nothing to run without --network")
        what = board.deployment()
        with golden_of(network, images or (), count) as golden:
            outcome = run_deployment(
                board.ssh(host),
                what,
                OwnRun(network, golden, batch) if network is not None and golden is not None else None,
                selftest,
                lambda text: print_step(messages, text),
                lambda line: echo(shown, line),
            )
    if as_json:
        typer.echo(json.dumps(outcome.as_dict()))
    else:
        output.print(outcome_table(outcome))
    if not outcome.passed:
        raise typer.Exit(1)


board_app.command(
    epilog=examples(
        "tilewright board check sim --array 16",
        "tilewright board check pynq --bitstream tilewright.bit --soak 10",
    )
)(check)
board_app.command(
    epilog=examples(
        "tilewright board report sim -o report.json",
        "tilewright board report pynq --bitstream tilewright.bit -o report.json",
    )
)(report)


def print_step(console: Console, text: str) -> None:
    """Says what begins."""
    console.print(f"[bold]{text}[/bold] ...", highlight=False)


def echo(console: Console, line: str) -> None:
    """Passes a line of the board's on as it is."""
    console.print(line.rstrip("\n"), markup=False, highlight=False, soft_wrap=True)


def outcome_table(outcome: Outcome) -> Table:
    """What was tested and what came of it, for people."""
    table = Table(title=f"Deployed to {outcome.target}", show_header=False, title_justify="left")
    rows = {
        "Bitstream": f"{outcome.bitstream}, sha256 {outcome.bitstream_sha256[:16]}",
        "Wheel": outcome.wheel,
    }
    report, network = outcome.report, outcome.network
    if report is not None:
        rows |= {name.capitalize().replace("_", " "): value for name, value in report.facts.items()}
        counts = f"{report.tests}, {report.skipped} skipped, {len(report.failures)} failed, {report.seconds:.1f} s"
        rows["Tests"] = counts
    if network is not None:
        rows["Network"] = f"{network['network']}, {network['images']} images, golden integers by {network['reference']}"
        rows["Integers"] = f"{network['mismatches']} of {network['compared']} differ"
    for name, text in rows.items():
        table.add_row(name, text)
    for failure in report.failures if report is not None else ():
        table.add_row(f"[red]{failure.name}[/red]", failure.message)
    table.add_row("Result", "[green]passed[/green]" if outcome.passed else "[red]FAILED[/red]")
    return table
