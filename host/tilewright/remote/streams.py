"""Streams of clients: how many at a time, and how slow. They wait in an event loop, so that a slow one takes no thread.

A unary call's message may be as slow; gRPC's loop waits for it, too, before a thread begins with the call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from tilewright.remote import limits
from tilewright.remote.errors import LimitError
from tilewright.remote.failures import failures_answered

# Of a stream's messages: gRPC's are at most 4 MiB
CHUNK_BYTES = 2 << 20
Result = TypeVar("Result")


class Streams:
    """The streams of one server."""

    def __init__(self) -> None:
        self._running = 0

    @asynccontextmanager
    async def one(self, context: Any) -> AsyncIterator[Stream]:
        """A stream's place among the others; exceptions of this package end the call with an error.

        Args:
            context: of the call.
        """
        async with failures_answered(context):
            if self._running >= limits.MOST_STREAMS:
                raise LimitError(f"{self._running} transfers are under way, no more are taken: try again")
            self._running += 1
            try:
                yield Stream(context)
            finally:
                self._running -= 1


class Stream:
    """One stream of a client's.

    Args:
        context: of the call, a ``grpc.aio.ServicerContext``.
    """

    def __init__(self, context: Any) -> None:
        self._context = context
        self._seconds = limits.STREAM_SECONDS

    async def received(self, requests: Any) -> AsyncIterator[Any]:
        """The client's messages, all of them: a stream that breaks off ends the coroutine with its call.

        Raises:
            LimitError: they come too slowly.
        """
        messages = requests.__aiter__()
        while True:
            try:
                message = await self._in_time(messages.__anext__())
            except StopAsyncIteration:
                # gRPC shows a stream that broke off as one that has ended: to answer it fails
                await self._context.send_initial_metadata(())
                return
            self._moved(len(message.data))
            yield message

    async def send(self, message: Any) -> None:
        """Sends a message.

        Raises:
            LimitError: the client takes them too slowly.
        """
        await self._in_time(self._context.write(message))
        self._moved(len(message.data))

    async def _in_time(self, step: Awaitable[Result]) -> Result:
        # Not asyncio.wait_for, which with Python 3.11 drops the cancellation of a call that breaks off
        task, start = asyncio.ensure_future(step), time.monotonic()
        try:
            done, _ = await asyncio.wait({task}, timeout=self._seconds)
        finally:
            task.cancel()
            self._seconds -= time.monotonic() - start
        if not done:
            raise LimitError(
                f"the transfer stood still for {limits.STREAM_SECONDS:g} s, or moves fewer than "
                f"{limits.STREAM_BYTES_A_SECOND >> 10} KiB a second: it was ended"
            )
        return task.result()

    def _moved(self, nbytes: int) -> None:
        self._seconds = min(self._seconds + nbytes / limits.STREAM_BYTES_A_SECOND, limits.STREAM_SECONDS)
