"""The command ``tilewright serve``."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.command_group import failures_named
from tilewright.cli.console import output
from tilewright.cli.options import Array, AsJson, Seed
from tilewright.environment import cache_folder
from tilewright.process import packages_named
from tilewright.progress import phase, print_line

if TYPE_CHECKING:
    from tilewright.remote.server import RemoteServer

PYNQ_PORT = 7967
CLIENT = """from tilewright.target import open_overlay
overlay = open_overlay("remote", host="{address}:{port}", bitstream="{bitstream}")"""


def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="To listen on; 0 takes a free one.")] = PYNQ_PORT,
    address: Annotated[
        str, typer.Option(help="Of the interface to listen on. Everyone who reaches it has the device: no password.")
    ] = "127.0.0.1",
    array: Array = 8,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Serve the simulated device to pynq's RemoteDevice (PYNQ.remote), until Ctrl-C or SIGTERM.

    --array is of the bitstream that is made for clients; --json prints its object when the server is ready.
    """
    with failures_named():
        # Imported here: the command line works on a board too, which has no simulated device.
        with packages_named("sim"):
            from tilewright.remote.server import RemoteServer
            from tilewright.sim import SimDevice, SocParameters, write_overlay
            from tilewright.sim.build import build_library
            from tilewright.sim.hardware import OwnHardware

        parameters = SocParameters(n=array)
        device = SimDevice(seed=seed)
        server = RemoteServer(device, port, address)
        bitstream = write_overlay(parameters, cache_folder() / "remote" / f"{array}x{array}")
        text = f"Simulated hardware {array}x{array}"
        with phase(f"{text} (compiled on first use)", f"{text} ready"):
            build_library(OwnHardware(parameters), False)
        # A script's background process has no Ctrl-C.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with server:
            report(server, bitstream, device.seed, as_json)
            try:
                server.wait()
            except KeyboardInterrupt:
                print_line("stopped")


def report(server: RemoteServer, bitstream: Path, seed: int, as_json: bool) -> None:
    """Prints where the server is, and how to use it.

    Args:
        server: that listens.
        bitstream: for its clients.
        seed: of its device.
        as_json: whether to print JSON.
    """
    if as_json:
        facts = {"address": server.address, "port": server.port, "bitstream": str(bitstream), "seed": seed}
        typer.echo(json.dumps(facts))
        return
    client = CLIENT.format(address=server.address, port=server.port, bitstream=bitstream)
    output.print(f"PYNQ.remote at {server.address}:{server.port}, not encrypted, no password; Ctrl-C stops it.")
    output.print(f"bitstream for clients, its .hwh beside it: {bitstream}\n", highlight=False, soft_wrap=True)
    output.print(client, markup=False, highlight=False, soft_wrap=True)
