"""The gRPC server of a simulated board."""

from __future__ import annotations

import importlib.util
from concurrent import futures
from types import TracebackType

import grpc
from pynq.remote import buffer_pb2_grpc, mmio_pb2_grpc, remote_device_pb2_grpc

from tilewright.remote.board import SimulatedBoard
from tilewright.remote.buffer_service import BufferService
from tilewright.remote.device_service import DeviceService
from tilewright.remote.errors import RemoteServerError
from tilewright.remote.files import BoardFiles
from tilewright.remote.mmio_service import MmioService
from tilewright.sim import SimDevice

THREADS = 8
STOP_SECONDS = 1.0


class RemoteServer:
    """Serves a simulated device to pynq's ``RemoteDevice``; use it with ``with``.

    Nothing is encrypted and nobody is asked for a password: PYNQ.remote has neither.

    Args:
        device: the device, not used by anything else meanwhile.
        port: 0 takes a free one.
        address: of the interface to listen on.

    Attributes:
        board: what is served.
        address: of the interface.
        port: in use.

    Raises:
        RemoteServerError: the port is taken, or the address is not one of this computer's.
    """

    def __init__(self, device: SimDevice, port: int = 0, address: str = "127.0.0.1") -> None:
        self.board = SimulatedBoard(device)
        self.address = address
        # Without the option, a second server could take the same port, and clients would meet either.
        self._server = grpc.server(futures.ThreadPoolExecutor(THREADS), options=[("grpc.so_reuseport", 0)])
        files = BoardFiles(self.board)
        remote_device_pb2_grpc.add_RemoteDeviceServicer_to_server(DeviceService(self.board, files), self._server)
        mmio_pb2_grpc.add_MmioServicer_to_server(MmioService(self.board), self._server)
        buffer_pb2_grpc.add_RemoteBufferServicer_to_server(BufferService(self.board), self._server)
        if importlib.util.find_spec("pynq.remote.gpio_pb2_grpc") is not None:
            from pynq.remote import gpio_pb2_grpc

            from tilewright.remote.gpio_service import GpioService

            gpio_pb2_grpc.add_GpioServicer_to_server(GpioService(), self._server)
        self.port = self._bind(port)

    def __enter__(self) -> RemoteServer:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.stop(STOP_SECONDS).wait(2 * STOP_SECONDS)
        self.board.close()

    def wait(self, seconds: float | None = None) -> None:
        """Returns when the server has stopped, or after some seconds."""
        self._server.wait_for_termination(seconds)

    def _bind(self, port: int) -> int:
        try:
            bound = int(self._server.add_insecure_port(f"{self.address}:{port}"))
        except RuntimeError as error:
            bound, reason = 0, str(error)
        else:
            reason = "gRPC bound nothing"
        if not bound:
            raise RemoteServerError(
                f"cannot listen on port {port} of {self.address} ({reason}): is another server running there? Choose "
                "another with --port, 0 for any that is free"
            )
        return bound
