"""The service ``Gpio`` of pynq 4.0: the simulated board has no GPIO of its processing system."""

from __future__ import annotations

from typing import Any, NoReturn

import grpc
from pynq.remote import gpio_pb2 as messages
from pynq.remote import gpio_pb2_grpc

from tilewright.remote.errors import UnsupportedCallError
from tilewright.remote.failures import failures_answered


class GpioService(gpio_pb2_grpc.GpioServicer):
    """Answers calls of ``RemoteGPIO``: there are no pins."""

    def get_gpio_base_path(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The empty path: None for the client."""
        del request, context
        return messages.GetGpioBasePathResponse(base_path="")

    def get_gpio_npins(self, request: Any, context: grpc.ServicerContext) -> Any:
        """No pins."""
        del request, context
        return messages.GetGpioNPinsResponse(npins=0)

    def is_exported(self, request: Any, context: grpc.ServicerContext) -> Any:
        """No pin is."""
        del request, context
        return messages.GpioIsExportedResponse(is_exported=False)

    def get_gpio(self, request: Any, context: grpc.ServicerContext) -> NoReturn:
        """Refused."""
        with failures_answered(context):
            raise UnsupportedCallError(f"the simulated board has no GPIO {request.index}")

    def read(self, request: Any, context: grpc.ServicerContext) -> NoReturn:
        """Refused."""
        with failures_answered(context):
            raise UnsupportedCallError(f"the simulated board has no GPIO {request.gpio_id!r}")

    def write(self, request: Any, context: grpc.ServicerContext) -> NoReturn:
        """Refused."""
        self.read(request, context)

    def unexport(self, request: Any, context: grpc.ServicerContext) -> NoReturn:
        """Refused."""
        self.read(request, context)
