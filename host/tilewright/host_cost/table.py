"""The share of the accelerator's time that its processor takes, board by board.

Of the batches that are as fast on the accelerator, the best is the one that takes the smallest share: the accelerator
waits for none of them, and nothing else tells them apart but memory and latency.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tilewright.errors import HostCostError
from tilewright.hardware.assumed_clock import DEFAULT_CLOCK_MHZ
from tilewright.hardware.parameters import ArrayParameters
from tilewright.host_cost.callgrind import count, find_valgrind
from tilewright.host_cost.processors import CORTEX_A9, CORTEX_A53, Counted, Processor
from tilewright.network.file import load_network
from tilewright.network.network import Network
from tilewright.silicon.area import AreaModel
from tilewright.silicon.budget import largest
from tilewright.silicon.clock import ClockModel
from tilewright.silicon.parts import Family, Part, all_parts
from tilewright.silicon.points import committed
from tilewright.silicon.speed import BATCHES, Speed, as_fast, speeds

# Of the accelerator's time, at most
GOAL = 0.3


@dataclass(frozen=True)
class Row:
    """A part, its largest array at its best batch.

    Attributes:
        part: the part.
        speed: of the array and the batch, a memory that never stalls.
        clock_mhz: of the static report, estimated or extrapolated: as fast as the array may become.
        processor: beside it.
        counted: what a batch costs it.
        others: the rows of the other batches that are as fast, ascending.
    """

    part: Part
    speed: Speed
    clock_mhz: float
    processor: Processor
    counted: Counted
    others: tuple[Row, ...] = ()

    def share(self, clock_mhz: float) -> float:
        """Of the accelerator's time at a clock."""
        return self.processor.seconds(self.counted) / (self.speed.program_cycles / (clock_mhz * 1e6))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "part": self.part.name,
            "boards": list(self.part.boards),
            "processor": self.processor.name,
            "array": self.speed.build.n,
            "batch": self.speed.batch,
            "program_cycles": self.speed.program_cycles,
            **{name: round(value) for name, value in asdict(self.counted).items()},
            "bytes_moved": round(self.processor.bytes_moved(self.counted)),
            "host_s": self.processor.seconds(self.counted),
            "static_clock_mhz": self.clock_mhz,
            "share_at_static_clock": self.share(self.clock_mhz),
            "assumed_clock_mhz": DEFAULT_CLOCK_MHZ,
            "share_at_assumed_clock": self.share(DEFAULT_CLOCK_MHZ),
            "reached": self.share(self.clock_mhz) <= GOAL,
            "others_at_static_clock": {row.speed.batch: row.share(self.clock_mhz) for row in self.others},
        }


def processor_of(part: Part) -> Processor:
    """The core beside a part's logic."""
    return CORTEX_A9 if part.family is Family.SERIES_7 else CORTEX_A53


def host_costs(
    network_file: str | Path,
    parts: Sequence[str] = (),
    batches: int = 8,
    tried: Sequence[int] = BATCHES,
    step: Callable[[str], None] = lambda what: None,
) -> list[Row]:
    """What the processor of every part does for a network on its largest array at its best batch.

    Args:
        network_file: the network.
        parts: their names; none: all.
        batches: to count.
        tried: batches to choose the best of, ascending.
        step: called with what begins.

    Raises:
        HostCostError: nothing can be counted, or there is no such part.
        CompileError: an image does not fit an array.
    """
    find_valgrind()
    network = load_network(network_file)
    points = committed()
    area, clocks = AreaModel(points.areas), ClockModel(points.timing)
    unknown = [name for name in parts if name not in all_parts()]
    if unknown:
        raise HostCostError(f"no part {unknown[0]}, but {', '.join(all_parts())}")
    found: dict[tuple[ArrayParameters, int, str], Counted] = {}
    rows = []
    for part in all_parts().values():
        choice = largest(area, part)
        if choice.design is None or (parts and part.name not in parts):
            continue
        step(f"{part.name}: the fastest batches")
        build, processor = choice.design.build, processor_of(part)
        array, clock = build.hardware().array, clocks.mhz(build, part).value
        candidates = []
        for speed in as_fast(speeds(network, build, tried)):
            key = (array, speed.batch, processor.name)
            if key not in found:
                step(f"{processor.name}: a batch of {speed.batch} for {array.n}x{array.n}")
                found[key] = count(network_file, array, speed.batch, processor, batches)
            candidates.append(Row(part, speed, clock, processor, found[key]))
        rows.append(best_row(candidates))
    return rows


def best_row(candidates: Sequence[Row]) -> Row:
    """The row with the smallest share, the others behind it.

    Args:
        candidates: rows of one part, by batch, ascending.
    """
    best = min(candidates, key=lambda row: row.share(row.clock_mhz))
    return replace(best, others=tuple(row for row in candidates if row is not best))


def as_dict(network: Network, rows: Sequence[Row]) -> dict[str, Any]:
    """For JSON, the model with it."""
    processors = {row.processor.name: row.processor.as_dict() for row in rows}
    return {
        "network": network.name,
        "goal": GOAL,
        "reached": all(row.as_dict()["reached"] for row in rows),
        "hardware": "nothing has run on hardware",
        "processors": processors,
        "boards": [row.as_dict() for row in rows],
    }
