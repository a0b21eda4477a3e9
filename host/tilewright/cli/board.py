"""The commands ``tilewright board``: ``deploy``, and the place of the others."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tilewright.board.deploy import PYNQ_PYTHON, Deployment, Outcome
from tilewright.board.deploy import deploy as run_deployment
from tilewright.board.ssh import Ssh
from tilewright.cli.board_build import build
from tilewright.cli.command_group import examples, failures_named
from tilewright.cli.console import output
from tilewright.cli.options import AsJson, Bitstream
from tilewright.environment import BITSTREAM_VARIABLE
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
def deploy(
    host: Annotated[str, typer.Argument(help="Name or address of the board, or a Host of your ssh configuration.")],
    bitstream: Bitstream = None,
    user: Annotated[str, typer.Option(help="User on the board.")] = "xilinx",
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of its sshd; default: ssh's.")] = None,
    key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="File of the private key; default: ssh's.")
    ] = None,
    ssh_config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Configuration instead of ~/.ssh/config.")
    ] = None,
    python: Annotated[str, typer.Option(help="The board's Python that has pynq.")] = PYNQ_PYTHON,
    workdir: Annotated[str, typer.Option(help="Folder on the board; ~ is the home there.")] = "tilewright",
    wheel: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A wheel that is built already.")
    ] = None,
    sudo: Annotated[bool, typer.Option(help="Run the self-test as root: pynq needs it on a board.")] = True,
    as_json: AsJson = False,
) -> None:
    """Copy wheel, bitstream and golden vectors to a board and run the self-test there; exits with 1 where it fails."""
    shown = messages if as_json else output
    with failures_named():
        file = bitstream or os.environ.get(BITSTREAM_VARIABLE)
        if not file:
            raise BoardError(f"give the board's bitstream with --bitstream, or set ${BITSTREAM_VARIABLE}")
        what = Deployment(Path(file), wheel, python, workdir, sudo)
        board = Ssh(host, user, port, key, ssh_config)
        outcome = run_deployment(board, what, lambda text: print_step(messages, text), lambda line: echo(shown, line))
    if as_json:
        typer.echo(json.dumps(outcome.as_dict()))
    else:
        output.print(outcome_table(outcome))
    if not outcome.passed:
        raise typer.Exit(1)


def print_step(console: Console, text: str) -> None:
    """Says what begins."""
    console.print(f"[bold]{text}[/bold] ...", highlight=False)


def echo(console: Console, line: str) -> None:
    """Passes a line of the board's on as it is."""
    console.print(line.rstrip("\n"), markup=False, highlight=False, soft_wrap=True)


def outcome_table(outcome: Outcome) -> Table:
    """What was tested and what came of it, for people."""
    report = outcome.report
    table = Table(title=f"Self-test on {outcome.target}", show_header=False, title_justify="left")
    rows = {
        "Bitstream": f"{outcome.bitstream}, sha256 {outcome.bitstream_sha256[:16]}",
        "Wheel": outcome.wheel,
        **{name.capitalize().replace("_", " "): value for name, value in report.facts.items()},
        "Tests": f"{report.tests}, {report.skipped} skipped, {len(report.failures)} failed, {report.seconds:.1f} s",
    }
    for name, text in rows.items():
        table.add_row(name, text)
    for failure in report.failures:
        table.add_row(f"[red]{failure.name}[/red]", failure.message)
    table.add_row("Result", "[green]passed[/green]" if outcome.passed else "[red]FAILED[/red]")
    return table
