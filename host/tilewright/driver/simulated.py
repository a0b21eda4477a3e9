"""What the simulated device offers beyond a board: its clock, its seed, and a look inside."""

from __future__ import annotations

from typing import Any, Protocol, cast

SIMULATED = "SIMULATED"


class SimulatedDevice(Protocol):
    """A pynq device that says it has the capability ``SIMULATED``.

    Attributes:
        seed: of its stalls, and of all that no reset sets.
        stall_probability: that a cycle of its memory brings no beat.
        stall_state: of the stalls' random generators: with it, another device repeats a program cycle by cycle.
    """

    seed: int
    stall_probability: float
    stall_state: tuple[int, int]

    @property
    def cycles(self) -> int:
        """Clock cycles since the overlay was loaded."""

    @property
    def streams(self) -> Any:
        """A dataclass: what has moved on the streams between DMA and accelerator."""

    def monotonic(self) -> float:
        """Return its seconds, as ``time.monotonic`` returns real ones."""


def simulated(device: Any) -> SimulatedDevice | None:
    """What a simulated device of this process offers.

    Args:
        device: a pynq device.

    Returns:
        The device; None for a board, under this Python or far away.
    """
    return cast(SimulatedDevice, device) if device.has_capability(SIMULATED) else None
