"""Options of the commands that reach a board over ssh, and of those that check it, each group defined once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from tilewright.board.deploy import PYNQ_PYTHON, Deployment
from tilewright.board.ssh import Ssh
from tilewright.cli.argument_checks import takes
from tilewright.cli.options import Array, Batch, Bitstream, Count, ImageFiles, Seed, Stream
from tilewright.environment import BITSTREAM_VARIABLE
from tilewright.errors import BoardError
from tilewright.file_kinds import Role

SIMULATED = "sim"

BoardHost = Annotated[
    str,
    typer.Argument(
        metavar="HOST",
        help="Name or address of the board, or a Host of your ssh configuration; of check and report also `sim`.",
    ),
]
OwnNetwork = Annotated[
    Path | None,
    typer.Option(
        "--network", help="Network file to run on the board and to compare there.", callback=takes(Role.NETWORK)
    ),
]
SelfTest = Annotated[bool, typer.Option(help="Run the self-test there.")]
ReportFile = Annotated[
    Path | None, typer.Option("--report", "-o", metavar="FILE.json", help="Write the report that an issue can have.")
]


@dataclass(frozen=True)
class BoardOptions:
    """Which board, and what is brought there."""

    bitstream: Bitstream = None
    user: Annotated[str, typer.Option(help="User on the board.")] = "xilinx"
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of its sshd; default: ssh's.")] = None
    key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="File of the private key; default: ssh's.")
    ] = None
    ssh_config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Configuration instead of ~/.ssh/config.")
    ] = None
    python: Annotated[str, typer.Option(help="The board's Python that has pynq.")] = PYNQ_PYTHON
    workdir: Annotated[str, typer.Option(help="Folder on the board; ~ is the home there.")] = "tilewright"
    wheel: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A wheel that is built already.")] = (
        None
    )
    sudo: Annotated[bool, typer.Option(help="Run as root there: pynq needs it on a board.")] = True

    def ssh(self, host: str) -> Ssh:
        """The connection.

        Args:
            host: name or address.
        """
        return Ssh(host, self.user, self.port, self.key, self.ssh_config)

    def deployment(self) -> Deployment:
        """What is brought.

        Raises:
            BoardError: no bitstream is named.
        """
        file = self.bitstream or os.environ.get(BITSTREAM_VARIABLE)
        if not file:
            raise BoardError(f"give the board's bitstream with --bitstream, or set ${BITSTREAM_VARIABLE}")
        return Deployment(Path(file), self.wheel, self.python, self.workdir, self.sudo)


@dataclass(frozen=True)
class HourOptions:
    """What runs after the checks, and the simulated board of `sim`."""

    network: OwnNetwork = None
    images: ImageFiles = None
    count: Count = None
    bench: Annotated[
        int, typer.Option(min=0, metavar="PROGRAMS", help="Time so many programs of --network, one batch each, twice.")
    ] = 0
    batch: Batch = 1
    soak: Annotated[float, typer.Option(min=0.0, metavar="MINUTES", help="Run exact programs for so long.")] = 0.0
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Compute although something that was read is not as it should be.")
    ] = False
    array: Array = 8
    stream: Stream = 64
    seed: Seed = None
