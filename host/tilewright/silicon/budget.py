"""Which configuration a part has room for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.hardware.parameters import ARRAY_SIZES
from tilewright.silicon.area import Area, AreaModel
from tilewright.silicon.configuration import Configuration, widths_of
from tilewright.silicon.kinds import Figure
from tilewright.silicon.parts import Part

# LUTs that AMD's DMA, interconnects and interrupt controller of a board's design take, about
OTHER_LUTS = 5_000
# Share of a part that the design may take: beyond it tools place and route badly. Of DSPs 200 of an xc7z020's 220
LIMITS = {"lut": 0.80, "ff": 0.80, "dsp": 200 / 220, "block_ram": 0.85, "ultra_ram": 0.85}


@dataclass(frozen=True)
class Share:
    """What a design takes of a resource of a part.

    Attributes:
        taken: how many.
        of: how many the part has.
        limit: the share of them that it may take.
    """

    taken: Figure
    of: int
    limit: float

    @property
    def share(self) -> float:
        """Of the part; 0 where both have none."""
        return self.taken.value / self.of if self.of else (0.0 if self.taken.value == 0 else float("inf"))

    @property
    def fits(self) -> bool:
        """Whether it is within its limit."""
        return self.taken.value <= self.limit * self.of + 1e-9


@dataclass(frozen=True)
class Design:
    """A configuration on a part, with AMD's IPs beside it.

    Attributes:
        part: the device.
        build: the configuration.
        shares: by resource.
    """

    part: Part
    build: Configuration
    shares: dict[str, Share]

    @property
    def fits(self) -> bool:
        """Whether every resource is within its limit."""
        return all(share.fits for share in self.shares.values())

    @property
    def too_much(self) -> str:
        """What does not fit, for people; empty if all does."""
        return ", ".join(
            f"{name} {share.taken.value:,.0f} of {share.of:,}" for name, share in self.shares.items() if not share.fits
        )


def design(area: AreaModel, part: Part, build: Configuration) -> Design:
    """A configuration on a part; the activation memory moves to UltraRAM where block RAM does not hold it."""
    found = _design(part, build, area.area(build, part))
    if not found.shares["block_ram"].fits and part.ultra_ram:
        return _design(part, build, area.area(build, part, in_ultra_ram=True))
    return found


def _design(part: Part, build: Configuration, area: Area) -> Design:
    lut = Figure(area.lut.value + OTHER_LUTS, area.lut.kind)
    taken = {"lut": lut, **{name: getattr(area, name) for name in LIMITS if name != "lut"}}
    return Design(part, build, {name: Share(taken[name], getattr(part, name), LIMITS[name]) for name in LIMITS})


def most_dsp_columns(part: Part, n: int) -> int:
    """Columns of DSPs that a part has room for, of an array: all that it can have, because each saves LUTs."""
    return min(n, int(LIMITS["dsp"] * part.dsp + 1e-9) // (n // 2) // 2 * 2)


def candidates(part: Part) -> Iterator[Configuration]:
    """Configurations to try on a part: the largest array first, then the widest stream."""
    for n in sorted(ARRAY_SIZES, reverse=True):
        yield from (Configuration(n, most_dsp_columns(part, n), width) for width in widths_of(n))


@dataclass(frozen=True)
class Choice:
    """The largest design that fits a part.

    Attributes:
        part: the device.
        design: the design; None if nothing fits.
        refused: larger ones that were tried.
    """

    part: Part
    design: Design | None
    refused: tuple[Design, ...]


def largest(area: AreaModel, part: Part) -> Choice:
    """The largest array that fits a part, with as many columns of DSPs and as wide a stream as fit.

    Args:
        area: what configurations take.
        part: the device.
    """
    refused: list[Design] = []
    for build in candidates(part):
        tried = design(area, part, build)
        if tried.fits:
            return Choice(part, tried, tuple(refused))
        refused.append(tried)
    return Choice(part, None, tuple(refused))
