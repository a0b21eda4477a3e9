"""Images a second of VGG16 by array, as docs/results has them: cycles that were counted, at an assumed clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import ParameterError
from tilewright.silicon.kinds import Kind

NETWORK = "VGG16"


@dataclass(frozen=True)
class Rate:
    """An array's rate.

    Attributes:
        n: rows and columns.
        batch: images a program.
        cycles_an_image: of the programs.
        source: what gave the cycles.
    """

    n: int
    batch: int
    cycles_an_image: float
    source: str

    def images_per_second(self, assumed_mhz: float) -> float:
        """At an assumed clock, a host that is never late."""
        return assumed_mhz * 1e6 / self.cycles_an_image


def read_rates(results: str | Path) -> Mapping[int, Rate]:
    """The rates by array: of whole runs in simulation, and of the table of boards where there is no run.

    Args:
        results: the folder docs/results.

    Raises:
        ParameterError: a file is missing or has another form.
    """
    results = Path(results)
    try:
        rates = {}
        for board in json.loads((results / "boards.json").read_text(encoding="utf-8"))["result"]["boards"]:
            best = board.get("best_batch")
            if best is not None:
                cycles = best["program_cycles"] / best["batch"]
                rates[best["array"]] = Rate(
                    best["array"], best["batch"], cycles, Kind(best["program_cycles_kind"]).value
                )
        for file in sorted(results.glob("vgg16_*x*.json")):
            run = json.loads(file.read_text(encoding="utf-8"))["result"]
            cycles = run["program_cycles"] / run["images"]
            rates[run["array"]] = Rate(run["array"], run["batch"], cycles, "counted in simulation")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ParameterError(f"{results}: {error}") from error
    return dict(sorted(rates.items()))
