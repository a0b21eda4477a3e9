"""Calls of pynq's ``RemoteDevice``, which wait for ever, with time-outs and our exceptions; its clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from tilewright.errors import DeviceTimeoutError, RemoteError, TilewrightError

# Seconds, as text
CLOCK_FILE = "/sys/class/tilewright/seconds"

CALL_SECONDS = 60.0
# A server that simulates builds its hardware when the FPGA manager is told to load it.
WRITE_FILE_SECONDS = 900.0


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
