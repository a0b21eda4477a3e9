"""The command ``tilewright``: all its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from tilewright import __version__
from tilewright.cli.bench import bench
from tilewright.cli.bitstream import bitstream_app
from tilewright.cli.board import board_app
from tilewright.cli.command_group import CommandGroup, examples
from tilewright.cli.demo import demo
from tilewright.cli.estimate import estimate
from tilewright.cli.explore import explore_command
from tilewright.cli.farm import farm
from tilewright.cli.golden import golden
from tilewright.cli.info import info
from tilewright.cli.kernel import install_kernel
from tilewright.cli.report import report
from tilewright.cli.run import run
from tilewright.cli.serve import serve
from tilewright.cli.simulate import simulate
from tilewright.cli.stimulus import stimulus_app
from tilewright.cli.verify import verify

app = typer.Typer(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tilewright {__version__}")
        raise typer.Exit


@app.callback(epilog=examples("tilewright demo", "tilewright run --images photo.png --array 16 --check"))
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Run quantised networks on the Tilewright accelerator, exactly.

    Exit status: 0 all right, 1 a difference was found, 2 it could not be done.
    """


app.command(epilog=examples("tilewright demo", "tilewright demo --array 16 --seed 1 --json"))(demo)
app.command(
    epilog=examples(
        "tilewright run --images photo.png --check",
        "tilewright run network.safetensors --data ROOT --count 16 --batch 4",
    )
)(run)
app.command(
    epilog=examples(
        "tilewright verify --layers all --array 16",
        "tilewright verify --layer features.27 --images photo.png",
        "tilewright verify network.safetensors --data ROOT --count 4 --batch 4",
    )
)(verify)
app.command(
    epilog=examples(
        "tilewright report run.json -o run.html",
        "tilewright report --compare before.html after.html -o difference.html",
    )
)(report)
app.command(epilog=examples("tilewright bench", "tilewright bench --batch 4 --count 16 --array 16 --json"))(bench)
app.command(
    epilog=examples(
        "tilewright estimate --array 32 --batch 16 --plot estimate.png",
        "tilewright estimate network.safetensors --layers all --json",
    )
)(estimate)
app.command(
    name="explore",
    epilog=examples(
        "tilewright explore --plot explore.png",
        "tilewright explore network.safetensors --board pynq_z2 --rate 200",
        "tilewright explore --scale-sim topology.csv --array 32 --json",
    ),
)(explore_command)
app.command(
    epilog=examples(
        "tilewright farm --data ROOT --count 16 --workers 2",
        "tilewright farm --data ROOT --count 10000 --record all.jsonl --minutes 60",
    )
)(farm)
app.command(
    epilog=examples(
        "tilewright golden --out golden",
        "tilewright golden network.safetensors --out golden --data ROOT --count 4",
    )
)(golden)
app.command(epilog=examples("tilewright info", "tilewright info --array 32 --json"))(info)
app.command(
    epilog=examples(
        "tilewright simulate --hwh design.hwh --rtl ip.v",
        "tilewright simulate --hwh design.hwh --rtl ip.v -- script.py arguments",
    )
)(simulate)
app.command(epilog=examples("tilewright serve", "tilewright serve --port 0 --array 16 --json"))(serve)
app.command(epilog=examples("tilewright install-kernel", "tilewright install-kernel --prefix .venv --array 16"))(
    install_kernel
)
app.add_typer(stimulus_app, name="stimulus")
app.add_typer(board_app, name="board")
app.add_typer(bitstream_app, name="bitstream")
