"""How a run is done."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.pytorch.golden_integers import Reference


@dataclass(frozen=True)
class FarmOptions:
    """What does not change a run's results.

    Attributes:
        minutes: after which no shard is handed out; None takes all the time it needs.
        patience: seconds to wait for a worker where there is none.
        reference: what is compared with; None takes PyTorch where it is installed, else numpy's integer network.
    """

    minutes: float | None = None
    patience: float = 60.0
    reference: Reference | None = None
