"""Thresholds in plain Python, as docs/program_format.md has them: random channels, their beats, the code of a sum."""

import random
from dataclasses import dataclass

COUNT, THR_W = 15, 21
LOWEST, HIGHEST = -(1 << THR_W - 1), (1 << THR_W - 1) - 1
# The thresholds (t1 is 1) in each beat of a channel, from the lowest bits up.
BEATS = ((1, 2, 3), (5, 6, 7), (9, 10, 11), (13, 14, 15), (4, 8, 12))


@dataclass(frozen=True)
class Channel:
    """Thresholds t1 to t15, ascending, and whether the code falls as the sum grows."""

    thresholds: tuple[int, ...]
    falls: bool

    def code(self, total: int) -> int:
        met = -total - 1 if self.falls else total
        return sum(threshold <= met for threshold in self.thresholds)

    def beats(self) -> list[int]:
        mask = (1 << THR_W) - 1
        words = [sum((self.thresholds[t - 1] & mask) << THR_W * i for i, t in enumerate(beat)) for beat in BEATS]
        words[-1] |= self.falls << 63
        return words

    def near_sum(self, rng: random.Random) -> int:
        """A sum at a threshold or beside it."""
        met = rng.choice(self.thresholds) + rng.choice((-1, 0, 0, 1))
        return -met - 1 if self.falls else met


def random_channel(rng: random.Random) -> Channel:
    """Thresholds that lie close (many are equal), far apart, or at the ends of what they can hold."""
    low, high = rng.choice([(-6, 6), (-500, 800), (LOWEST, HIGHEST), (HIGHEST - 3, HIGHEST), (LOWEST, LOWEST + 3)])
    return Channel(tuple(sorted(rng.randint(low, high) for _ in range(COUNT))), bool(rng.randrange(2)))
