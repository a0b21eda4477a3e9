"""Takes devices' answers, and says which shards are done, which run again, and who is left out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tilewright.farm.device import Computed
from tilewright.farm.expected import Expected
from tilewright.farm.plan import Plan
from tilewright.farm.record import Judged
from tilewright.farm.shards import Shard
from tilewright.farm.verdict import Given, judged

# A worker whose device fails so often is left out
FAILURES = 2


@dataclass(frozen=True)
class Decision:
    """What follows from an answer.

    Attributes:
        judged: the shard's line of the record; None where it must run again.
        computed: the answer that was taken.
    """

    judged: Judged | None = None
    computed: Computed | None = None


class Judge:
    """Judges answers; a worker's own word counts for nothing.

    Args:
        plan: the run.
        expected: the reference's integers.

    Attributes:
        left_out: workers that get no more shards, and why.
    """

    def __init__(self, plan: Plan, expected: Expected) -> None:
        self._plan, self._expected = plan, expected
        self._answers: dict[int, list[tuple[str, Computed]]] = {}
        self._failed: dict[int, set[str]] = {}
        self._failures: dict[str, int] = {}
        self.left_out: dict[str, str] = {}

    def asked(self, shard: Shard) -> set[str]:
        """Workers that have run a shard, or failed to."""
        answered = {worker for worker, _ in self._answers.get(shard.index, [])}
        return answered | self._failed.get(shard.index, set())

    def failed(self, shard: Shard, worker: str, failure: str) -> None:
        """Takes note that a worker's device failed: others try the shard, and who fails twice is left out."""
        self._failed.setdefault(shard.index, set()).add(worker)
        self._failures[worker] = self._failures.get(worker, 0) + 1
        if self._failures[worker] >= FAILURES:
            self.left_out[worker] = f"failed {FAILURES} times, at last with {failure}"

    def take(self, shard: Shard, worker: str, computed: Computed, workers: Collection[str]) -> Decision:
        """Judges an answer.

        Args:
            shard: that was computed.
            worker: who says so.
            computed: what it says.
            workers: all that are there and not left out.

        Raises:
            TilewrightError: the reference failed.
        """
        foreign = self._foreign(shard, computed)
        if foreign is not None:
            self.left_out[worker] = foreign
            return Decision()
        answers = self._answers.setdefault(shard.index, [])
        answers.append((worker, computed))
        expected = self._expected.of(shard)
        given = [Given(name, each.integers) for name, each in answers]
        verdict = judged(expected, given, bool(set(workers) - self.asked(shard)))
        self.left_out |= {name: f"{shard}: {reason}" for name, reason in verdict.liars.items()}
        if verdict.taken is None:
            if verdict.liars:
                del self._answers[shard.index]
            return Decision()
        name, taken = answers[verdict.taken]
        del self._answers[shard.index]
        differing = taken.integers.differing_images(expected) if verdict.differs else []
        return Decision(_line(shard, name, taken, differing), taken)

    def _foreign(self, shard: Shard, computed: Computed) -> str | None:
        """Why an answer is none to this run: of other hardware, images or layers; None where it is one."""
        found = computed.integers
        sizes = {len(found.digests), len(found.predictions)}
        if sizes != {shard.images} or any(len(image) != len(self._plan.layers) for image in found.digests):
            return f"its answer to {shard} is of other images or layers"
        hardware = self._plan.hardware
        rtl = int(hardware["rtl_sha256"][:8], 16)
        if computed.build_hash != rtl:
            return f"its hardware is of other RTL: BUILD_HASH {computed.build_hash:#010x}, this library's {rtl:#010x}"
        n, wanted = computed.array.n, hardware.get("array")
        if wanted not in (None, n):
            return f"its array is {n}x{n}, the run's {wanted}x{wanted}"
        return None


def _line(shard: Shard, worker: str, taken: Computed, differing: list[int]) -> Judged:
    return Judged(
        shard=shard.index,
        worker=worker,
        predictions=list(taken.integers.predictions),
        sha256=taken.integers.sha256,
        counters=taken.counters,
        array=taken.array.n,
        seconds=round(taken.seconds, 3),
        differing=differing,
    )
