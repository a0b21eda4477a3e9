"""Opens a board over the network, through pynq's ``RemoteDevice``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pynq
from pynq.pl_server.device import Device
from pynq.pl_server.remote_device import PYNQ_PORT, RemoteDevice

from tilewright.driver.remote_calls import guard_calls
from tilewright.errors import TargetError


def open_remote(bitstream: str | Path, host: str) -> Any:
    """Load a bitstream on a remote device, which becomes ``pynq.Device.active_device``.

    Args:
        bitstream: .bit file, its .hwh beside it.
        host: address, with ``:PORT`` where it is not pynq's.

    Returns:
        pynq.Overlay.

    Raises:
        TargetError: nothing answers there, or the address makes no sense.
        RemoteError: the bitstream cannot be loaded.
    """
    name, _, port = host.partition(":")
    if not name or (port and not port.isdecimal()):
        raise TargetError(f"'{host}' is no address of a remote device: HOST or HOST:PORT")
    try:
        device = RemoteDevice(ip_addr=name, port=int(port or PYNQ_PORT), tag=f"remote-{host}")
    except (RuntimeError, grpc.RpcError) as error:
        raise TargetError(
            f"no PYNQ.remote server answers at {name}:{port or PYNQ_PORT} ({error}): is the board up, or "
            "`tilewright serve` running?"
        ) from error
    guard_calls(device)
    # pynq makes one for ever, of the first device in a process; clocks of another would go there.
    if hasattr(pynq.Clocks, "_real_instance"):
        del pynq.Clocks._real_instance
    Device.active_device = device
    return pynq.Overlay(str(bitstream), device=device)
