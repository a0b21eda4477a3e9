"""The service ``RemoteDevice``: files, and loading a bitstream."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from pynq.remote import remote_device_pb2 as messages
from pynq.remote import remote_device_pb2_grpc

from tilewright.remote.failures import unary
from tilewright.remote.files import FIRMWARE_FILE, BoardFiles
from tilewright.remote.streams import CHUNK_BYTES, Streams


class DeviceService(remote_device_pb2_grpc.RemoteDeviceServicer):
    """Answers calls of ``RemoteDevice``.

    Args:
        files: the board's files.
        streams: of the server.
    """

    def __init__(self, files: BoardFiles, streams: Streams) -> None:
        self._files = files
        self._streams = streams
        # A load may build hardware, which takes one thread for a minute
        self._loading = asyncio.Lock()

    @unary
    def existsfile(self, request: Any) -> Any:
        """Whether there is a file."""
        return messages.ExistsFileResponse(exists=self._files.exists(request.file_path))

    async def readfile(self, request: Any, context: Any) -> None:
        """A file in parts."""
        async with self._streams.one(context) as stream:
            contents = await asyncio.to_thread(self._files.read, request.file_path)
            for start in range(0, len(contents), CHUNK_BYTES):
                await stream.send(messages.ReadFileResponse(data=contents[start : start + CHUNK_BYTES]))

    async def writefile(self, requests: Any, context: Any) -> Any:
        """A file in parts, one after the other."""
        async with self._streams.one(context) as stream:
            with self._files.arriving() as file:
                async for request in stream.received(requests):
                    file.add(request.file_path, request.data)
                turn: AbstractAsyncContextManager[Any] = self._loading if file.path == FIRMWARE_FILE else nullcontext()
                async with turn:
                    await asyncio.to_thread(self._files.write, file)
        return messages.WriteFileResponse()

    @unary
    def set_bitstream_attrs(self, request: Any) -> Any:
        """Comes before a firmware."""
        self._files.expect_firmware(request.binfile_name, request.partial)
        return messages.SetBitstreamAttrsResponse(status=True)

    @unary
    def shutdown(self, request: Any) -> Any:
        """Comes before another bitstream; the simulated design has no bus to shut down."""
        del request
        return messages.ShutdownResponse(status=True)
