"""Calls answered: in threads, and this package's exceptions as gRPC errors.

An exception's class chooses the code, its message goes to the client as details.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc

from tilewright.errors import BufferNotAllocatedError, DeviceTimeoutError, TilewrightError
from tilewright.remote.errors import (
    FileAccessError,
    LimitError,
    OutOfRangeError,
    UnknownIdError,
    UnsupportedCallError,
)
from tilewright.remote.limits import shortened
from tilewright.sim.errors import BusError, DdrExhaustedError

# The first class that fits counts.
_CODES: tuple[tuple[type[TilewrightError], grpc.StatusCode], ...] = (
    (LimitError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (FileAccessError, grpc.StatusCode.PERMISSION_DENIED),
    (UnknownIdError, grpc.StatusCode.NOT_FOUND),
    (OutOfRangeError, grpc.StatusCode.OUT_OF_RANGE),
    (UnsupportedCallError, grpc.StatusCode.UNIMPLEMENTED),
    (BusError, grpc.StatusCode.OUT_OF_RANGE),
    (BufferNotAllocatedError, grpc.StatusCode.NOT_FOUND),
    (DdrExhaustedError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (DeviceTimeoutError, grpc.StatusCode.ABORTED),
    (TilewrightError, grpc.StatusCode.FAILED_PRECONDITION),
)


@asynccontextmanager
async def failures_answered(context: Any) -> AsyncIterator[None]:
    """Ends a call with an error when one of this package's exceptions is raised.

    Args:
        context: of the call, a ``grpc.aio.ServicerContext``.
    """
    try:
        yield
    except TilewrightError as error:
        await context.abort(*_status(error))


def unary(method: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Any], Awaitable[Any]]:
    """Makes a method a gRPC call of one message and one answer.

    Args:
        method: of a service: gets the message and returns the answer, in a thread, as it may wait for the device.
    """

    @functools.wraps(method)
    async def answer(self: Any, request: Any, context: Any) -> Any:
        async with failures_answered(context):
            return await asyncio.to_thread(method, self, request)

    return answer


def _status(error: TilewrightError) -> tuple[grpc.StatusCode, str]:
    code = next(code for kind, code in _CODES if isinstance(error, kind))
    return code, shortened(f"{type(error).__name__}: {error}")
