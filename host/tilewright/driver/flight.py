"""A program on its way through the accelerator, and the buffers that it comes from and goes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.driver.accelerator import Counters
from tilewright.driver.buffers import as_flushed, check_buffer, flush_ranges, invalidate, is_remote, ranges_of
from tilewright.hardware.beats import BEAT_BYTES, Beats
from tilewright.hardware.program import Program
from tilewright.hardware.results import TRAILER_BEATS


@dataclass(frozen=True)
class Attempt:
    """A program that was sent, and what it takes to repeat it.

    Attributes:
        program: the program.
        timeout: seconds that it might take, on the device's clock.
        stall_state: of a simulated device before it; None elsewhere.
    """

    program: Program
    timeout: float
    stall_state: tuple[int, int] | None


@dataclass(frozen=True)
class RunResult:
    """What a program returned.

    Attributes:
        outputs: for each CONV command, int32 (images, oc, out_h, out_w).
        counters: performance counters of the program.
        seconds: from the start of the send to the end of the receive, on the device's clock.
        attempt: the program as it was sent.
    """

    outputs: tuple[npt.NDArray[np.int32], ...]
    counters: Counters
    seconds: float
    attempt: Attempt = field(repr=False)


class Buffers:
    """A buffer to send from and one to receive into, checked once for all programs that they are used for.

    Args:
        send: uint64 buffer that ``pynq.allocate`` made.
        receive: the same, another one.
        send_bytes: bytes to send; default all of ``send``.
        receive_bytes: the most bytes to take; default all of ``receive``.

    Attributes:
        untouched: whether nothing but the driver has written to ``receive`` since it was flushed as a whole: then
            the place of the trailer alone is cleared. Whoever allocates it for himself may say so.
        awaited: whether they hold a program, or results, that were not taken yet.

    Raises:
        BufferNotAllocatedError: a buffer is not one that pynq allocated.
    """

    def __init__(
        self, send: Any, receive: Any, send_bytes: int | None = None, receive_bytes: int | None = None
    ) -> None:
        self.send, self.receive = send, receive
        self.send_bytes = send.nbytes if send_bytes is None else send_bytes
        self.receive_bytes = receive.nbytes if receive_bytes is None else receive_bytes
        self.untouched = self.awaited = False
        self._flushed: Any = None
        self._changed: tuple[Iterable[slice] | None, list[tuple[int, int]]] = (None, [])
        check_buffer(send, 0, self.send_bytes)
        check_buffer(receive, 0, self.receive_bytes)

    @cached_property
    def _addresses(self) -> tuple[int, int]:
        """Virtual ones, of buffers that are not remote."""
        return self.send.virtual_address, self.receive.virtual_address

    @cached_property
    def _trailer(self) -> tuple[Beats, list[tuple[int, int]]]:
        """Its place in ``receive``, and the range of it."""
        end = self.receive_bytes // BEAT_BYTES
        place = slice(end - TRAILER_BEATS, end)
        return np.asarray(self.receive)[place], ranges_of((place,), BEAT_BYTES)

    def clear(self) -> None:
        """Sees to it that nothing of an earlier run is left that could pass for results: none do without a trailer."""
        receive = self.receive
        if self.untouched and not is_remote(receive):
            trailer, ranges = self._trailer
            trailer[...] = 0
            flush_ranges(receive, ranges, self._addresses[1])
        else:
            receive[:] = 0
            receive.flush()

    def flushed(self, changed: Iterable[slice] | None) -> Any:
        """What is to be sent.

        Args:
            changed: the beats to flush, where all others have been; None: pynq flushes them, as all of a remote buffer.
        """
        if changed is None or is_remote(self.send):
            return self.send
        if changed is not self._changed[0]:
            self._changed = changed, ranges_of(changed, BEAT_BYTES)
        flush_ranges(self.send, self._changed[1], self._addresses[0])
        if self._flushed is None:
            self._flushed = as_flushed(self.send)
        return self._flushed

    def packet(self, nbytes: int) -> Beats:
        """What was received, uint64 (nbytes / 8,), once the caches are invalidated: the buffer itself, no copy."""
        if is_remote(self.receive):
            self.receive.invalidate()
        else:
            invalidate(self.receive, self._addresses[1])
        return np.asarray(self.receive)[: nbytes // BEAT_BYTES]

    def sent(self) -> Beats:
        """A copy of what was to be sent, uint64."""
        return np.array(self.send[: self.send_bytes // BEAT_BYTES], dtype=np.uint64, subok=False)


@dataclass
class Flight:
    """A program that was started.

    Attributes:
        attempt: the program.
        buffers: where it is, and where its results go; another program must not use them before these are taken.
        expired: says when it has taken too long.
        start: when it was started, on the device's clock.
        received: bytes of its results, once it has ended.
        seconds: from the start of the send to the end of the receive, likewise.
        counters: likewise.
    """

    attempt: Attempt
    buffers: Buffers
    expired: Callable[[], bool] = field(repr=False)
    start: float
    received: int | None = None
    seconds: float = 0.0
    counters: Counters | None = None

    @property
    def ended(self) -> bool:
        """Whether its results have been received."""
        return self.received is not None
