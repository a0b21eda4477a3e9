"""This package's exceptions as gRPC errors: the class chooses the code, the message goes to the client as details."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from tilewright.errors import BufferNotAllocatedError, DeviceTimeoutError, TilewrightError
from tilewright.remote.errors import FileAccessError, OutOfRangeError, UnknownIdError, UnsupportedCallError
from tilewright.sim.errors import BusError, DdrExhaustedError

# The first class that fits counts.
_CODES: tuple[tuple[type[TilewrightError], grpc.StatusCode], ...] = (
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


@contextmanager
def failures_answered(context: grpc.ServicerContext) -> Iterator[None]:
    """Ends a call with an error when one of this package's exceptions is raised.

    Args:
        context: of the call.
    """
    try:
        yield
    except TilewrightError as error:
        code = next(code for kind, code in _CODES if isinstance(error, kind))
        context.abort(code, f"{type(error).__name__}: {error}")
