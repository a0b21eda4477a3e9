"""The service ``Gpio`` of pynq 4.0: the simulated board has no GPIO of its processing system."""

from __future__ import annotations

from typing import Any, NoReturn

from pynq.remote import gpio_pb2 as messages
from pynq.remote import gpio_pb2_grpc

from tilewright.remote.errors import UnsupportedCallError
from tilewright.remote.failures import unary


class GpioService(gpio_pb2_grpc.GpioServicer):
    """Answers calls of ``RemoteGPIO``: there are no pins."""

    @unary
    def get_gpio_base_path(self, request: Any) -> Any:
        """The empty path: None for the client."""
        del request
        return messages.GetGpioBasePathResponse(base_path="")

    @unary
    def get_gpio_npins(self, request: Any) -> Any:
        """No pins."""
        del request
        return messages.GetGpioNPinsResponse(npins=0)

    @unary
    def is_exported(self, request: Any) -> Any:
        """No pin is."""
        del request
        return messages.GpioIsExportedResponse(is_exported=False)

    @unary
    def get_gpio(self, request: Any) -> NoReturn:
        """Refused."""
        raise UnsupportedCallError(f"the simulated board has no GPIO {request.index}")

    @unary
    def read(self, request: Any) -> NoReturn:
        """Refused."""
        raise _no_pin(request)

    @unary
    def write(self, request: Any) -> NoReturn:
        """Refused."""
        raise _no_pin(request)

    @unary
    def unexport(self, request: Any) -> NoReturn:
        """Refused."""
        raise _no_pin(request)


def _no_pin(request: Any) -> UnsupportedCallError:
    return UnsupportedCallError(f"the simulated board has no GPIO {request.gpio_id!r}")
