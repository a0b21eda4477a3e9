"""The steps of a run on the accelerator, timed apart."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import Enum


class RunStep(str, Enum):
    """What the host does for a program, in order.

    COMPILE: network or layer to commands, once for each size of batch.
    PACK: images into beats.
    COPY: beats that changed into the send buffer, zeros into the receive buffer, flushes, both transfers started.
    EXECUTE: until both transfers have ended.
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


def untimed(step: RunStep) -> AbstractContextManager[None]:
    """Measures nothing."""
    del step
    return nullcontext()


class StepTimes:
    """Adds up the wall-clock seconds of each step: ``with times(RunStep.PACK): ...``."""

    def __init__(self) -> None:
        self._seconds: defaultdict[RunStep, float] = defaultdict(float)

    @contextmanager
    def __call__(self, step: RunStep) -> Iterator[None]:
        """Times what is done inside."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[step] += time.perf_counter() - start

    def take(self) -> dict[RunStep, float]:
        """Seconds by step since the last call."""
        taken, self._seconds = dict(self._seconds), defaultdict(float)
        return taken
