"""The gRPC server of a simulated board."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import grpc.aio
from pynq.remote import buffer_pb2_grpc, mmio_pb2_grpc, remote_device_pb2_grpc

from tilewright.remote.board import SimulatedBoard
from tilewright.remote.buffer_service import BufferService
from tilewright.remote.device_service import DeviceService
from tilewright.remote.errors import RemoteServerError
from tilewright.remote.files import BoardFiles
from tilewright.remote.mmio_service import MmioService
from tilewright.remote.streams import Streams
from tilewright.sim import SimDevice

# Of calls that wait for the device; streams and messages on their way take none
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
        self._stopped = threading.Event()
        self._threads = ThreadPoolExecutor(THREADS, "tilewright-serve")
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(self._threads)
        self._loop_thread = threading.Thread(target=self._loop.run_forever, name="tilewright-serve-loop", daemon=True)
        self._loop_thread.start()
        try:
            self.port = self._in_loop(self._bind(port))
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> RemoteServer:
        self._in_loop(self._server.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._in_loop(self._server.stop(STOP_SECONDS))
        self._close()

    def wait(self, seconds: float | None = None) -> None:
        """Returns when the server has stopped, or after some seconds."""
        self._stopped.wait(seconds)

    async def _bind(self, port: int) -> int:
        # Without the option, a second server could take the same port, and clients would meet either.
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        self._add_services()
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

    def _add_services(self) -> None:
        streams, files = Streams(), BoardFiles(self.board)
        remote_device_pb2_grpc.add_RemoteDeviceServicer_to_server(DeviceService(files, streams), self._server)
        mmio_pb2_grpc.add_MmioServicer_to_server(MmioService(self.board), self._server)
        buffer_pb2_grpc.add_RemoteBufferServicer_to_server(BufferService(self.board, streams), self._server)
        if importlib.util.find_spec("pynq.remote.gpio_pb2_grpc") is not None:
            from pynq.remote import gpio_pb2_grpc

            from tilewright.remote.gpio_service import GpioService

            gpio_pb2_grpc.add_GpioServicer_to_server(GpioService(), self._server)

    def _in_loop(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _close(self) -> None:
        self._stopped.set()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._loop_thread.join()
        self._threads.shutdown(cancel_futures=True)
        self._loop.close()
        self.board.close()
