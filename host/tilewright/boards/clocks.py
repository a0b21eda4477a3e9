"""The clock that a board's PLL and divisors make: one arithmetic for Tcl, .hwh and driver."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tilewright.boards.board import Board
from tilewright.boards.families import ZYNQ_7000, Family
from tilewright.errors import ParameterError

# A PLL's clock is known to six digits, so a divisor counts as exact within this
TOLERANCE = 1e-4


@dataclass(frozen=True)
class PlClock:
    """A clock of the PL.

    Attributes:
        index: among the PL's clocks.
        pll: name of its PLL.
        multiplier: of the crystal's clock.
        halved: whether the PLL's clock is halved.
        crystal_mhz: of the board.
        divisor0, divisor1: between PLL and PL.
    """

    index: int
    pll: str
    multiplier: int
    halved: bool
    crystal_mhz: float
    divisor0: int
    divisor1: int

    @property
    def pll_mhz(self) -> float:
        """The PLL's frequency."""
        return self.crystal_mhz * self.multiplier / (2 if self.halved else 1)

    @property
    def mhz(self) -> float:
        """The clock's frequency."""
        return self.pll_mhz / (self.divisor0 * self.divisor1)


def pl_clock(board: Board, mhz: float, index: int = 0) -> PlClock:
    """The fastest clock that is no faster than asked for.

    Args:
        board: its PLL and crystal.
        mhz: what is asked for.
        index: of the PL's clocks.

    Raises:
        ParameterError: no divisors make such a clock; says from where to where they do.
    """
    pll = board.clock.plls[board.clock.pll]
    source = board.clock.crystal_mhz * pll.multiplier / (2 if pll.halved else 1)
    most = board.kind.divisor_most
    least_mhz, limit = source / most**2, board.kind.clock_limit_mhz
    if not least_mhz <= mhz <= limit:
        raise ParameterError(f"{board.title}: no clock of {mhz:g} MHz; {least_mhz:.3f} to {limit:g} MHz can be assumed")
    divisor = max(1, math.ceil(source / mhz - TOLERANCE))
    while (pair := split(board.kind, divisor)) is None:
        divisor += 1
    return PlClock(index, board.clock.pll, pll.multiplier, pll.halved, board.clock.crystal_mhz, *pair)


def asked_mhz(clock: PlClock) -> str:
    """What Vivado is asked for: the frequency rounded up to kHz, so that the nearest and the next below are it."""
    return f"{math.ceil(clock.mhz * 1000 - 1e-6) / 1000:g}"


def split(family: Family, divisor: int) -> tuple[int, int] | None:
    """The two divisors that Vivado makes of one, None where there are none.

    Zynq-7000: as near to each other as can be (5 x 2, 7 x 1, 4 x 4 in Vivado-made designs); Zynq UltraScale+: the first
    alone while it holds it (15 x 1). The product is the clock; the split only shows in the .hwh.

    Args:
        family: of the processing system.
        divisor: the product.
    """
    if family is not ZYNQ_7000 and divisor <= family.divisor_most:
        return divisor, 1
    for second in range(math.isqrt(divisor), 0, -1):
        if divisor % second == 0 and divisor // second <= family.divisor_most:
            return divisor // second, second
    return None
