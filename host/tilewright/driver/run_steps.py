"""The steps of a run on the accelerator, timed apart."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import Enum


class RunStep(str, Enum):
    """What the host does for a program, in this order; several batches' steps take turns.

    COMPILE: network or layer to commands, once for each size of batch.
    PACK: images into beats, and what changed into the send buffer.
    COPY: zeros into the receive buffer, flushes, both transfers started.
    EXECUTE: until both transfers have ended: what is left of it once the host is ready.
    COPY_BACK: caches invalidated, results out of the receive buffer.
    UNPACK: results checked, taken apart and put together; the host's last layers.
    """

    COMPILE = "compile"
    PACK = "pack"
    COPY = "copy"
    EXECUTE = "execute"
    COPY_BACK = "copy_back"
    UNPACK = "unpack"


Steps = Callable[[RunStep], AbstractContextManager[None]]


_NOTHING = nullcontext()


def untimed(step: RunStep) -> AbstractContextManager[None]:
    """Measures nothing."""
    del step
    return _NOTHING


class StepTimes:
    """Times each step of each program on the wall clock: ``with times(RunStep.PACK): ...``.

    A step that follows itself goes on: what it takes in parts counts as one.
    """

    def __init__(self) -> None:
        self._seconds: defaultdict[RunStep, list[float]] = defaultdict(list)
        self._last: RunStep | None = None

    @contextmanager
    def __call__(self, step: RunStep) -> Iterator[None]:
        """Times what is done inside."""
        start = time.perf_counter()
        try:
            yield
        finally:
            taken = time.perf_counter() - start
            if step is self._last:
                self._seconds[step][-1] += taken
            else:
                self._seconds[step].append(taken)
            self._last = step

    def take(self) -> dict[RunStep, list[float]]:
        """Seconds by step since the last call, one for each program."""
        taken, self._seconds, self._last = dict(self._seconds), defaultdict(list), None
        return taken
