"""`tilewright serve` in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pynq.pl_server.device import Device
from pynq.pl_server.remote_device import RemoteDevice
from pynq.ps import Clocks


@dataclass(frozen=True)
class Served:
    """A running server."""

    process: subprocess.Popen[str]
    port: int
    bitstream: Path

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def connect(self) -> RemoteDevice:
        """pynq's client, as it is; pynq's one object for clocks may belong to a device of another test."""
        if hasattr(Clocks, "_real_instance"):
            del Clocks._real_instance
        Device.active_device = RemoteDevice(ip_addr="127.0.0.1", port=self.port)
        return Device.active_device


@contextmanager
def serving(*options: str) -> Iterator[Served]:
    """`tilewright serve` with these options; SIGTERM ends it."""
    command = [sys.executable, "-m", "tilewright", "serve", "--seed", "5", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, f"the server ended with {process.wait(20)}; standard error has its reason"
            facts = json.loads(line)
            yield Served(process, facts["port"], Path(facts["bitstream"]))
        finally:
            process.terminate()
            process.wait(20)
