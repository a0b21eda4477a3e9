"""The service ``RemoteBuffer``: memory that the client and the DMA share."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from typing import Any

import numpy as np
from pynq.remote import buffer_pb2 as messages
from pynq.remote import buffer_pb2_grpc

from tilewright.remote import limits
from tilewright.remote.board import SimulatedBoard
from tilewright.remote.errors import LimitError, OutOfRangeError, UnknownIdError
from tilewright.remote.failures import unary
from tilewright.remote.streams import CHUNK_BYTES, Streams


class BufferService(buffer_pb2_grpc.RemoteBufferServicer):
    """Answers calls of ``RemoteBuffer``. gRPC does not say when a client is gone: what it has not freed stays.

    Args:
        board: what is behind it.
        streams: of the server.
    """

    def __init__(self, board: SimulatedBoard, streams: Streams) -> None:
        self._board = board
        self._streams = streams
        self._buffers: dict[str, Any] = {}
        # So that an id of an earlier server names nothing
        self._prefix = secrets.token_hex(4)
        self._numbers = itertools.count()

    @unary
    def allocate(self, request: Any) -> Any:
        """A new buffer of bytes."""
        with self._board.lock:
            if request.size <= 0:
                raise OutOfRangeError(f"a buffer of {request.size} bytes")
            if len(self._buffers) >= limits.MOST_BUFFERS:
                raise LimitError(f"{len(self._buffers)} buffers are allocated, and no more than that: free some")
            buffer = self._board.device.allocate((request.size,), np.uint8)
            name = f"{self._prefix}-{next(self._numbers)}"
            self._buffers[name] = buffer
        return messages.AllocateResponse(buffer_id=name)

    async def write(self, requests: Any, context: Any) -> Any:
        """Into the host's view of a buffer, in parts, one after the other; together no longer than the buffer."""
        async with self._streams.one(context) as stream:
            at = total = 0
            async for request in stream.received(requests):
                at = request.start or at
                total += len(request.data)
                await asyncio.to_thread(self._put, request, at, total)
                at += len(request.data)
        return messages.BufferWriteResponse()

    async def read(self, request: Any, context: Any) -> None:
        """The host's view of a buffer, or a part of it, in parts."""
        async with self._streams.one(context) as stream:
            at = request.start
            while part := await asyncio.to_thread(self._get, request, at):
                await stream.send(messages.BufferReadResponse(data=part))
                at += len(part)

    @unary
    def flush(self, request: Any) -> Any:
        """From the host's view to memory."""
        with self._board.lock:
            self._find(request).flush()
        return messages.FlushResponse()

    @unary
    def invalidate(self, request: Any) -> Any:
        """From memory to the host's view."""
        with self._board.lock:
            self._find(request).invalidate()
        return messages.InvalidateResponse()

    @unary
    def freebuffer(self, request: Any) -> Any:
        """Gives the memory back."""
        with self._board.lock:
            self._find(request)
            self._buffers.pop(request.buffer_id).freebuffer()
        return messages.FreeBufferResponse()

    @unary
    def physical_address(self, request: Any) -> Any:
        """Where the DMA finds a buffer."""
        with self._board.lock:
            return messages.AddressResponse(address=self._find(request).physical_address)

    @unary
    def virtual_address(self, request: Any) -> Any:
        """Where the server's process has its view."""
        with self._board.lock:
            return messages.AddressResponse(address=self._find(request).virtual_address)

    @unary
    def cacheable(self, request: Any) -> Any:
        """Whether a buffer needs flush and invalidate."""
        with self._board.lock:
            return messages.CacheableResponse(cacheable=bool(self._find(request).cacheable))

    def _put(self, request: Any, at: int, total: int) -> None:
        with self._board.lock:
            buffer = self._find(request)
            end = at + len(request.data)
            if at < 0 or max(end, total) > len(buffer):
                raise OutOfRangeError(f"bytes {at} to {end}, {total} sent, of a buffer of {len(buffer)}")
            buffer[at:end] = np.frombuffer(request.data, np.uint8)

    def _get(self, request: Any, at: int) -> bytes:
        """The next part; a long buffer is never copied whole."""
        with self._board.lock:
            buffer = self._find(request)
            end = request.end or len(buffer)
            if not 0 <= request.start <= end <= len(buffer):
                raise OutOfRangeError(f"bytes {request.start} to {end} of a buffer of {len(buffer)}")
            return bytes(buffer[at : min(at + CHUNK_BYTES, end)].tobytes())

    def _find(self, request: Any) -> Any:
        try:
            return self._buffers[request.buffer_id]
        except KeyError:
            raise UnknownIdError(
                f"no buffer {request.buffer_id!r}: it was freed, or the server was started again since it was allocated"
            ) from None
