"""Fitting a run into a given time."""

import time

#: steps left out of the timing, since the first ones compile
UNTIMED_STEPS = 10


class Clock:
    """Fits the number of epochs to the time: how many remain, and when to stop at the latest."""

    def __init__(self, minutes: float | None) -> None:
        self.start = time.monotonic()
        self.deadline = self.start + 60 * minutes if minutes else None
        self.epoch_seconds: float | None = None
        self.evaluation_seconds = 0.0
        self._timed_from = self.start

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    def left(self) -> float:
        """Seconds for training, after keeping time for saving and two evaluations; endless without a deadline."""
        if self.deadline is None:
            return float("inf")
        return self.deadline - time.monotonic() - 5 - 2 * self.evaluation_seconds

    def step(self, number: int) -> None:
        """Step ``number`` (0, 1, ...) of an epoch begins."""
        if number <= UNTIMED_STEPS:
            self._timed_from = time.monotonic()

    def epoch(self, steps: int) -> None:
        """An epoch of ``steps`` steps has ended."""
        timed = steps - min(UNTIMED_STEPS, steps - 1)
        self.epoch_seconds = (time.monotonic() - self._timed_from) * steps / max(1, timed)

    def epochs_left(self, planned: int) -> int:
        """Epochs that still fit (at least 1), or ``planned`` while no epoch has been timed or there is no deadline."""
        if self.deadline is None or self.epoch_seconds is None:
            return max(1, planned)
        return max(1, int(self.left() / self.epoch_seconds))
