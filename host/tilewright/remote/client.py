"""pynq's ``RemoteDevice``, which waits for ever and raises gRPC's exceptions: with time-outs, and with ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pynq
from pynq.pl_server.device import Device
from pynq.pl_server.remote_device import PYNQ_PORT, RemoteDevice

from tilewright.errors import DeviceTimeoutError, TargetError, TilewrightError
from tilewright.remote.clock_file import CLOCK_FILE
from tilewright.remote.errors import RemoteError

CALL_SECONDS = 60.0
# A server that simulates builds its hardware when the FPGA manager is told to load it.
WRITE_FILE_SECONDS = 900.0


def open_remote(bitstream: Path, host: str) -> Any:
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


def guard_calls(device: Any) -> None:
    """Gives every call of a remote device a time-out, and its failures a name; calls made before are not affected.

    Args:
        device: a ``RemoteDevice``.
    """
    peer = f"{device.ip_addr}:{device.port}"
    for stub in device._stub.values():
        for name, call in list(vars(stub).items()):
            if not isinstance(call, GuardedCall):
                setattr(stub, name, GuardedCall(call, name, peer))


def remote_clock(device: Any) -> Callable[[], float]:
    """The clock of a remote device in seconds: simulated time where the device is simulated, else this computer's.

    Args:
        device: a ``RemoteDevice``.
    """
    if device.exists_file(CLOCK_FILE).exists:
        return lambda: float(device.read_file(CLOCK_FILE))
    return time.monotonic


class GuardedCall:
    """One method of a gRPC stub, with a time-out.

    Args:
        call: the method.
        name: its name.
        peer: the server's address, for messages.
    """

    def __init__(self, call: Any, name: str, peer: str) -> None:
        self._call = call
        self._what = f"remote device {peer}, call {name}"
        self._seconds = WRITE_FILE_SECONDS if name == "writefile" else CALL_SECONDS

    def __call__(self, request: Any) -> Any:
        """Make the call.

        Raises:
            RemoteError: no answer in time, or an error.
            DeviceTimeoutError: a simulated device was polled for long while nothing moved.
        """
        try:
            answer = self._call(request, timeout=self._seconds)
        except grpc.RpcError as error:
            raise self._named(error) from error
        return self._parts(answer) if isinstance(self._call, grpc.UnaryStreamMultiCallable) else answer

    def _parts(self, answer: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from answer
        except grpc.RpcError as error:
            raise self._named(error) from error

    def _named(self, error: Any) -> TilewrightError:
        code = error.code()
        if code is grpc.StatusCode.ABORTED:
            return DeviceTimeoutError(str(error.details()))
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return RemoteError(f"{self._what}: no answer within {self._seconds:g} s")
        if code is grpc.StatusCode.UNAVAILABLE:
            return RemoteError(f"{self._what}: the server is not there any more ({error.details()})")
        return RemoteError(f"{self._what}: {error.details()}")
