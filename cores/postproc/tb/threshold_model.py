"""Thresholds in plain Python, as docs/program_format.md has them: random channels, their beats, the code of a sum."""

import random
from dataclasses import dataclass

COUNT, THR_W = 15, 28
LOWEST, HIGHEST = -(1 << THR_W - 1), (1 << THR_W - 1) - 1
# The two thresholds (t1 is 1) in each beat of a channel, the lower bits first; t12 is spread over all beats.
BEATS = ((1, 2), (3, 5), (6, 7), (9, 10), (11, 13), (14, 15), (4, 8))
SPREAD, PIECE_LOW, PIECE_W = 12, 56, 4
# The three thresholds that a column gets at once, and those that it gets one by one
GROUPS = ((1, 2, 3), (5, 6, 7), (9, 10, 11), (13, 14, 15))
FOURS = (4, 8, 12)


@dataclass(frozen=True)
class Channel:
    """Thresholds t1 to t15, ascending, and whether the code falls as the sum grows."""

    thresholds: tuple[int, ...]
    falls: bool

    def code(self, total: int) -> int:
        met = -total - 1 if self.falls else total
        return sum(threshold <= met for threshold in self.thresholds)

    def bits(self, number: int) -> int:
        """Two's complement of t`number`."""
        return self.thresholds[number - 1] & ((1 << THR_W) - 1)

    def beats(self) -> list[int]:
        """The channel as a program has it."""
        words = [self.bits(low) | self.bits(high) << THR_W for low, high in BEATS]
        for index in range(len(words)):
            words[index] |= (self.bits(SPREAD) >> PIECE_W * index & ((1 << PIECE_W) - 1)) << PIECE_LOW
        words[-1] |= self.falls << 63
        return words

    def parts(self) -> list[int]:
        """The channel as its column gets it: the groups, then the fours."""
        groups = [sum(self.bits(number) << THR_W * i for i, number in enumerate(group)) for group in GROUPS]
        return groups + [self.bits(number) | self.falls << THR_W for number in FOURS]

    def near_sum(self, rng: random.Random, acc_w: int) -> int:
        """A sum of acc_w bits at a threshold or beside it, or one that differs from there in one bit."""
        met = rng.choice(self.thresholds)
        if rng.random() < 0.3:
            met ^= 1 << rng.randrange(acc_w - 1)
        return self.sum_of(met + rng.choice((-1, 0, 0, 1)), acc_w)

    def sum_of(self, met: int, acc_w: int) -> int:
        """The sum of acc_w bits, or the nearest to it, that the thresholds meet as `met`."""
        limit = 1 << acc_w - 1
        met = min(max(met, -limit), limit - 1)
        return -met - 1 if self.falls else met


def random_channel(rng: random.Random) -> Channel:
    """Thresholds that lie close (many are equal), far apart, of 21 bits, or at the ends of what they can hold."""
    old = 1 << 20
    low, high = rng.choice(
        [(-6, 6), (-500, 800), (-old - 3, old + 2), (LOWEST, HIGHEST), (HIGHEST - 3, HIGHEST), (LOWEST, LOWEST + 3)]
    )
    return Channel(tuple(sorted(rng.randint(low, high) for _ in range(COUNT))), bool(rng.randrange(2)))
