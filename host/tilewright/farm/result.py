"""What came of a run: the same whichever worker ran which shard, and in whatever order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from tilewright.farm.device import COUNTED
from tilewright.farm.plan import Plan
from tilewright.farm.record import Judged


@dataclass(frozen=True)
class FarmResult:
    """A run, as far as it has come.

    Attributes:
        plan: the run.
        shards: that have been judged, in the images' order.
        reference: what the integers were compared with, in words.
        left_out: workers that were left out, and why.
        seconds: of this computer's clock, of this part of the run.
        images_now: judged in this part of the run.
    """

    plan: Plan
    shards: list[Judged]
    reference: str
    left_out: dict[str, str]
    seconds: float
    images_now: int

    @property
    def images(self) -> int:
        """Images that have been judged."""
        return sum(len(shard.predictions) for shard in self.shards)

    @property
    def complete(self) -> bool:
        """Whether these are all."""
        return len(self.shards) == len(self.plan.shards)

    @property
    def differing(self) -> int:
        """Images of which an integer or the class differs from the reference's."""
        return sum(len(shard.differing) for shard in self.shards)

    @property
    def correct(self) -> int | None:
        """Images whose class is their label; None where a label is unknown."""
        spans = [(self.plan.shards[shard.shard].span, shard.predictions) for shard in self.shards]
        labels = np.concatenate([self.plan.images.labels[span] for span, _ in spans]) if spans else np.zeros(0)
        predictions = np.concatenate([best for _, best in spans]) if spans else np.zeros(0)
        return None if (labels < 0).any() else int((labels == predictions).sum())

    @property
    def cycles(self) -> int:
        """Of all programs, from the first beat in to the last beat out."""
        return sum(shard.counters["cycles"] for shard in self.shards)

    @property
    def utilisation(self) -> float:
        """Share of the arrays' multiplications that the network needed, 0..1, of the programs' cycles."""
        possible = sum(shard.array**2 * shard.counters["cycles"] for shard in self.shards)
        return self.plan.network.macs * self.images / possible if possible else 0.0

    @property
    def workers(self) -> dict[str, dict[str, float]]:
        """Shards, images and seconds of each worker whose answers were taken, by name."""
        found: dict[str, dict[str, float]] = {}
        for shard in self.shards:
            row = found.setdefault(shard.worker, {"shards": 0, "images": 0, "seconds": 0.0})
            row["shards"] += 1
            row["images"] += len(shard.predictions)
            row["seconds"] = round(row["seconds"] + shard.seconds, 3)
        return dict(sorted(found.items()))

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON types; ``this_images``, ``this_s``, ``images_per_s`` are of this part of the run alone."""
        total: Counter[str] = Counter()
        for shard in self.shards:
            total.update(shard.counters)
        correct, images = self.correct, self.images
        return {
            "complete": self.complete,
            "equal": self.differing == 0 if self.shards else None,
            "images": images,
            "of": len(self.plan.images.pixels),
            "compared": images * self.plan.integers,
            "images_differing": self.differing,
            "differences": [line for shard in self.shards for line in shard.differences],
            "reference": self.reference,
            "correct": correct,
            "accuracy": None if correct is None or not images else 100 * correct / images,
            "network": self.plan.network.name,
            "checkpoint_sha256": self.plan.network.checkpoint_sha256,
            "image_source": self.plan.images.source,
            "identity": self.plan.identity(),
            "macs": self.plan.network.macs * images,
            "program_cycles": total["cycles"],
            **{name: total[name] for name in COUNTED[1:]},
            "program_utilisation": self.utilisation,
            "workers": self.workers,
            "left_out": self.left_out,
            "this_images": self.images_now,
            "this_s": self.seconds,
            "images_per_s": self.images_now / self.seconds if self.seconds else 0.0,
        }
