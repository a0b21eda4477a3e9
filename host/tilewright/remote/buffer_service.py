"""The service ``RemoteBuffer``: memory that the client and the DMA share."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
from pynq.remote import buffer_pb2 as messages
from pynq.remote import buffer_pb2_grpc

from tilewright.remote.board import SimulatedBoard
from tilewright.remote.errors import OutOfRangeError, UnknownIdError
from tilewright.remote.failures import failures_answered

CHUNK_BYTES = 2 << 20


class BufferService(buffer_pb2_grpc.RemoteBufferServicer):
    """Answers calls of ``RemoteBuffer``. gRPC does not say when a client is gone: what it has not freed stays.

    Args:
        board: what is behind it.
    """

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board
        self._buffers: dict[str, Any] = {}
        # So that an id of an earlier server names nothing
        self._prefix = secrets.token_hex(4)
        self._numbers = itertools.count()

    def allocate(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A new buffer of bytes."""
        with failures_answered(context), self._board.lock:
            if request.size <= 0:
                raise OutOfRangeError(f"a buffer of {request.size} bytes")
            buffer = self._board.device.allocate((request.size,), np.uint8)
            name = f"{self._prefix}-{next(self._numbers)}"
            self._buffers[name] = buffer
        return messages.AllocateResponse(buffer_id=name)

    def write(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
        """Into the host's view of a buffer, in parts, one after the other."""
        with failures_answered(context):
            at = 0
            for request in requests:
                with self._board.lock:
                    buffer = self._find(request)
                    at = request.start or at
                    data = np.frombuffer(request.data, np.uint8)
                    if at + len(data) > len(buffer):
                        raise OutOfRangeError(f"bytes {at} to {at + len(data)} of a buffer of {len(buffer)}")
                    buffer[at : at + len(data)] = data
                    at += len(data)
        return messages.BufferWriteResponse()

    def read(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """The host's view of a buffer, or a part of it, in parts."""
        with failures_answered(context), self._board.lock:
            contents = self._find(request)[request.start : request.end or None].tobytes()
        for start in range(0, len(contents), CHUNK_BYTES):
            yield messages.BufferReadResponse(data=contents[start : start + CHUNK_BYTES])

    def flush(self, request: Any, context: grpc.ServicerContext) -> Any:
        """From the host's view to memory."""
        with failures_answered(context), self._board.lock:
            self._find(request).flush()
        return messages.FlushResponse()

    def invalidate(self, request: Any, context: grpc.ServicerContext) -> Any:
        """From memory to the host's view."""
        with failures_answered(context), self._board.lock:
            self._find(request).invalidate()
        return messages.InvalidateResponse()

    def freebuffer(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Gives the memory back."""
        with failures_answered(context), self._board.lock:
            self._find(request)
            self._buffers.pop(request.buffer_id).freebuffer()
        return messages.FreeBufferResponse()

    def physical_address(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Where the DMA finds a buffer."""
        with failures_answered(context), self._board.lock:
            return messages.AddressResponse(address=self._find(request).physical_address)

    def virtual_address(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Where the server's process has its view."""
        with failures_answered(context), self._board.lock:
            return messages.AddressResponse(address=self._find(request).virtual_address)

    def cacheable(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Whether a buffer needs flush and invalidate."""
        with failures_answered(context), self._board.lock:
            return messages.CacheableResponse(cacheable=bool(self._find(request).cacheable))

    def _find(self, request: Any) -> Any:
        try:
            return self._buffers[request.buffer_id]
        except KeyError:
            raise UnknownIdError(
                f"no buffer {request.buffer_id!r}: it was freed, or the server was started again since it was allocated"
            ) from None
