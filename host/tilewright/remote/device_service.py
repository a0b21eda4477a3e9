"""The service ``RemoteDevice``: files, and loading a bitstream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
from pynq.remote import remote_device_pb2 as messages
from pynq.remote import remote_device_pb2_grpc

from tilewright.remote.board import SimulatedBoard
from tilewright.remote.errors import FileAccessError
from tilewright.remote.failures import failures_answered
from tilewright.remote.files import MOST_BYTES, BoardFiles

# gRPC messages are at most 4 MiB.
CHUNK_BYTES = 2 << 20


class DeviceService(remote_device_pb2_grpc.RemoteDeviceServicer):
    """Answers calls of ``RemoteDevice``.

    Args:
        board: what is behind it.
        files: its files.
    """

    def __init__(self, board: SimulatedBoard, files: BoardFiles) -> None:
        self._board = board
        self._files = files

    def existsfile(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Whether there is a file."""
        del context
        with self._board.lock:
            return messages.ExistsFileResponse(exists=self._files.exists(request.file_path))

    def readfile(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """A file in parts."""
        with failures_answered(context), self._board.lock:
            contents = self._files.read(request.file_path)
        for start in range(0, len(contents), CHUNK_BYTES):
            yield messages.ReadFileResponse(data=contents[start : start + CHUNK_BYTES])

    def writefile(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
        """A file in parts, one after the other."""
        with failures_answered(context):
            path, contents = _gather(requests)
            with self._board.lock:
                self._files.write(path, contents)
        return messages.WriteFileResponse()

    def set_bitstream_attrs(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Comes before a firmware."""
        del context
        with self._board.lock:
            self._files.expect_firmware(request.binfile_name, request.partial)
        return messages.SetBitstreamAttrsResponse(status=True)

    def shutdown(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Comes before another bitstream; the simulated design has no bus to shut down."""
        del request, context
        return messages.ShutdownResponse(status=True)


def _gather(requests: Iterator[Any]) -> tuple[str, bytes]:
    path, parts, total = "", [], 0
    for request in requests:
        path = request.file_path
        parts.append(request.data)
        total += len(request.data)
        if total > MOST_BYTES:
            raise FileAccessError(f"{path} has more than {MOST_BYTES} bytes")
    return path, b"".join(parts)
