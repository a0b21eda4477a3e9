"""One combination of board, configuration and batch, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from tilewright.explore.cycles import Work
from tilewright.explore.space import Place
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.silicon.budget import Design
from tilewright.silicon.configuration import Configuration
from tilewright.silicon.kinds import Figure, Kind, weakest

# A multiplication and the addition behind it
OPERATIONS_A_MAC = 2
OPERATION = (
    "a multiplication or an addition of the network's layers on the array: two for each multiplication with a true "
    "channel, padding included, one with the 8-bit image counted once; what the host computes is not counted"
)


class Outcome(str, Enum):
    """What comes of a combination."""

    FITS = "fits"
    TOO_LARGE = "does not fit the part"
    REFUSED = "refused"


@dataclass(frozen=True)
class Point:
    """A combination.

    Attributes:
        place: the board.
        build: the configuration.
        batch: images a program.
        reason: why it is refused; empty if it is not.
        design: the configuration on the board's part; None where there is no such hardware.
        work: the batch on it; None where it is refused.
        static_clock: MHz of the static report; None where there is no such hardware.
        assumed_mhz: a clock that is assumed instead; None takes the static report's.
    """

    place: Place
    build: Configuration
    batch: int
    reason: str = ""
    design: Design | None = None
    work: Work | None = None
    static_clock: Figure | None = None
    assumed_mhz: float | None = None

    @property
    def outcome(self) -> Outcome:
        """What comes of it."""
        if self.work is None or self.design is None:
            return Outcome.REFUSED
        return Outcome.FITS if self.design.fits else Outcome.TOO_LARGE

    @property
    def why(self) -> str:
        """Why it is none to build, for people; empty if it fits."""
        return self.reason or (self.design.too_much if self.design is not None else "")

    @property
    def fullness(self) -> float:
        """The fullest resource, as a share of what may be taken of it: up to 1 the design fits."""
        if self.design is None:
            return float("inf")
        return max(share.share / share.limit for share in self.design.shares.values())

    @property
    def size(self) -> tuple[float, float, int]:
        """By which designs are compared: the fullest resource, then LUTs, then the batch, which costs latency."""
        lut = self.design.shares["lut"].share if self.design else float("inf")
        return self.fullness, lut, self.batch

    @property
    def clock(self) -> Figure:
        """MHz that speeds are of.

        Raises:
            ValueError: it is refused.
        """
        if self.static_clock is None:
            raise ValueError("there is no such hardware")
        return self.static_clock if self.assumed_mhz is None else Figure(self.assumed_mhz, Kind.ESTIMATED)

    def images_per_second(self, clock: Figure | None = None) -> Figure:
        """Programs without a gap between them, a memory that never stalls; 0 of what is refused.

        Args:
            clock: MHz; None takes :attr:`clock`.
        """
        if self.work is None:
            return Figure(0.0, Kind.ESTIMATED)
        at = clock or self.clock
        return Figure(self.work.speed.images_per_second(at.value), weakest(Kind.ESTIMATED, at.kind))

    def giga_operations_per_second(self, clock: Figure | None = None) -> Figure:
        """GOPS of the network's own work at that speed; :data:`OPERATION` says what counts."""
        speed = self.images_per_second(clock)
        macs = self.work.speed.macs / self.batch if self.work else 0.0
        return Figure(speed.value * macs * OPERATIONS_A_MAC / 1e9, speed.kind)

    @property
    def activation_kib(self) -> float:
        """Size of the activation memory."""
        array = self.build.hardware().array
        return array.n * array.act_w * array.act_depth / 8192

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        facts: dict[str, Any] = {
            "board": self.place.name,
            "part": self.place.part.name,
            "array": self.build.n,
            "dsp_columns": self.build.dsp_columns,
            "stream_w": self.build.stream_w,
            "batch": self.batch,
            "outcome": self.outcome.value,
            "reason": self.why,
        }
        if self.design is not None and self.static_clock is not None:
            facts |= {
                "resources": {
                    name: {"taken": share.taken.as_dict(), "of": share.of, "share": share.share, "limit": share.limit}
                    for name, share in self.design.shares.items()
                    if share.of
                },
                "activation_memory_kib": self.activation_kib,
                "static_clock_mhz": self.static_clock.as_dict(),
            }
        return facts | self._work_as_dict()

    def _work_as_dict(self) -> dict[str, Any]:
        if self.work is None or self.static_clock is None:
            return {}
        speed, assumed = self.work.speed, self.assumed_mhz or DEFAULT_CLOCK_MHZ
        return {
            "program_cycles": speed.program_cycles,
            "program_cycles_kind": Kind.ESTIMATED.value,
            "program_utilisation": speed.program_utilisation,
            "macs": speed.macs,
            "activation_words": self.build.hardware().array.act_depth,
            "activation_words_used": Figure(self.work.memory_words, Kind.ESTIMATED).as_dict(),
            "assumed_clock_mhz": assumed,
            **self._speeds_as_dict("assumed", Figure(assumed, Kind.ESTIMATED)),
            **self._speeds_as_dict("static", self.static_clock),
        }

    def _speeds_as_dict(self, which: str, clock: Figure) -> dict[str, Any]:
        assert self.work is not None
        speed = self.images_per_second(clock)
        return {
            f"images_per_s_at_{which}_clock": speed.as_dict(),
            f"gops_at_{which}_clock": self.giga_operations_per_second(clock).as_dict(),
            f"program_ms_at_{which}_clock": Figure(1e3 * self.batch / speed.value, speed.kind).as_dict(),
            f"memory_mb_per_s_at_{which}_clock": Figure(
                self.work.speed.megabytes_per_second(clock.value), speed.kind
            ).as_dict(),
        }
